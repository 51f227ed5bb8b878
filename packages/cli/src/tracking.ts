/** Tracks many users one after the other, so that ids follow the list's order. A refused user does not stop the others. */
import { createReadStream } from "node:fs"
import { resolve } from "node:path"
import type { Readable } from "node:stream"
import { isDeepStrictEqual } from "node:util"
import {
  describeUnknown,
  loginOf,
  type NameRecord,
  type RulesGiven,
  ruleTexts,
  type UnknownLanguage,
  User,
  UserId,
  Username,
  unknownInRule
} from "@gitpip/core"
import { Clock, Effect, Option, Result, Schema } from "effect"
import type { Calls } from "./Backend.ts"
import { Unsuccessful } from "./Failure.ts"
import { Host } from "./Host.ts"
import * as Input from "./Input.ts"
import { readRecords } from "./nameChecks.ts"
import { message } from "./Output.ts"
import type { Progress } from "./Progress.ts"
import { rulesOfCells } from "./rules.ts"
import { count } from "./Text.ts"
import * as UserList from "./userList.ts"

/** In bytes. A longer file is not a list of users. */
const maxBytes = 64 * 1024 * 1024

/** A user to track, and the user's line in the list; null for a name from the command line. */
export interface Candidate {
  readonly line: number | null
  readonly username: Username
  readonly id: UserId | undefined
  /** Pipedrive's numbers of the user's deal and person. */
  readonly deal?: number | "default" | undefined
  readonly person?: number | "default" | undefined
  readonly rules?: RulesGiven | undefined
}

/** The outcome of one line, or of one name from the command line. */
export const Outcome = Schema.Struct({
  line: Schema.NullOr(Schema.Int),
  user: Schema.NullOr(User),
  created: Schema.Boolean,
  /** Why the deal or the person on this line does not count under the settings. */
  unused: Schema.Array(Schema.String),
  /** Why the user is not tracked; null when tracked. */
  error: Schema.NullOr(Schema.String)
})
export type Outcome = typeof Outcome.Type

/** The candidates in a file, or on stdin for `-`, and the outcome of each line without a valid candidate. */
export const fromFile = Effect.fnUntraced(function* (file: string) {
  const { stdin } = yield* Host
  const isStdin = resolve(file) === resolve("-")
  const text = yield* Effect.tryPromise({
    try: () => readText(isStdin ? stdin : createReadStream(file)),
    catch: (cause) =>
      new Unsuccessful({
        message: `${isStdin ? "Stdin" : file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. Give a file with a USERNAME, or USERNAME,ID, on each line`
      })
  })
  const { entries, faults, unread } = UserList.read(text)
  if (unread.length > 0) yield* message(unreadColumns(unread))
  if (entries.length + faults.length === 0) {
    yield* message(`${isStdin ? "Stdin" : file} names no user. Give a USERNAME, or USERNAME,ID, on each line`)
  }
  const candidates: Array<Candidate> = []
  const wrong = faults.map(({ line, message }) => refused(line, message))
  for (const { deal, id, line, person, rules, username } of entries) {
    const checked = yield* Effect.result(
      Input.all({
        username: Input.text("username", Username, loginOf(username)),
        id: Input.optional(Option.fromUndefinedOr(id), (id) => Input.number("id", UserId, id)),
        deal: Input.optional(Option.fromUndefinedOr(deal), (deal) => Input.choice("deal", deal)),
        person: Input.optional(Option.fromUndefinedOr(person), (person) => Input.choice("person", person)),
        rules: rulesOfCells({ ruleTexts }, rules)
      })
    )
    if (Result.isSuccess(checked)) candidates.push({ line, ...checked.success })
    else wrong.push(refused(line, checked.failure.faults.join("; ")))
  }
  for (const line of languageWarnings(candidates)) yield* message(line)
  const { conflicts, kept, repeated } = withoutRepeats(candidates)
  if (repeated.length > 0) {
    yield* message(
      `${count(repeated.length, "line repeats", "lines repeat")} an earlier one and ${repeated.length === 1 ? "does" : "do"} not count: ${someOf(repeated.map(({ line, username }) => `line ${line} (${username})`))}`
    )
  }
  return { candidates: kept, wrong: [...wrong, ...conflicts] }
})

