/** The start of the process. Help and version come from ready text, before anything else is loaded (`process.ts`). */
import { existsSync, readFileSync } from "node:fs"
import * as module from "node:module"
import { readyText } from "./help.ts"

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))

/** Made by the build (`build/helpTexts.ts`). Without the file, commands make the same texts in ten times the time. */
const helpTexts = (): Readonly<Record<string, string>> =>
  existsSync(new URL("helpTexts.json", import.meta.url))
    ? (readJson("helpTexts.json") as Readonly<Record<string, string>>)
    : {}

const start = async (): Promise<void> => {
  const { version } = readJson("../package.json") as { readonly version: string }
  const args = process.argv.slice(2)
  const text = readyText(args, { texts: helpTexts(), version })
  if (text !== undefined) {
    process.stdout.write(`${text}\n`)
    return
  }
  // Keeps compiled code between runs, in the system's directory for temporary files.
  module.enableCompileCache()
  const { run } = await import("./process.ts")
  run(args, version)
}

start().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`Gitpip does not start: ${reason}. The installation may be incomplete; install it again\n`)
  process.exitCode = 1
})
