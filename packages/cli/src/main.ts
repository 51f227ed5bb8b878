/**
 * The process, as little of it as possible: help and version are answered from ready text, before anything else is
 * loaded; everything else is `process.ts`.
 */

import { readFileSync } from "node:fs"
import * as module from "node:module"
import { readyText } from "./help.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

const start = async (): Promise<void> => {
  if (major < 22 || (major === 22 && minor < 19)) {
    process.stderr.write(`Gitpip needs Node.js 22.19 or newer, and this is ${process.versions.node}. Update Node.js\n`)
    process.exitCode = 1
    return
  }
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string
  }
  const args = process.argv.slice(2)
  const text = readyText(args, version)
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
