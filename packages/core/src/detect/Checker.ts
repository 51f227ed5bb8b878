/**
 * Checks users: by batches where GitHub offers them, else by lists, side by side.
 *
 * Guarantees: an account's failure, a missing answer included, is recorded on that user alone. Trouble of the token or of
 * GitHub ends the checks, and marks no user.
 */
import { Array as Arr, Clock, Context, DateTime, Duration, Effect, Layer, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import type { ContentCache } from "../github/ContentCache.ts"
import { Github, type GithubError, githubError, maxLogins, Unavailable } from "../github/Github.ts"
import { RequestedFor } from "../net/limitEvidence.ts"
import type { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as CheckBatch from "./checkBatch.ts"
import { answered, type Checked, failed, together } from "./checked.ts"
import * as CheckUser from "./checkUser.ts"
import { isSameRefusal, signsOfOutage, waitAfter } from "./failures.ts"
import type { ListOrder } from "./verdict.ts"

/** Users checked side by side. GitHub's throttle decides how many requests leave. */
const concurrency = 16

/** Fewer users are checked by their lists, which cost nothing while they are unchanged. */
const minBatch = 10

/** Pages that a long listing reads in a turn, before the next user's. */
const pagesPerTurn = 5

/** A limit of this many requests an hour has room for any listing. */
const ampleHour = 1_000

/** What ends the checks. */
type Trouble = GithubError | DatabaseError

/** The results of users' checks, and how far the checks came. */
export interface CheckedUsers {
  readonly checked: ReadonlyArray<Checked>
  /** The last user, in the given order, before whom every user was checked. */
  readonly cursor: number | undefined
  /** What ended the checks. */
  readonly trouble: Trouble | undefined
}

export class Checker extends Context.Service<
  Checker,
  {
    readonly check: (
      scan: ScanId,
      users: ReadonlyArray<ScanUser>,
      /** `isPatient`: long listings leave a part of a short hour to other requests, and go on with a later scan. */
      options: { readonly isPatient: boolean }
    ) => Effect.Effect<CheckedUsers>
    /** Whether only users with an ETag are checked, because the hour's points are spent. */
    readonly spent: Effect.Effect<boolean>
    /** Forgets the outage that ended the last scan. */
    readonly begin: Effect.Effect<void>
  }
>()("gitpip/Checker") {
  static readonly layer: Layer.Layer<Checker, never, ContentCache | Store | Github | Settings> = Layer.effect(
    Checker,
    Effect.gen(function* () {
      const { checks } = yield* Store
      const github = yield* Github
      const lists = yield* CheckUser.make
      const byBatch = yield* CheckBatch.make

      /** Failing users, with the reason, since GitHub last answered a list. */
      const marked = new Map<UserKey, string>()
      /** Users in a row that GitHub did not answer for. */
      let unanswered = 0
      const outage = Effect.suspend(() =>
        githubError(new Unavailable({ message: "GitHub does not answer, for one user after the other" }))
      )

      const fail = Effect.fnUntraced(function* (
        user: ScanUser,
        error: { readonly reason: string; readonly message: string; readonly asked: Duration.Duration }
      ) {
        const { message, reason } = error
        marked.set(user.key, reason)
        const count = user.failures + 1
        yield* Telemetry.log("Warn", "user.failed", { user: user.username, reason, detail: message })
        return failed(user, { count, reason, message, retryIn: waitAfter({ ...error, count }) })
      })

      /** Records a refusal on the user, unless it is global. */
      const onGithubError = Effect.fnUntraced(function* (user: ScanUser, error: GithubError) {
        const { reason } = error
        const isUnavailable = reason._tag === "Unavailable"
        unanswered = isUnavailable ? unanswered + 1 : 0
        if (error.isGlobal && (!isUnavailable || unanswered >= signsOfOutage)) return yield* error
        // The second failure is no chance: GitHub may be able to show a shorter page.
        // https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/18649
        if (isUnavailable && user.failures > 0) yield* lists.shrinkPages(user)
        const asked =
          reason._tag === "RateLimited" ? DateTime.distance(yield* DateTime.now, reason.resumeAt) : Duration.zero
        return yield* fail(user, { reason: reason._tag, message: error.message, asked })
      })

      /** Checks one user by the list. */
      const byList = Effect.fnUntraced(function* (scan: ScanId, order: ListOrder, maxPages: number) {
        const { user } = order
        if (unanswered >= signsOfOutage) return yield* outage
        return yield* lists.check(scan, order, maxPages).pipe(
          Effect.provideService(RequestedFor, { user: `${user.key}`, thing: `${user.key}` }),
          Effect.flatMap((answer) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              unanswered = 0
              marked.clear()
              return answered(user, answer, now)
            })
          ),
          Effect.catchTags({
            GithubError: (error) => onGithubError(user, error),
            UserConflict: ({ message }) => {
              unanswered = 0
              return fail(user, { reason: "NameTaken", message, asked: Duration.zero })
            }
          })
        )
      })

      /** Whether a long listing may take more of the hour. Without a token, half of the hour is left to other requests. */
      const hasRoom = Effect.gen(function* () {
        const { budget } = yield* github.limits
        if (budget === undefined || budget.limit >= ampleHour) return true
        const kept = Timing.reserve({
          limit: budget.limit,
          renewsAt: budget.resetAt,
          period: Duration.hours(1),
          now: yield* Clock.currentTimeMillis
        })
        return budget.remaining > kept
      })

      /**
       * Checks users by their lists, side by side, until trouble ends the checks. Long listings go on when all users have
       * been checked, some pages of each in turn, so that no user waits for them.
       */
      const byLists = Effect.fnUntraced(function* (
        scan: ScanId,
        orders: ReadonlyArray<ListOrder>,
        options: { readonly isPatient: boolean }
      ) {
        let trouble: Trouble | undefined
        const checkNext = (maxPages: number) => (order: ListOrder) =>
          Effect.suspend(() => (trouble === undefined ? byList(scan, order, maxPages) : Effect.fail(trouble))).pipe(
            Effect.tapError((error) =>
              Effect.sync(() => {
                trouble ??= error
              })
            ),
            Effect.result
          )
        const results = yield* Effect.forEach(orders, checkNext(1), { concurrency })
        for (;;) {
          const left = [...results.entries()].filter(
            ([, result]) => Result.isSuccess(result) && result.success.isUnfinished
          )
          if (left.length === 0 || (options.isPatient && !(yield* hasRoom))) return results
          yield* Effect.forEach(
            left,
            Effect.fnUntraced(function* ([index, before]) {
              const after = yield* checkNext(pagesPerTurn)(orders[index] as ListOrder)
              results[index] = Result.flatMap(before, (one) => Result.map(after, (other) => together(one, other)))
            }),
            { concurrency, discard: true }
          )
        }
      })

      /** Whether GitHub offers queries, but none is left in this hour. */
      const pointsAreSpent = Effect.gen(function* () {
        const { budget, blockedUntil } = yield* github.points.limits
        return github.batched && (blockedUntil > (yield* Clock.currentTimeMillis) || (budget?.remaining ?? 1) <= 0)
      })

      /** Checks as many users as possible by batches, and the others by lists. */
      const checkAll = Effect.fnUntraced(function* (
        scan: ScanId,
        users: ReadonlyArray<ScanUser>,
        options: { readonly isPatient: boolean }
      ) {
        const results = new Map<UserKey, Result.Result<Checked, Trouble>>()
        const orders: Array<ListOrder> = []
        if (users.length < minBatch || (yield* github.capacity).batched === 0) {
          // Lists without an ETag would take requests of the hour that publishing needs.
          const onlyFree = users.length >= minBatch && (yield* pointsAreSpent)
          const some = users.filter(({ etag }) => !onlyFree || etag !== null)
          orders.push(...some.map((user) => ({ user, isFull: false, fingerprint: null })))
        } else {
          // The next query is under way while the last one's results are stored.
          const batches = Arr.chunksOf(users, maxLogins)
          const answers = yield* Effect.forEach(batches, (batch) => Effect.result(byBatch(scan, batch)), {
            concurrency: 2
          })
          for (const [index, answer] of answers.entries()) {
            if (Result.isSuccess(answer)) {
              for (const [key, one] of answer.success.checked) results.set(key, Result.succeed(one))
              orders.push(...answer.success.orders)
            } else for (const { key } of batches[index] ?? []) results.set(key, Result.fail(answer.failure))
          }
        }
        const listed = yield* byLists(scan, orders, options)
        for (const [index, { user }] of orders.entries())
          results.set(user.key, listed[index] as (typeof listed)[number])
        return results
      })

      /** Takes back the failures that were the same refusal as the one that ended the checks. */
      const withoutRefused = Effect.fnUntraced(function* (checked: ReadonlyArray<Checked>, trouble: GithubError) {
        const isRefused = (reason: string) => isSameRefusal(reason, trouble.reason._tag)
        const refused = new Set([...marked].filter(([, reason]) => isRefused(reason)).map(([key]) => key))
        marked.clear()
        const own = checked.filter(({ check, outcome }) => outcome !== "Failed" || !refused.has(check.key))
        for (const { check } of checked) refused.delete(check.key)
        // Failures of earlier calls are stored already.
        if (refused.size > 0) yield* Effect.ignore(checks.unmark([...refused]))
        return own
      })

      return Checker.of({
        check: Effect.fnUntraced(function* (scan, users, options) {
          const results = yield* checkAll(scan, users, options)
          const { checked, cursor, trouble } = progressOf(users, results)
          if (trouble?._tag !== "GithubError" || !trouble.isGlobal) return { checked, cursor, trouble }
          return { checked: yield* withoutRefused(checked, trouble), cursor, trouble }
        }),
        spent: Effect.gen(function* () {
          return (yield* github.capacity).batched === 0 && (yield* pointsAreSpent)
        }),
        begin: Effect.sync(() => {
          unanswered = 0
        })
      })
    })
  )
}

/** What the results come to. The cursor stops before the first user with trouble, and passes users that were left out. */
const progressOf = (
  users: ReadonlyArray<ScanUser>,
  results: ReadonlyMap<UserKey, Result.Result<Checked, Trouble>>
): CheckedUsers => {
  const checked: Array<Checked> = []
  let trouble: Trouble | undefined
  let cursor: number | undefined
  for (const { key } of users) {
    const result = results.get(key)
    if (result === undefined) continue
    if (Result.isFailure(result)) trouble ??= result.failure
    else {
      checked.push(result.success)
      if (trouble === undefined) cursor = key
    }
  }
  return { checked, cursor: trouble === undefined ? users.at(-1)?.key : cursor, trouble }
}