/** A file may have columns of its own, but a misspelt one must not pass for one that counts. */
export const unreadColumns = (names: ReadonlyArray<string>): string =>
  `The ${names.length === 1 ? "column" : "columns"} ${someOf(names)} ${names.length === 1 ? "is" : "are"} not read. Gitpip reads ${[...UserList.knownColumns].join(", ")}`

/** Warnings about languages that GitHub is not known to have: one for each, with the lines that name it. */
export const languageWarnings = (
  candidates: ReadonlyArray<Pick<Candidate, "line" | "rules">>
): ReadonlyArray<string> => {
  const found = new Map<string, { readonly language: UnknownLanguage; readonly lines: Array<number | null> }>()
  for (const { line, rules } of candidates) {
    for (const language of unknownInRule(rules?.languages)) {
      const known = found.get(language.name)
      if (known === undefined) found.set(language.name, { language, lines: [line] })
      else known.lines.push(line)
    }
  }
  return [...found.values()].map(
    ({ language, lines }) =>
      `Warning: the column languages (line ${someOf(lines.map(String))}) ${describeUnknown(language)}`
  )
}

/** Keeps the first line of each user. Another line of the user repeats it when it says the same, and else is an error. */
export const withoutRepeats = (candidates: ReadonlyArray<Candidate>) => {
  const first = new Map<string, Candidate>()
  const repeated: Array<Candidate> = []
  const conflicts: Array<Outcome> = []
  for (const one of candidates) {
    const { line, username } = one
    const earlier = first.get(username.toLowerCase())
    if (earlier === undefined) first.set(username.toLowerCase(), one)
    else if (isDeepStrictEqual({ ...one, line: 0, username: "" }, { ...earlier, line: 0, username: "" }))
      repeated.push(one)
    else {
      conflicts.push(
        refused(line, `${username} is on line ${earlier.line} as well, with other columns; keep one of the two lines`)
      )
    }
  }
  return { kept: [...first.values()], repeated, conflicts }
}

/**
 * Leaves out users of a list whom somebody forgot, and says so: only a person who types a name brings such a user back.
 * @param records what is on record of each user of the list
 */
export const withoutForgotten = (
  candidates: ReadonlyArray<Candidate>,
  records: ReadonlyMap<Username, NameRecord>,
  { isDryRun }: { readonly isDryRun: boolean }
): { readonly kept: ReadonlyArray<Candidate>; readonly remarks: ReadonlyArray<string> } => {
  const recordOf = ({ line, username }: Candidate) => (line === null ? undefined : records.get(username))
  const namesOf = (record: NameRecord) =>
    candidates.flatMap((one) => (recordOf(one) === record ? [one.username as string] : []))
  const forgotten = namesOf("forgotten")
  const untracked = namesOf("untracked")
  return {
    kept: candidates.filter((one) => recordOf(one) !== "forgotten"),
    remarks: [
      ...(forgotten.length === 0
        ? []
        : [
            `Left out ${count(forgotten.length, "user")} whom somebody forgot: ${someOf(forgotten)}. To track one again: gitpip track ${forgotten.length === 1 ? forgotten[0] : "USERNAME"}`
          ]),
      ...(untracked.length === 0
        ? []
        : [
            `${isDryRun ? "Would track" : "Tracking"} ${count(untracked.length, "user")} again whom somebody untracked: ${someOf(untracked)}`
          ])
    ]
  }
}

/** The first twenty of these names. */
const someOf = (names: ReadonlyArray<string>): string =>
  names.length <= 20 ? names.join(", ") : `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`

