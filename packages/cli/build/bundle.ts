/**
 * Writes `dist/bundle`: the program in few files. A start from 640 modules takes three times the processor time. `bin/gitpip.js`
 * loads the bundle.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"
import { checks, inlinePage } from "./inlinePage.ts"

const dir = join(import.meta.dirname, "../dist/bundle")

rmSync(dir, { recursive: true, force: true })
const built = await rolldown({
  input: { gitpip: join(import.meta.dirname, "../binary/main.ts") },
  platform: "node",
  // PGlite reads files beside its module, and undici breaks in a bundle of modules.
  external: ["@electric-sql/pglite", "undici"],
  plugins: [inlinePage],
  checks
})
const { output } = await built.write({
  dir,
  format: "esm",
  chunkFileNames: "[name].js",
  sourcemap: true,
  sourcemapExcludeSources: true
})
await built.close()

/** Within the page. */
const preact = dirname(createRequire(join(import.meta.dirname, "../../http/")).resolve("preact/package.json"))

/** The folders of the packages whose code is in the bundle, with their licences, which ask to come along. */
const packages = new Set(
  output
    .flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
    .flatMap((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? [])
    .concat(preact)
)
const licenceOf = (folder: string): string => {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry))
  if (file === undefined) throw new Error(`${name} has no licence`)
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`
}
writeFileSync(
  join(dir, "LICENSES.txt"),
  [...packages]
    .sort()
    .map(licenceOf)
    .join(`\n${"-".repeat(80)}\n\n`)
)
