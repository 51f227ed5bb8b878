/** How a failure is told: what is wrong and what to do next, in a sentence or few, and the exit code. */
import { Cause, Data } from "effect"
import { plain } from "./Text.ts"

/** Done, failed, and asked for in a way that cannot work. */
export const exitCode = { done: 0, failed: 1, usage: 2 } as const

/** The command line is wrong. All faults are named at once. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly faults: ReadonlyArray<string> }> {
  override get message(): string {
    return this.faults.length === 1
      ? `${this.faults[0]}`
      : `The command line is wrong:\n${this.faults.map((fault) => `  - ${fault}`).join("\n")}`
  }
}

/** The command did its work, and has told what did not go well. */
export class Unsuccessful extends Data.TaggedError("Unsuccessful")<{ readonly message: string }> {}

export interface Told {
  /** Empty when everything has been said already. */
  readonly text: string
  readonly code: number
}

/** Blots out secrets, see `Host.ts`. */
type Hide = (text: string) => string

/** What to tell of a failure. Never a stack trace: a defect is named, and where to report it. */
export const tell = (cause: Cause.Cause<unknown>, hide: Hide): Told => {
  const error = Cause.squash(cause)
  const text = hide(error instanceof Error && error.message !== "" ? error.message : String(error))
  if (cause.reasons.some(Cause.isDieReason)) {
    return {
      text: `Gitpip came upon a fault of its own: ${text}\nRun the command again; if it happens again, please report it with the command you gave.`,
      code: exitCode.failed
    }
  }
  switch (tagOf(error)) {
    case "ShowHelp":
      return {
        text: "",
        code: (error as { errors?: ReadonlyArray<unknown> }).errors?.length ? exitCode.usage : exitCode.done
      }
    case "UsageError":
      return { text, code: exitCode.usage }
    case "SettingsError":
      return { text: `${text}\nFix them in the environment and run the command again.`, code: exitCode.usage }
    case "DatabaseError":
      // An embedded database that is in use says so itself, with what to do.
      return {
        text: text.includes("GITPIP_DATA_DIR")
          ? text
          : `${text}\n\`gitpip doctor\` checks the database and the settings it is reached by.`,
        code: exitCode.failed
      }
    case "GithubError":
      return { text: `${text}\n\`gitpip doctor\` checks the connection to GitHub.`, code: exitCode.failed }
    case "PublicationNotFound":
    case "PublicationNotFailed":
      return { text: `${text}\n\`gitpip retry\` without a number lists those that can be.`, code: exitCode.failed }
    default:
      return { text, code: exitCode.failed }
  }
}

/**
 * What to tell of an error that nothing was there to catch. Node would print all that it holds: the headers of a request,
 * say, and the token in them.
 */
export const crash = (error: unknown, hide: Hide): string => {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = trace.split("\n").map((line) => `  ${plain(hide(line))}`)
  return `Gitpip came upon a fault of its own, and ends. Run the command again; if it happens again, please report it with this:\n${lines.join("\n")}`
}

const tagOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
