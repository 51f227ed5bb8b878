/** What visits, lists, status and commands ask of the store. */
import { Effect, Option } from "effect"
import { UserId, type UserKey, Username } from "../../src/domain/User.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import { options } from "./database.ts"
import type { Known, Operations } from "./known.ts"

export const readOperations = (known: Known): Operations => {
  const { claimOf, last, maxFiles, name, position, run, scan, store, user, visit } = known
  const { changes, days, files, publications, scans, totals, users, visits } = store
  const page = { before: last, limit: 100 }
  const middle = { after: options.users / 2, limit: 100 }
  return {
    "a visit": (n) =>
      Effect.gen(function* () {
        const { after, until, userKey } = yield* visits.record(name(n), Visitor.make("default"))
        return yield* files.between(userKey, after, until)
      }),
    "a visit: of a new visitor, up to 100 files": (n) =>
      Effect.gen(function* () {
        const { userKey, until } = yield* visits.record(name(n), Visitor.make(`eve-${run}`))
        return yield* files.between(userKey, Math.max(until - 100, 0), until)
      }),
    "a list: visits": () =>
      Effect.andThen(visits.list(visit.userKey, Visitor.make("ann"), page), visits.find(visit.userKey, visit.id ?? 0)),
    "a list: news of 100 users": (n) =>
      visits.news(Visitor.make(n % 2 === 0 ? "eve" : "nobody"), { after: user(n), limit: 100 }),
    "a list: 100 users": () => users.list(middle),
    "a list: 100 users that fail": () => users.list({ ...middle, state: "failing" }),
    "a list: the details of a user": (n) => users.details(name(n)),
    "a list: the details of the user with the most files": () =>
      Effect.andThen(users.details(Username.make(`user-${maxFiles}`)), files.history(maxFiles as UserKey, page)),
    "a list: a user's files": (n) => files.history(user(n) as UserKey, { before: last, limit: 1_000 }),
    "a list: one file": (n) => files.find(n + 1),
    "a list: scans": (n) =>
      Effect.gen(function* () {
        yield* scans.list(page)
        yield* scans.find(scan)
        yield* scans.lastDone
        yield* scans.lastEnded
        yield* files.ofScan(n + 1, 100)
        yield* scans.failures(scan, 100)
      }),
    "a list: publications": () => publications.list({ ...page, state: Option.none() }),
    "a list: publications by state": (n) =>
      publications.list({
        ...page,
        before: n % 2 === 0 ? last : 1_000,
        state: Option.some((["pending", "failed", "gone", "published"] as const)[n % 4] ?? "pending")
      }),
    "a list: one publication": (n) =>
      Effect.andThen(publications.find(claimOf(n).key), publications.attempts(claimOf(n).key)),
    "tracking and untracking": (n) =>
      Effect.gen(function* () {
        const username = Username.make(`new-${n}-${run}`)
        yield* users.track(username, n % 2 === 0 ? {} : { id: UserId.make(1e9 + run + n) })
        yield* users.key(username)
        yield* users.untrack(username)
        yield* users.track(username, {})
      }),
    retrying: (n) =>
      Effect.gen(function* () {
        yield* Effect.ignore(publications.retry(n + 1))
      }),
    "status, metrics": () => totals.read,
    "the page: 30 days": () => days.list(30),
    "the page: what changed": () =>
      Effect.gen(function* () {
        yield* changes.position
        yield* changes.files(position.file - 5_000, position.file)
        yield* changes.publications(position.attempt - 200, position.attempt)
        yield* changes.scans(position.scan - 20, [scan])
      }),
    // Once: the time depends on the number of failed publications.
    "retrying all failed publications": (n) => (n === 0 ? publications.retryFailed : Effect.void)
  }
}
