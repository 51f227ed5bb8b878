/** Checks users by their lists, side by side. Long listings take turns, so that no user waits for them. */
import { Effect, Result } from "effect"
import { type CheckResult, together } from "./checkResult.ts"
import type { ListOrder } from "./verdict.ts"

/** Users checked side by side. GitHub's throttle decides how many requests leave. */
const concurrency = 16

/** Pages that a long listing reads in a turn, before the next user's. */
const pagesPerTurn = 5

/** How one user is checked, and whether there is room to go on. */
export interface TurnOptions<E> {
  readonly check: (order: ListOrder, maxPages: number) => Effect.Effect<CheckResult, E>
  /** Whether long listings may go on now. The other pages are left to a later scan. */
  readonly mayGoOn: Effect.Effect<boolean>
}

/** The result of each order. After a failure nothing more is checked, and all later results are that failure. */
export const inTurns = Effect.fnUntraced(function* <E>(
  orders: ReadonlyArray<ListOrder>,
  { check, mayGoOn }: TurnOptions<E>
) {
  let ended: Effect.Effect<never, E> | undefined
  const checkNext = (maxPages: number) => (order: ListOrder) =>
    Effect.suspend(() => ended ?? check(order, maxPages)).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          ended ??= Effect.fail(error)
        })
      ),
      Effect.result
    )
  const results = yield* Effect.forEach(orders, checkNext(1), { concurrency })
  for (;;) {
    const left = [...results.entries()].filter(([, result]) => Result.isSuccess(result) && result.success.isUnfinished)
    if (left.length === 0 || !(yield* mayGoOn)) return results
    yield* Effect.forEach(
      left,
      Effect.fnUntraced(function* ([index, before]) {
        const after = yield* checkNext(pagesPerTurn)(nextTurn(orders[index] as ListOrder, Result.getOrThrow(before)))
        results[index] = Result.flatMap(before, (one) => Result.map(after, (other) => together(one, other)))
      }),
      { concurrency, discard: true }
    )
  }
})

const nextTurn = (order: ListOrder, turnBefore: CheckResult): ListOrder => ({
  ...order,
  turnBefore,
  user: { ...order.user, isNew: false }
})
