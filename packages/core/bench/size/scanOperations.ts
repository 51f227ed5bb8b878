/** What scans and the feed ask of the store. */
import { Duration, Effect, Option } from "effect"
import * as Cadence from "../../src/domain/Cadence.ts"
import type { UserKey } from "../../src/domain/User.ts"
import type { Known, Operations } from "./known.ts"

export const scanOperations = (known: Known): Operations => {
  const { intake, last, name, run, scan, someUsers, store, user } = known
  const { checks, feed, files, listings, scans, users } = store
  return {
    "a scan: the next users": (n) =>
      checks.forScan({ after: user(n), until: last, limit: 200, includeFailing: n % 2 === 0 }),
    "a scan: one user": (n) => checks.someForScan([user(n) as UserKey]),
    "a scan: 1,000 users that are due": () =>
      checks.due({
        intervals: Array.from({ length: Cadence.classes }, (_, c) => (Cadence.classes - c) * 3_600_000),
        before: new Date(0),
        limit: 1_000
      }),
    "a scan: a poll of the feed": (n) =>
      Effect.gen(function* () {
        const claimed = Option.getOrThrow(yield* feed.claim("bench"))
        yield* feed.untilNext("bench")
        yield* checks.ofAccounts(
          Array.from({ length: 100 }, (_, i) => ({ id: n * 100 + i, login: `user-${user(n * 100 + i)}` }))
        )
        yield* feed.record("bench", claimed, {
          etag: null,
          seen: [`${n}`],
          unsettled: [],
          gap: false,
          wait: Duration.zero
        })
        yield* feed.snooze("bench", claimed, Duration.zero)
        yield* feed.gapAt("bench")
      }),
    "a scan: old history, of which there is none": () => store.history.trim(Duration.days(36_500)),
    "a plan: users by class": () => checks.classes,
    "a plan: the oldest check": () => checks.oldestCheck,
    "a scan: what is known of 100 gists": (n) =>
      files.known(Array.from({ length: 100 }, (_, i) => `${n}${i}`.padStart(32, "e"))),
    "a scan: 3 files of one user": (n) => files.add(intake(user(n), 3, n + run)),
    "a scan: 3 files of each of 200 users": (n) =>
      files.addAll(someUsers(n, 200).map((key) => intake(key, 3, 100 + n + run))),
    "a scan: records 200 checks": (n) =>
      checks.record(
        someUsers(n, 200).map((key) => ({
          key: key as UserKey,
          fingerprint: "1 x",
          gained: 0.01,
          isFullListing: false,
          failure: null
        }))
      ),
    "a scan: failures that were not the users' own": (n) =>
      checks.unmark(someUsers(n, 10).map((key) => key as UserKey)),
    "a scan: the position of a full listing": (n) =>
      Effect.gen(function* () {
        const userKey = user(n) as UserKey
        yield* listings.put(userKey, { next: "2", etag: null, pages: 1 })
        yield* listings.find(userKey)
        yield* listings.remove(userKey)
      }),
    "a scan: progress": (n) =>
      scans.progress(scan, {
        cursor: n,
        users: 200,
        unchanged: 199,
        files: 0,
        failures: [{ userKey: user(n) as UserKey, reason: "UserNotFound", message: "", retryIn: Duration.zero }]
      }),
    "a scan: begin and end": (n) =>
      Effect.gen(function* () {
        yield* scans.reap
        yield* scans.resumeAfter
        yield* scans.lastStart
        yield* scans.request(user(n) as UserKey)
        const started = Option.getOrThrow(yield* scans.startQueued("single")).key
        yield* scans.renew(started)
        yield* scans.end(started, { state: "done", reason: null, message: null, resumeIn: null })
      }),
    "a scan: a renamed account": (n) =>
      Effect.andThen(users.rename(user(n) as UserKey, `renamed-${n}`), users.rename(user(n) as UserKey, name(n)))
  }
}
