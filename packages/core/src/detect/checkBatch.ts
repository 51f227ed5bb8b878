/** Checks many users by one query for their newest gists, and orders lists for the users that the query leaves open. */
import { Clock, Effect, Option, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { skippedBy } from "../domain/FileRules.ts"
import type { ScanId } from "../domain/Scan.ts"
import type { UserKey } from "../domain/User.ts"
import { ContentCache } from "../github/ContentCache.ts"
import {
  type GistTexts,
  Github,
  type GithubError,
  type NewestGists,
  profileFingerprint,
  type RateLimited
} from "../github/Github.ts"
import { Limits } from "../limits/Limits.ts"
import { afterLimit } from "../limits/sharing.ts"
import { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import type { BatchRow } from "../store/Profiles.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Answer, answered, type CheckResult } from "./checkResult.ts"
import { type BatchVerdict, fingerprintOf, type ListOrder, verdictOf } from "./verdict.ts"

/** Gists whose texts are read along with one batch. The publisher reads the texts of the others. */
const maxTexts = 100

/** What a query settled, and what it left to lists. */
export interface BatchResult {
  readonly checked: ReadonlyMap<UserKey, CheckResult>
  /** Users that have to be checked by the list. */
  readonly orders: ReadonlyArray<ListOrder>
}

type Changed = Extract<BatchVerdict, { _tag: "Changed" }>

/** What a query answered about each user, in their order. */
type BatchAnswers = ReadonlyArray<Result.Result<NewestGists, GithubError>>

/** Checks of at most `maxLogins` users by one query. */
export const make: Effect.Effect<
  (scan: ScanId, users: ReadonlyArray<ScanUser>) => Effect.Effect<BatchResult, DatabaseError>,
  never,
  ContentCache | Store | Limits | Github | Settings
> = Effect.gen(function* () {
  const { files, profiles } = yield* Store
  const limits = yield* Limits
  const contents = yield* ContentCache
  const github = yield* Github
  const { backfill, files: rules } = yield* Settings
  const skips = skippedBy(rules)
  const ask = makeAsk({ github, limits })
  const cacheTexts = makeCacheTexts({ contents, github })

  /** Stores what is new of these users, and answers how many files of each were added. */
  const store = Effect.fnUntraced(function* (scan: ScanId, changed: ReadonlyArray<Changed>) {
    const counts = yield* files.addAll(
      changed.map(({ files, newest, user }) => ({
        userKey: user.key,
        scanKey: scan,
        files,
        githubId: newest.owner.id,
        // The ETag stays: what has come since is among these files.
        etag: user.etag,
        pages: Math.max(user.pages, 1),
        isFullListing: newest.complete,
        backfill,
        skippedBy: skips
      }))
    )
    return new Map(changed.map(({ user }, index) => [user.key, counts[index] ?? 0]))
  })

  return Effect.fn("Checker.batch")(function* (scan: ScanId, users: ReadonlyArray<ScanUser>) {
    const answers = yield* ask(users)
    const newest = answers.map(Result.getOrUndefined)
    const now = yield* Clock.currentTimeMillis
    // Nearly all users are unchanged, and of an unchanged user no gist has to be read from the database.
    const candidates = newest.flatMap((one, index) =>
      one === undefined || fingerprintOf(one) === users[index]?.fingerprint ? [] : one.gists.map(({ gistId }) => gistId)
    )
    const stored = candidates.length === 0 ? new Set<string>() : yield* files.known(candidates)
    const verdicts = users.flatMap((user, index) =>
      waitsForPoints(user, answers[index]) ? [] : [verdictOf(user, newest[index], stored)]
    )
    const { changed, orders, unchanged } = byKind(verdicts)
    yield* cacheTexts(changed)
    const otherProfiles = changedProfiles(users, newest)
    if (otherProfiles.length > 0) yield* profiles.putBatch(otherProfiles)
    const added = yield* store(scan, changed)
    const checked = [
      ...unchanged.map(({ fingerprint, user }) => answered(user, { ...nothingNew, fingerprint }, now)),
      ...changed.map((verdict) => answered(verdict.user, answerOf(verdict, added.get(verdict.user.key) ?? 0), now))
    ]
    return { checked: new Map(checked.map((one) => [one.check.key, one])), orders }
  })
})

/** Profiles that are not the stored ones. None of an account that is not the user's own: the list finds out whose it is. */
export const changedProfiles = (
  users: ReadonlyArray<Pick<ScanUser, "githubId" | "key" | "profileFingerprint">>,
  newest: ReadonlyArray<Pick<NewestGists, "owner" | "profile"> | undefined>
): ReadonlyArray<BatchRow> =>
  users.flatMap((user, index) => {
    const { owner, profile } = newest[index] ?? {}
    if (profile === undefined || (user.githubId !== null && user.githubId !== owner?.id)) return []
    const fingerprint = profileFingerprint(profile)
    return fingerprint === user.profileFingerprint ? [] : [{ ...profile, userKey: user.key, fingerprint }]
  })

/** Asks for the users' newest gists, and stores the limit that ended the query, or the rest of it. */
const makeAsk = (services: { readonly github: Github["Service"]; readonly limits: Limits["Service"] }) =>
  Effect.fnUntraced(function* (users: ReadonlyArray<ScanUser>) {
    const { github, limits } = services
    const answers: BatchAnswers = yield* github.batch(users.map(({ username }) => username)).pipe(
      Effect.tapError(({ reason }) =>
        Telemetry.log("Warn", "batch.failed", { reason: reason._tag, detail: reason.message })
      ),
      Effect.catchTag("GithubError", (error) => Effect.succeed(users.map(() => Result.fail(error))))
    )
    const limit = answers.map(limitOf).find((one) => one !== undefined)
    if (limit !== undefined) yield* limits.store("githubPoints", afterLimit(limit), limit.resumeAt)
    return answers
  })

const limitOf = (answer: BatchAnswers[number] | undefined): RateLimited | undefined =>
  answer !== undefined && Result.isFailure(answer) && answer.failure.reason._tag === "RateLimited"
    ? answer.failure.reason
    : undefined

/** Whether a user is left to the next hour's points: a list without an ETag takes a request that publishing needs. */
export const waitsForPoints = ({ etag }: Pick<ScanUser, "etag">, answer: BatchAnswers[number] | undefined): boolean =>
  etag === null && limitOf(answer) !== undefined

/** Reads new short texts, many gists at a time, so that publishing them needs no request. See `ContentCache`. */
const makeCacheTexts = (services: { readonly contents: ContentCache["Service"]; readonly github: Github["Service"] }) =>
  Effect.fnUntraced(function* (changed: ReadonlyArray<Changed>) {
    const { contents, github } = services
    const gists = changed.flatMap(({ files, newest, user }) =>
      user.listedAt === null
        ? []
        : newest.gists.filter(({ gistId, small }) => small && files.some((file) => file.gistId === gistId))
    )
    if (gists.length === 0) return
    const read = yield* Effect.option(github.texts(gists.slice(0, maxTexts)))
    const forks = new Map(gists.map(({ files, gistId }) => [gistId, files[0]?.isFork]))
    for (const [gistId, { description, files }] of Option.getOrElse(read, () => new Map<string, GistTexts>())) {
      const isFork = forks.get(gistId)
      for (const [filename, text] of files) yield* contents.put({ gistId, filename }, { text, description, isFork })
    }
  })

const byKind = (verdicts: ReadonlyArray<BatchVerdict>) => {
  const changed: Array<Changed> = []
  const unchanged: Array<Extract<BatchVerdict, { _tag: "Unchanged" }>> = []
  const orders: Array<ListOrder> = []
  for (const verdict of verdicts) {
    switch (verdict._tag) {
      case "Changed":
        changed.push(verdict)
        break
      case "Unchanged":
        unchanged.push(verdict)
        break
      case "List":
        orders.push(verdict)
    }
  }
  return { changed, orders, unchanged }
}

const nothingNew: Omit<Answer, "fingerprint"> = {
  outcome: "Unchanged",
  found: [],
  added: 0,
  isFullListing: false,
  isUnfinished: false
}

const answerOf = ({ files, fingerprint, newest }: Changed, added: number): Answer => ({
  outcome: "Changed",
  found: files,
  added,
  isFullListing: newest.complete,
  isUnfinished: false,
  fingerprint
})
