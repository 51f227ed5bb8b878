/** The start of the process. Help and version come from ready text, before anything else is loaded (`process.ts`). */
import * as module from "node:module"
import * as v8 from "node:v8"
import { readyText } from "./help.ts"
import { endOnErrors } from "./outputErrors.ts"

interface Texts {
  readonly version: string
  /** The help of each command, made by the build (`build/helpTexts.ts`). Commands make the missing ones in ten times the time. */
  readonly helpTexts: Readonly<Record<string, string>>
}

/** Runs the command line of this process. */
export const start = (read: () => Texts): Promise<void> => run(read).catch(report)

/**
 * WebAssembly stays with V8's baseline compiler. The optimizing one takes 600 MB for one function of the embedded database,
 * and saves a seventh of its processor time (`docs/performance.md`). Hazard: V8 reads both when a module is compiled, so set
 * them before.
 */
const withoutTierUp = ["--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]

/** The space for new objects stays at 2 MB. It grew to 130 MB while a scan or publishing lasted, and was kept (`docs/performance.md`). */
const smallNewSpace = "--semi-space-growth-factor=1"

/** Garbage is collected when the heap has doubled. V8 let it grow by 70 MB while files were published (`docs/performance.md`). */
const smallHeap = "--heap-growing-percent=100"

const run = async (read: () => Texts): Promise<void> => {
  endOnErrors()
  const { helpTexts, version } = read()
  const args = process.argv.slice(2)
  const text = readyText(args, { texts: helpTexts, version })
  if (text !== undefined) {
    process.stdout.write(`${text}\n`)
    return
  }
  // Keeps compiled code between runs, in the system's directory for temporary files.
  module.enableCompileCache()
  for (const flag of [...withoutTierUp, smallNewSpace, smallHeap]) v8.setFlagsFromString(flag)
  const { run } = await import("./process.ts")
  run(args, version)
}

const report = (error: unknown): void => {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`Gitpip does not start: ${reason}. The installation may be incomplete; install it again\n`)
  process.exitCode = 1
}
