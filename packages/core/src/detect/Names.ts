/**
 * Asks GitHub whether accounts exist that somebody wants to track, and how many public gists they have.
 *
 * Guarantee: a check of names never fails because of GitHub, waits some seconds at most, and leaves checks of users and files
 * their half of GitHub's hour. With a token, a hundred names cost one point, and similar names one more.
 */
import { Clock, DateTime, Duration, Effect, Option, Result, Schema } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { leavesNothingOut, skippedBy, type UserSkips } from "../domain/FileRules.ts"
import type { NameCheck } from "../domain/NameCheck.ts"
import { likeliest, variantsOf } from "../domain/nearNames.ts"
import { Username } from "../domain/User.ts"
import { Github, type GithubError, maxLogins } from "../github/Github.ts"
import { Limits } from "../limits/Limits.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import { hasRoomForProfile } from "./Profiles.ts"
import { publishableOf } from "./publishable.ts"

/** A person waits for the answer, and tracking does not depend on it. */
const maxWait = Duration.seconds(5)

/** How long an answer is remembered: a list is checked as a whole before its names are tracked one by one. */
const maxAge = Duration.minutes(10)
const maxAgeUnchecked = Duration.seconds(30)
const maxRemembered = 20_000

/** More misspelt names than these at a time come from a wrong list, where similar names are of no use. */
const maxCorrected = 10

/** A name as GitHub knows it. */
interface Checked extends Omit<NameCheck, "record"> {
  /** The files that publishing would create for a new user, without regard to `publishes`; `null` when GitHub did not show them. */
  readonly files: number | null
}
type Answer = Omit<Checked, "name" | "publishes" | "near">

const isUsername = Schema.is(Username)

const found = (
  login: string,
  { files = null, gists }: Pick<Answer, "gists"> & Partial<Pick<Answer, "files">>
): Answer => ({
  state: "found",
  login: isUsername(login) ? login : null,
  gists,
  files,
  reason: null
})
const nobody = (state: "organization" | "unknown"): Answer => ({ ...none, state, reason: null })
const tooLate = "GitHub did not answer in time"
const unreadable = "GitHub's answer cannot be read"
const none = { login: null, gists: null, files: null }
const unchecked = (reason: string): Answer => ({ ...none, state: "unchecked", reason })

/** An error about one name: GitHub has no such account, or did not say. */
const answerOf = ({ message, reason }: Pick<GithubError, "message" | "reason">): Answer =>
  reason._tag === "UserNotFound"
    ? nobody(reason.isOrganization === true ? "organization" : "unknown")
    : unchecked(message)

/** What is remembered of names, by the name in small letters. */
const remembering = () => {
  const entries = new Map<string, { readonly answer: Omit<Checked, "name">; readonly until: number }>()
  return {
    get: (name: string, now: number) => {
      const entry = entries.get(name.toLowerCase())
      return entry === undefined || entry.until <= now ? undefined : entry.answer
    },
    put: (name: string, answer: Omit<Checked, "name">, now: number) => {
      const age = answer.state === "unchecked" ? maxAgeUnchecked : maxAge
      entries.set(name.toLowerCase(), { answer, until: now + Duration.toMillis(age) })
      for (const oldest of entries.keys()) {
        if (entries.size <= maxRemembered) break
        entries.delete(oldest)
      }
    }
  }
}

interface Services {
  readonly github: Github["Service"]
  readonly limits: Limits["Service"]
  readonly skips: UserSkips
}

const hasBatches = (github: Github["Service"]) =>
  Effect.map(github.capacity, ({ batched }) => github.batched && batched > 0)

/** Why no name can be checked now. */
const findObstacle = Effect.fnUntraced(function* ({ github, limits }: Omit<Services, "skips">) {
  const refused = yield* github.refused
  if (Option.isSome(refused)) return refused.value.message
  const state = yield* github.batched ? limits.points : limits.requests
  const now = yield* Clock.currentTimeMillis
  if (hasRoomForProfile(state, now)) return
  const until = state.blockedUntil > now ? state.blockedUntil : (state.budget?.resetAt ?? now)
  return `GitHub's limit leaves no room for it until ${DateTime.formatIso(DateTime.makeUnsafe(until))}`
})

/** Asks for names by one query, or one by one while the hour has room. */
const makeAsk = (services: Services) => {
  const { github, skips } = services

  const byBatch = (names: ReadonlyArray<Username>) =>
    Effect.map(github.batch(names, { withOrganizations: true }), (answers) =>
      answers.map(
        Result.match({
          onFailure: answerOf,
          onSuccess: (newest) => found(newest.owner.login, { gists: newest.total, files: publishableOf(newest, skips) })
        })
      )
    )

  const byProfiles = (names: ReadonlyArray<Username>) =>
    Effect.forEach(names, (name) =>
      Effect.gen(function* () {
        const reason = yield* findObstacle(services)
        if (reason !== undefined) return unchecked(reason)
        const page = yield* github.profile(name, Option.none())
        return Option.match(page, {
          onNone: () => unchecked(unreadable),
          onSome: ({ account, gists, isOrganization }) =>
            isOrganization ? nobody("organization") : found(account.login, { gists })
        })
      }).pipe(Effect.catchTag("GithubError", (error) => Effect.succeed(answerOf(error))))
    )

  return Effect.fnUntraced(function* (names: ReadonlyArray<Username>) {
    const reason = yield* findObstacle(services)
    if (reason !== undefined) return names.map(() => unchecked(reason))
    if (!(yield* hasBatches(github))) return yield* byProfiles(names)
    return yield* byBatch(names).pipe(
      // This server may not offer queries.
      Effect.catchReason("GithubError", "Unexpected", () => byProfiles(names)),
      Effect.catchTag("GithubError", (error) => Effect.succeed(names.map(() => answerOf(error))))
    )
  })
}

