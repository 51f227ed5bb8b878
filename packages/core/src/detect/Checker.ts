/**
 * Checks users: by batches where GitHub offers them, else by lists, side by side.
 *
 * Guarantees: an account's failure, a missing answer included, is recorded on that user alone. Trouble of the token or of
 * GitHub ends the checks, and marks no user.
 */
import { Array as Arr, Clock, Context, Effect, Layer, Predicate, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { ScanId } from "../domain/Scan.ts"
import type { UserKey } from "../domain/User.ts"
import type { ContentCache } from "../github/ContentCache.ts"
import { Github, type GithubError, maxLogins } from "../github/Github.ts"
import { RequestedFor } from "../limits/evidence.ts"
import { Limits } from "../limits/Limits.ts"
import type { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { Store } from "../store/Store.ts"
import * as Blame from "./blame.ts"
import * as CheckBatch from "./checkBatch.ts"
import { answered, type CheckResult } from "./checkResult.ts"
import * as CheckUser from "./checkUser.ts"
import { hasRoom, pointsAreSpent } from "./room.ts"
import { inTurns } from "./turns.ts"
import type { ListOrder } from "./verdict.ts"

/** Fewer users are checked by their lists, which cost nothing while they are unchanged. */
const minBatch = 10

/** What ends the checks. */
type Trouble = GithubError | DatabaseError

/** The results of users' checks, and how far the checks came. */
export interface CheckResults {
  readonly checked: ReadonlyArray<CheckResult>
  /** The last user, in the given order, before whom every user was checked. */
  readonly cursor: number | undefined
  /** What ended the checks. */
  readonly trouble: Trouble | undefined
}

/** Checks one user, or a batch of users, at GitHub and stores what is new. */
export class Checker extends Context.Service<
  Checker,
  {
    readonly check: (
      scan: ScanId,
      users: ReadonlyArray<ScanUser>,
      /** `isPatient`: long listings leave a part of a short hour to other requests, and go on with a later scan. */
      options: { readonly isPatient: boolean }
    ) => Effect.Effect<CheckResults>
    /** Whether only users with an ETag are checked, because the hour's points are spent. */
    readonly spent: Effect.Effect<boolean>
    /** Forgets the outage that ended the last scan. */
    readonly begin: Effect.Effect<void>
  }
>()("gitpip/Checker") {
  static readonly layer: Layer.Layer<Checker, never, ContentCache | Store | Limits | Github | Settings> = Layer.effect(
    Checker,
    Effect.gen(function* () {
      const { checks } = yield* Store
      const github = yield* Github
      const limits = yield* Limits
      const lists = yield* CheckUser.make
      const byBatch = yield* CheckBatch.make
      const blame = Blame.make({
        probe: github.checkLists,
        shrinkPages: lists.shrinkPages,
        unmark: checks.unmark
      })

      const byList = Effect.fnUntraced(function* (scan: ScanId, order: ListOrder, maxPages: number) {
        const { user } = order
        yield* blame.failInOutage
        return yield* lists.check(scan, order, maxPages).pipe(
          Effect.provideService(RequestedFor, { user: `${user.key}`, thing: `${user.key}` }),
          Effect.flatMap((answer) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              blame.onAnswer()
              return answered(user, answer, now)
            })
          ),
          Effect.catchTags(blame.handlers(user))
        )
      })

      /** Checks as many users as possible by batches, and the others by lists. */
      const checkAll = Effect.fnUntraced(function* (
        scan: ScanId,
        users: ReadonlyArray<ScanUser>,
        options: { readonly isPatient: boolean }
      ) {
        const results: Results = new Map()
        const isSmall = users.length < minBatch || (yield* github.capacity).batched === 0
        const orders = isSmall
          ? yield* listOrders(users, { github, limits })
          : yield* byBatches(users, { check: (batch) => byBatch(scan, batch), results })
        const listed = yield* inTurns(orders, {
          check: (order, maxPages) => byList(scan, order, maxPages),
          mayGoOn: options.isPatient ? hasRoom(limits) : Effect.succeed(true)
        })
        for (const [index, { user }] of orders.entries())
          results.set(user.key, listed[index] as (typeof listed)[number])
        return results
      })

      return Checker.of({
        check: Effect.fnUntraced(function* (scan, users, options) {
          const progress = progressOf(users, yield* checkAll(scan, users, options))
          const { checked, trouble } = progress
          if (!isGithubError(trouble) || !trouble.isGlobal) return progress
          return { ...progress, checked: yield* blame.withoutRefused(checked, trouble) }
        }),
        spent: Effect.gen(function* () {
          return (yield* github.capacity).batched === 0 && (yield* pointsAreSpent({ github, limits }))
        }),
        begin: Effect.sync(blame.forgetOutage)
      })
    })
  )
}

const isGithubError = Predicate.isTagged("GithubError")

type Results = Map<UserKey, Result.Result<CheckResult, Trouble>>

/** The users to check by lists. Lists without an ETag would take requests of the hour that publishing needs. */
const listOrders = Effect.fnUntraced(function* (
  users: ReadonlyArray<ScanUser>,
  services: Parameters<typeof pointsAreSpent>[0]
) {
  const onlyFree = users.length >= minBatch && (yield* pointsAreSpent(services))
  const some = users.filter(({ etag }) => !onlyFree || etag !== null)
  return some.map((user): ListOrder => ({ user, isFullListing: false, batch: null }))
})

/** Checks users by batches into `results`, and answers the users to check by lists. */
const byBatches = Effect.fnUntraced(function* (
  users: ReadonlyArray<ScanUser>,
  {
    check,
    results
  }: {
    readonly check: (batch: ReadonlyArray<ScanUser>) => Effect.Effect<CheckBatch.BatchResult, Trouble>
    readonly results: Results
  }
) {
  const batches = Arr.chunksOf(users, maxLogins)
  // The next query is under way while the last one's results are stored.
  const answers = yield* Effect.forEach(batches, (batch) => Effect.result(check(batch)), { concurrency: 2 })
  const orders: Array<ListOrder> = []
  for (const [index, answer] of answers.entries()) {
    if (Result.isSuccess(answer)) {
      for (const [key, one] of answer.success.checked) results.set(key, Result.succeed(one))
      orders.push(...answer.success.orders)
    } else for (const { key } of batches[index] ?? []) results.set(key, Result.fail(answer.failure))
  }
  return orders
})

/** What the results come to. The cursor stops before the first user with trouble, and passes users that were left out. */
const progressOf = (
  users: ReadonlyArray<ScanUser>,
  results: ReadonlyMap<UserKey, Result.Result<CheckResult, Trouble>>
): CheckResults => {
  const checked: Array<CheckResult> = []
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
