/** For bundles, in which nothing lies beside a module. */
import type { Plugin } from "rolldown"
import { pageFiles } from "../../http/dist/page/pageFiles.js"

/** The page's files come into the bundle in place of the module that reads them. */
export const inlinePage: Plugin = {
  name: "inline-page",
  load: (id) => (id.endsWith("pageFiles.js") ? `export const pageFiles = () => ${JSON.stringify(pageFiles())}` : null)
}

/** PGlite's `eval` and Effect's `import.meta.env` run in browsers alone. */
export const checks = { eval: false, emptyImportMeta: false } as const
