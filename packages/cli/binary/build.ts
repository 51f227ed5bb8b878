/**
 * Makes the single executable of this machine: the Node.js that runs this script, with the program inside
 * (https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html).
 */
import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { inject } from "postject"
import { type Plugin, rolldown } from "rolldown"
import { checks, inlinePage } from "../build/inlinePage.ts"

const here = import.meta.dirname
const work = fileURLToPath(new URL("../../../node_modules/.cache/gitpip-binary", import.meta.url))
const pglite = dirname(createRequire(import.meta.url).resolve("@electric-sql/pglite"))
const executable = fileURLToPath(
  new URL(`../../../dist/gitpip${process.platform === "win32" ? ".exe" : ""}`, import.meta.url)
)

/** PGlite reads files beside itself, which become assets here. */
const withoutFiles: Plugin = {
  name: "without-files",
  resolveId: (source, importer = "") =>
    source === "@electric-sql/pglite" && importer.endsWith("embedded.js") ? join(here, "pglite.ts") : null
}

/** The program in one script. Node.js 24 runs it as CommonJS, and lets it import nothing but Node's own modules. */
const bundle = async (): Promise<string> => {
  const built = await rolldown({
    input: join(here, "main.ts"),
    platform: "node",
    plugins: [withoutFiles, inlinePage],
    checks
  })
  const file = join(work, "gitpip.cjs")
  await built.write({ file, format: "cjs", codeSplitting: false })
  await built.close()
  return file
}

/** Script and assets in the form that Node.js finds in itself. */
const pack = (main: string): Buffer => {
  const output = join(work, "gitpip.blob")
  const config = join(work, "config.json")
  const assets = ["pglite.data", "pglite.wasm", "initdb.wasm"].map((name) => [name, join(pglite, name)])
  writeFileSync(
    config,
    JSON.stringify({
      main,
      output,
      assets: Object.fromEntries(assets),
      // Adds 8 MB, and halves the time of `--version`.
      useCodeCache: true,
      disableExperimentalSEAWarning: true
    })
  )
  execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "pipe" })
  return readFileSync(output)
}

/** macOS runs no executable with a broken signature. The one of Node.js breaks here, so the executable gets its own. */
const codesign = (...args: ReadonlyArray<string>): void => {
  if (process.platform === "darwin") execFileSync("codesign", [...args, executable], { stdio: "inherit" })
}

mkdirSync(work, { recursive: true })
mkdirSync(dirname(executable), { recursive: true })
const content = pack(await bundle())
copyFileSync(process.execPath, executable)
chmodSync(executable, 0o755)
codesign("--remove-signature")
await inject(executable, "NODE_SEA_BLOB", content, {
  sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
  ...(process.platform === "darwin" ? { machoSegmentName: "NODE_SEA" } : {})
})
codesign("--sign", "-")
process.stdout.write(`${executable} (${Math.round(statSync(executable).size / 1_000_000)} MB)\n`)
