/** Checks many users by one query for their newest gists, and orders lists for the users that the query leaves open. */
import { Clock, Effect, Option, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { ScanId } from "../domain/Scan.ts"
import type { UserKey } from "../domain/User.ts"
import { ContentCache } from "../github/ContentCache.ts"
import { type GistTexts, Github } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { waitUntil } from "../store/Limits.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { answered, type Checked } from "./checked.ts"
import { fingerprintOf, type ListOrder, type Verdict, verdictOf } from "./verdict.ts"

/** Gists whose texts are read along with one batch. The publisher reads the texts of the others. */
const maxTexts = 100

export interface BatchResult {
  readonly checked: ReadonlyMap<UserKey, Checked>
  /** Users that have to be checked by the list. */
  readonly orders: ReadonlyArray<ListOrder>
}

type Changed = Extract<Verdict, { _tag: "Changed" }>

/** Checks of at most `maxLogins` users by one query. */
export const make: Effect.Effect<
  (scan: ScanId, users: ReadonlyArray<ScanUser>) => Effect.Effect<BatchResult, DatabaseError>,
  never,
  ContentCache | Store | Github | Settings
> = Effect.gen(function* () {
  const { files, limits } = yield* Store
  const contents = yield* ContentCache
  const github = yield* Github
  const { backfill } = yield* Settings

  /** The newest gists of these users, or the lists to check instead when the query failed. */
  const ask = Effect.fnUntraced(function* (users: ReadonlyArray<ScanUser>) {
    const byList = users.map((user): ListOrder => ({ user, isFull: false, fingerprint: null }))
    const answer = yield* Effect.result(github.batch(users.map(({ username }) => username)))
    if (answer._tag === "Success") return { newest: answer.success.map(Result.getOrUndefined), orders: [] }
    const { reason } = answer.failure
    yield* Telemetry.log("Warn", "batch.failed", { reason: reason._tag, detail: reason.message })
    if (reason._tag !== "RateLimited") return { newest: undefined, orders: byList }
    yield* limits.block(github.points.limitKey, { wait: yield* waitUntil(reason.resumeAt), message: reason.message })
    return { newest: undefined, orders: byList.filter(({ user }) => user.etag !== null) }
  })

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
        full: newest.complete,
        backfill
      }))
    )
    return new Map(changed.map(({ user }, index) => [user.key, counts[index] ?? 0]))
  })

  /** Reads new short texts, many gists at a time, so that publishing them needs no request. See `ContentCache`. */
  const cacheTexts = Effect.fnUntraced(function* (changed: ReadonlyArray<Changed>) {
    const gists = changed.flatMap(({ files, newest, user }) =>
      user.listedAt === null
        ? []
        : newest.gists.filter(({ gistId, small }) => small && files.some((file) => file.gistId === gistId))
    )
    if (gists.length === 0) return
    const read = yield* Effect.option(github.texts(gists.slice(0, maxTexts)))
    for (const [gistId, { description, files }] of Option.getOrElse(read, () => new Map<string, GistTexts>())) {
      for (const [filename, text] of files) yield* contents.put({ gistId, filename }, { text, description })
    }
  })

  return Effect.fn("Checker.batch")(function* (scan: ScanId, users: ReadonlyArray<ScanUser>) {
    const { newest, orders } = yield* ask(users)
    if (newest === undefined) return { checked: new Map<UserKey, Checked>(), orders }
    const now = yield* Clock.currentTimeMillis
    // Nearly all users are unchanged, and of an unchanged user no gist has to be looked up in the database.
    const candidates = newest.flatMap((one, index) =>
      one === undefined || fingerprintOf(one) === users[index]?.fingerprint ? [] : one.gists.map(({ gistId }) => gistId)
    )
    const stored = candidates.length === 0 ? new Set<string>() : yield* files.known(candidates)
    const verdicts = users.map((user, index) => verdictOf(user, newest[index], stored))
    const changed = verdicts.filter((verdict) => verdict._tag === "Changed")
    yield* cacheTexts(changed)
    const added = yield* store(scan, changed)
    const checked = verdicts.flatMap(
      (verdict): ReadonlyArray<readonly [UserKey, Checked]> =>
        verdict._tag === "List" ? [] : [[verdict.user.key, checkedOf(verdict, added.get(verdict.user.key) ?? 0, now)]]
    )
    return { checked: new Map(checked), orders: verdicts.filter((verdict) => verdict._tag === "List") }
  })
})

const checkedOf = (verdict: Exclude<Verdict, { _tag: "List" }>, added: number, now: number): Checked =>
  answered(
    verdict.user,
    {
      outcome: verdict._tag,
      found: verdict._tag === "Changed" ? verdict.files : [],
      added,
      isFullListing: verdict._tag === "Changed" && verdict.newest.complete,
      isUnfinished: false,
      fingerprint: verdict.fingerprint
    },
    now
  )
