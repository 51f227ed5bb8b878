/** One command line as a process: its signals, its streams and its exit code. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Runtime } from "effect"
import { execute } from "./Cli.ts"
import { crash, exitCode, failureOf, textOf } from "./Failure.ts"
import { hiding } from "./Secrets.ts"
import * as SettingsFile from "./settingsFile.ts"
import { plain } from "./Text.ts"

/** Commands that run until they are stopped, which is success for them. */
const services = new Set(["serve", "demo"])

/** Adds the variables of `--settings` to the environment, which comes first. Gives the other arguments. */
const readSettings = (typed: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { files, rest } = SettingsFile.splitArgs(typed)
  try {
    for (const [name, value] of Object.entries(SettingsFile.readFiles(files))) process.env[name] ??= value
  } catch (error) {
    process.stderr.write(`${plain(error instanceof Error ? error.message : String(error))}\n`)
    process.exit(exitCode.usage)
  }
  return rest
}

/** The exit codes that shells give a process that a signal ended: 128 plus the signal's number. SIGHUP: a closed terminal. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
type Signal = keyof typeof exitCodes
const signals: ReadonlyArray<Signal> = ["SIGHUP", "SIGINT", "SIGTERM"]

export const run = (typed: ReadonlyArray<string>, version: string): void => {
  const args = readSettings(typed)
  const hide = hiding(process.env)
  let signal: Signal | undefined
  process.on("uncaughtException", (error) => {
    process.stderr.write(`${crash(error, hide)}\n`)
    process.exit(exitCode.failed)
  })

  // As `NodeRuntime.runMain`, which knows no SIGHUP.
  const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
    for (const name of signals) {
      process.on(name, () => {
        // The first signal stops gracefully, a second one at once.
        if (signal !== undefined) process.exit(exitCodes[name])
        signal = name
        fiber.interruptUnsafe(fiber.id)
      })
    }
    fiber.addObserver((exit) =>
      teardown(exit, (code) => {
        if (signal !== undefined || code !== 0) process.exit(code)
      })
    )
  })
  execute(args, version).pipe(
    Effect.provide(NodeServices.layer),
    runMain({
      disableErrorReporting: true,
      teardown: (exit, onExit) => {
        if (Exit.isSuccess(exit)) return onExit(typeof exit.value === "number" ? exit.value : 0)
        if (Cause.hasInterruptsOnly(exit.cause))
          return onExit(services.has(args[0] ?? "") ? 0 : exitCodes[signal ?? "SIGINT"])
        process.stderr.write(`${textOf(failureOf(exit.cause, hide))}\n`)
        onExit(1)
      }
    })
  )
}
