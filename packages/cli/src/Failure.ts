/** What a failed command says: what went wrong, what to do next, and the exit code. */
import type { DatabaseError } from "@gitpip/core"
import { Cause, Data, DateTime, Predicate } from "effect"
import { plain, time } from "./Text.ts"

/** Done, failed, and a command line that cannot work. */
export const exitCode = { done: 0, failed: 1, usage: 2 } as const

/** The command line is wrong. All faults are named at once. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly faults: ReadonlyArray<string> }> {
  override get message(): string {
    return this.faults.length === 1
      ? `${this.faults[0]}`
      : `The command line is wrong:\n${this.faults.map((fault) => `  - ${fault}`).join("\n")}`
  }
}

/** The command did its work, and the message says what did not go well. */
export class Unsuccessful extends Data.TaggedError("Unsuccessful")<{ readonly message: string }> {}

/** A failure as the command line shows it. */
export interface Failure {
  /** What went wrong. Empty when the command has printed it already. */
  readonly message: string
  /** What to do next, where the message does not say so itself. */
  readonly advice?: string | undefined
  readonly code: number
}

/** Masks secrets, see `Host.ts`. */
type Hide = (text: string) => string

/** The failure behind a cause. Never a stack trace: an internal error is named, and how to report it. */
export const failureOf = (cause: Cause.Cause<unknown>, hide: Hide): Failure => {
  const error = Cause.squash(cause)
  const message = hide(error instanceof Error && error.message !== "" ? error.message : String(error))
  if (cause.reasons.some(Cause.isDieReason)) {
    return {
      message: `Internal error in Gitpip: ${message}`,
      advice: "Run the command again; if it happens again, please report it with the command you gave.",
      code: exitCode.failed
    }
  }
  if (isShowHelp(error)) return { message: "", code: hasErrors(error) ? exitCode.usage : exitCode.done }
  const tag = Predicate.hasProperty(error, "_tag") ? String(error._tag) : ""
  return {
    message,
    advice: Object.hasOwn(adviceOf, tag) ? adviceOf[tag]?.(error) : undefined,
    code: tag === "UsageError" || tag === "SettingsError" ? exitCode.usage : exitCode.failed
  }
}

/** The text of a failure for people. */
export const textOf = ({ advice, message }: Failure): string =>
  advice === undefined ? message : `${message}\n${advice}`

const isShowHelp = Predicate.isTagged("ShowHelp")
const hasErrors = (error: unknown): boolean =>
  Predicate.hasProperty(error, "errors") && Array.isArray(error.errors) && error.errors.length > 0

/** The messages of these reasons end with what to do. */
const explained: ReadonlyArray<unknown> = ["inUse", "busy", "unsafe", "damaged"] satisfies ReadonlyArray<
  DatabaseError["reason"]
>

/** By the field alone: the class would load `@gitpip/core` into commands that only print help. */
const isExplained = (error: unknown): boolean =>
  Predicate.hasProperty(error, "reason") && explained.includes(error.reason)

const retryAdvice = () => "`gitpip retry` without a number lists the publications that can be retried."

/** When a list can be read on. By the field alone, as above. */
const retryAdviceOn = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "retryAt") && DateTime.isDateTime(error.retryAt)
    ? `Run the command again after ${time(error.retryAt)}.`
    : undefined

/** By the tag of the error. */
const adviceOf: Readonly<Record<string, (error: unknown) => string | undefined>> = {
  SettingsError: () => "Fix the settings and run the command again.",
  DatabaseError: (error) => (isExplained(error) ? undefined : "`gitpip doctor` checks the database and its settings."),
  GithubError: () => "`gitpip doctor` checks the connection to GitHub.",
  SourceUnavailable: retryAdviceOn,
  PublicationNotFound: retryAdvice,
  PublicationNotFailed: retryAdvice
}

/**
 * The text for an error outside of every effect. Node would print all of the error's properties: the headers of a
 * request, for example, with the token.
 */
export const crash = (error: unknown, hide: Hide): string => {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = trace.split("\n").map((line) => `  ${plain(hide(line))}`)
  return `Internal error in Gitpip; the command ends. Run the command again; if it happens again, please report it with this:\n${lines.join("\n")}`
}
