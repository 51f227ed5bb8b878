/** One command line as a process: its signals, its streams and its exit code. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit } from "effect"
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

export const run = (typed: ReadonlyArray<string>, version: string): void => {
  const args = readSettings(typed)
  const hide = hiding(process.env)
  let signal: "SIGINT" | "SIGTERM" | undefined
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // The first signal stops gracefully, a second one at once.
      if (signal !== undefined) process.exit(exitCodeOf(name))
      signal = name
    })
  }
  process.on("uncaughtException", (error) => {
    process.stderr.write(`${crash(error, hide)}\n`)
    process.exit(exitCode.failed)
  })
  // `gitpip users | head` closes the pipe early, which is not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))
  process.stderr.on("error", () => process.exit(1))

  execute(args, version).pipe(
    Effect.provide(NodeServices.layer),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      teardown: (exit, onExit) => {
        if (Exit.isSuccess(exit)) return onExit(typeof exit.value === "number" ? exit.value : 0)
        if (Cause.hasInterruptsOnly(exit.cause))
          return onExit(services.has(args[0] ?? "") ? 0 : exitCodeOf(signal ?? "SIGINT"))
        process.stderr.write(`${textOf(failureOf(exit.cause, hide))}\n`)
        onExit(1)
      }
    })
  )
}

/** The exit code that shells give a process that a signal ended: 128 plus the signal's number. */
const exitCodeOf = (signal: "SIGINT" | "SIGTERM"): number => (signal === "SIGINT" ? 130 : 143)