type Near = ReadonlyMap<Username, ReadonlyArray<Username>>
const noneNear: Near = new Map()

/** Accounts with names similar to each of these: one query for all. */
const findSimilar = Effect.fnUntraced(function* (github: Github["Service"], names: ReadonlyArray<Username>) {
  if (names.length === 0 || names.length > maxCorrected || !(yield* hasBatches(github))) return noneNear
  const each = Math.floor(maxLogins / names.length)
  const variants = names.flatMap((name) => variantsOf(name, each).map((variant) => ({ name, variant })))
  const answers = yield* github.batch(variants.map(({ variant }) => variant))
  const accounts = answers.flatMap((answer, index) =>
    Result.isSuccess(answer)
      ? [{ of: variants[index]?.name, login: answer.success.owner.login, gists: answer.success.total }]
      : []
  )
  return new Map(names.map((name) => [name, likeliest(accounts.filter(({ of }) => of === name))])) as Near
})

/** Which files of a new user are published under these settings. */
const publishedBy = ({ backfill, files }: Pick<Settings["Service"], "backfill" | "files">): NameCheck["publishes"] => {
  if (backfill === "none") return "new"
  return leavesNothingOut(files) ? "all" : "some"
}

/** The check of names, on the services around it. */
export const make: Effect.Effect<
  (names: ReadonlyArray<Username>) => Effect.Effect<ReadonlyArray<Checked>, DatabaseError>,
  never,
  Github | Limits | Settings
> = Effect.gen(function* () {
  const github = yield* Github
  const limits = yield* Limits
  const { backfill, files } = yield* Settings
  const publishes = publishedBy({ backfill, files })
  const remembered = remembering()
  const ask = makeAsk({ github, limits, skips: skippedBy(files)() })
  /** Epoch milliseconds: after a late answer, nobody waits again for a while. */
  let lateUntil = 0

  const inTime = <A>(effect: Effect.Effect<A>, late: () => A) =>
    Effect.timeoutOrElse(effect, {
      duration: maxWait,
      orElse: () =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          lateUntil = now + Duration.toMillis(maxAgeUnchecked)
          return late()
        })
    })

  const checkAndRemember = Effect.fnUntraced(function* (names: ReadonlyArray<Username>) {
    yield* limits.restore(["github", "githubPoints"])
    const answers = yield* inTime(ask(names), () => names.map(() => unchecked(tooLate)))
    const misspelt = names.filter((_, index) => answers[index]?.state === "unknown")
    const near = yield* inTime(
      Effect.orElseSucceed(findSimilar(github, misspelt), () => noneNear),
      () => noneNear
    )
    const now = yield* Clock.currentTimeMillis
    for (const [index, name] of names.entries()) {
      const answer = answers[index] ?? unchecked(unreadable)
      remembered.put(name, { ...answer, publishes, near: near.get(name) ?? [] }, now)
    }
  })

  return Effect.fnUntraced(function* (names: ReadonlyArray<Username>) {
    const now = yield* Clock.currentTimeMillis
    const asked = names.filter((name) => remembered.get(name, now) === undefined)
    if (asked.length > 0 && lateUntil <= now) yield* checkAndRemember(asked)
    return names.map((name): Checked => {
      const answer = remembered.get(name, now) ?? { ...unchecked(tooLate), publishes, near: [] }
      return { name, ...answer }
    })
  })
})

/** How names are checked. */
export interface CheckOptions {
  /** `skipped`: only what is on record is read, and each name is `unchecked`. */
  readonly github?: "asked" | "skipped" | undefined
}

/** The call that checks names, at GitHub and on record. */
export type CheckNames = (
  names: ReadonlyArray<Username>,
  options?: CheckOptions
) => Effect.Effect<ReadonlyArray<NameCheck>, DatabaseError>

/** The check of names with what is on record of each, by one statement for all. */
export const makeWithRecord: Effect.Effect<CheckNames, never, Github | Limits | Settings | Store> = Effect.gen(
  function* () {
    const { sources } = yield* Store
    const settings = yield* Settings
    const check = yield* make
    const skipped = {
      ...unchecked("GitHub was not asked"),
      publishes: publishedBy(settings),
      near: []
    } as const
    return Effect.fn("Gitpip.checkNames")(function* (names, { github = "asked" } = {}) {
      const checks = github === "asked" ? yield* check(names) : names.map((name) => ({ name, ...skipped }))
      const records = yield* sources.records(names)
      return checks.map(
        ({ files: _, ...checked }, index): NameCheck => ({ ...checked, record: records[index] ?? "new" })
      )
    })
  }
)
