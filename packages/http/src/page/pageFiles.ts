/**
 * The files of the page. Paths are right from `src` and from `dist`.
 *
 * Hazard: bundles have no such files beside them. `packages/cli/build/inlinePage.ts` puts the result in place of this module,
 * so that the module exports nothing else.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The text of a file, its name at the server, and its content type. */
export type PageFile = readonly [name: string, contentType: string, text: string]

const compiled = fileURLToPath(new URL("../../dist/client/", import.meta.url))
const style = fileURLToPath(new URL("../client/page.css", import.meta.url))

const script = "text/javascript; charset=utf-8"

/** The map is not served. */
const withoutMap = (text: string): string => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")

/** Style, Preact, and the compiled modules. */
export const pageFiles = (): ReadonlyArray<PageFile> => {
  const preact = dirname(createRequire(import.meta.url).resolve("preact/package.json"))
  const module = (name: string, path: string): PageFile => [name, script, withoutMap(readFileSync(path, "utf8"))]
  return [
    ["page.css", "text/css; charset=utf-8", readFileSync(style, "utf8")],
    module("preact.js", join(preact, "dist/preact.mjs")),
    module("jsx-runtime.js", join(preact, "jsx-runtime/dist/jsxRuntime.mjs")),
    ...readdirSync(compiled)
      .filter((file) => file.endsWith(".js"))
      .sort()
      .map((file) => module(file, join(compiled, file)))
  ]
}