/** The users of a list, without those whom somebody forgot, as a message says. */
export const withoutForgottenOf = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "checkNames">,
  candidates: ReadonlyArray<Candidate>,
  options: { readonly isDryRun: boolean }
) {
  const listed = candidates.flatMap(({ line, username }) => (line === null ? [] : [username]))
  const { kept, remarks } = withoutForgotten(candidates, yield* readRecords(gitpip, listed), options)
  for (const line of remarks) yield* message(line)
  return kept
})

/**
 * Tracks all candidates. A conflict, or an unknown deal, of one user is that user's outcome. Any other error, such as a database that is down,
 * ends the run with a message about how many were tracked.
 */
export const trackAll = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "track">,
  candidates: ReadonlyArray<Candidate>,
  progress: Progress
) {
  const outcomes: Array<Outcome> = []
  const began = yield* Clock.currentTimeMillis
  let created = 0
  let failed = 0
  for (const { line, username, ...wanted } of candidates) {
    const outcome = yield* gitpip.track(username, wanted).pipe(
      Effect.map((tracked): Outcome => ({ line, ...tracked, error: null })),
      Effect.catchTag(["UserConflict", "TargetNotFound"], ({ message }) =>
        Effect.succeed(refused(line, `${username}: ${message}`))
      ),
      Effect.onError(() => (created === 0 ? Effect.void : Effect.andThen(progress.done, soFar(created))))
    )
    if (outcome.created) created++
    if (outcome.error !== null) failed++
    outcomes.push(outcome)
    // A short list is done before its progress is of use.
    if ((yield* Clock.currentTimeMillis) - began < 1_000) continue
    yield* progress.update({
      doing: "Tracking",
      done: outcomes.length,
      total: candidates.length,
      unit: "user",
      facts: [
        `${created.toLocaleString("en")} new`,
        ...(failed === 0 ? [] : [`${failed.toLocaleString("en")} refused`])
      ]
    })
  }
  return outcomes
})

/** The lines that choose a deal or a person. */
export const linesWithChoices = (candidates: ReadonlyArray<Candidate>): ReadonlyArray<number> =>
  candidates.flatMap(({ deal, line, person }) =>
    line === null || (deal === undefined && person === undefined) ? [] : [line]
  )

const soFar = (created: number) =>
  message(
    `${count(created, "user")} tracked before the failure. Run the command with the same list again: tracked users stay tracked.`
  )

/** Why choices on lines of the list do not count, once for all users. */
export const unusedOf = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => [
  ...new Set(outcomes.flatMap(({ unused }) => unused))
]

/** The errors, each with its line in the list. */
export const lineFaults = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  outcomes.flatMap(({ error, line }) => (error === null ? [] : [`${line === null ? "" : `line ${line}: `}${error}`]))

/** All errors as one message, a line for each. */
export const faultsOf = (outcomes: ReadonlyArray<Outcome>): string | undefined => {
  const wrong = outcomes.filter(({ error }) => error !== null)
  if (wrong.length === 0) return undefined
  const lines = lineFaults(wrong).map((fault) => `  - ${fault}`)
  return `${count(wrong.length, "user")} could not be tracked:\n${lines.join("\n")}\nFix ${wrong.length === 1 ? "this line" : "these lines"} and run the command again: tracked users stay tracked.`
}

const refused = (line: number | null, error: string): Outcome => ({
  line,
  user: null,
  created: false,
  unused: [],
  error
})

const readText = async (source: Readable): Promise<string> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    // A pipe has no size, and a device has no end.
    if (size > maxBytes) throw new Error("it is longer than 64 MiB; split it")
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  // UTF-16, which spreadsheets write as well, has a zero in every other byte.
  if (bytes.includes(0)) throw new Error("it is not text in UTF-8; save it as CSV in UTF-8")
  return bytes.toString("utf8")
}
