/** What GitHub says about the names that a command tracks, in words. */
import type { NameCheck, NameRecord, Username } from "@gitpip/core"
import { Effect } from "effect"
import type { Calls } from "./Backend.ts"
import type { Progress } from "./Progress.ts"
import { count } from "./Text.ts"

/** Each name once, in its first spelling: names that differ by case alone are one account. */
export const distinctNames = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const distinct = new Map<string, string>()
  for (const name of names) if (!distinct.has(name.toLowerCase())) distinct.set(name.toLowerCase(), name)
  return [...distinct.values()]
}

/** Names checked by one call: GitHub answers them by one query. */
const maxNames = 100

/**
 * Checks names, a hundred at a time. Once none of a hundred could be checked, the rest is not tried. A server that cannot
 * answer leaves the rest out, since tracking does not depend on it.
 */
export const checkAll = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "checkNames">,
  names: ReadonlyArray<Username>,
  progress?: Progress
) {
  const checks: Array<NameCheck> = []
  for (let from = 0; from < names.length; from += maxNames) {
    const some = yield* Effect.orElseSucceed(gitpip.checkNames(names.slice(from, from + maxNames)), () => [])
    const [first] = some
    if (first === undefined) break
    checks.push(...some)
    if (some.every(({ state }) => state === "unchecked")) {
      const left = names.slice(from + maxNames)
      return [...checks, ...left.map((name): NameCheck => ({ ...first, name }))]
    }
    if (names.length > maxNames) {
      yield* progress?.update({
        doing: "Checking names at GitHub",
        done: checks.length,
        total: names.length,
        unit: "name",
        facts: []
      }) ?? Effect.void
    }
  }
  return checks
})

/** What is on record of each name, by the name as given. A server that cannot answer fails the call. */
export const readRecords = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "checkNames">,
  names: ReadonlyArray<Username>
) {
  const records = new Map<Username, NameRecord>()
  for (let from = 0; from < names.length; from += maxNames) {
    const checks = yield* gitpip.checkNames(names.slice(from, from + maxNames), { github: "skipped" })
    for (const { name, record } of checks) records.set(name, record)
  }
  return records
})

/** What tracking these accounts publishes. */
const published = (
  gists: number,
  { left, publishes }: Pick<NameCheck, "publishes"> & { readonly left: ReadonlyArray<string> }
): string => {
  if (gists === 0) return "no public gists yet. Files of new ones are published"
  const number = count(gists, "public gist")
  return publishes === "new"
    ? `${number}. Older files are only listed (GITPIP_BACKFILL=none), and new ones are published`
    : `${number}. ${gists === 1 ? "Its" : "Their"} files are published${left.length === 0 ? "" : `, except ${left.join(", and ")}`}`
}

/** Which files of these accounts are not published. */
const leftOut = (
  known: ReadonlyArray<NameCheck>,
  { isRuled }: { readonly isRuled: boolean }
): ReadonlyArray<string> => [
  ...(known.some(({ record }) => record === "forgotten")
    ? ["those that were published before their user was forgotten"]
    : []),
  ...(known.some(({ record }) => record === "untracked")
    ? ["those that were found when their user was tracked before, which stay as they are"]
    : []),
  ...(isRuled || known.some(({ publishes }) => publishes === "some") ? ["those that rules leave out"] : [])
]

const unknownName = ({ name, near }: NameCheck): string =>
  `GitHub knows no user ${name}.${near.length === 0 ? "" : ` Did you mean ${near.join(" or ")}?`}`

/** What is wrong with a tracked name; nothing for a name that GitHub knows, or was not asked about. */
const warning = (check: NameCheck): ReadonlyArray<string> => {
  const { name, state } = check
  if (state !== "unknown" && state !== "organization") return []
  const what =
    state === "unknown"
      ? unknownName(check)
      : `${name} is an organization at GitHub, not a user. To track its members: gitpip track --org ${name}.`
  // A name that begins with a dash would be read as an option.
  return [`Warning: ${what} To stop tracking the name: gitpip untrack ${name.startsWith("-") ? "-- " : ""}${name}`]
}

/**
 * Lines about the names that were tracked: what is published, and what is wrong with a name. The record of each is the one
 * from before. `isRuled`: whether rules came with a name.
 */
export const linesOf = (
  checks: ReadonlyArray<NameCheck>,
  { isRuled = false }: { readonly isRuled?: boolean } = {}
): ReadonlyArray<string> => {
  const found = checks.filter(({ state }) => state === "found")
  const unchecked = checks.filter(({ state }) => state === "unchecked")
  const [first] = found
  const known = found.filter(({ gists }) => gists !== null)
  const gists = known.reduce((sum, { gists }) => sum + (gists ?? 0), 0)
  const left = leftOut(known, { isRuled })
  const who = found.length === 1 ? `${first?.login ?? first?.name} has` : `${count(found.length, "account")} have`
  return [
    ...(first === undefined || known.length === 0 ? [] : [`${who} ${published(gists, { ...first, left })}.`]),
    ...checks.flatMap(warning),
    ...(unchecked[0] === undefined
      ? []
      : [
          `${unchecked.length === 1 ? `${unchecked[0].name} was` : `${count(unchecked.length, "name")} were`} not checked at GitHub: ${unchecked[0].reason}`
        ])
  ]
}

/** When tracked users are checked. */
export const nextStep = ({ isServer }: { readonly isServer: boolean }): string =>
  isServer
    ? "The server checks new users within seconds."
    : "A running server checks new users within seconds; without one, run `gitpip scan`."
