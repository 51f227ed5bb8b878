/** Group commit: calls that come while a statement runs share the next statement. */
import { Deferred, Effect, Exit, Semaphore } from "effect"

interface Waiting<A, B, E> {
  readonly item: A
  readonly result: Deferred.Deferred<B, E>
}

/**
 * Makes a call for one item of a call for many, which answers a result for each item. One call for many runs at a time, so a
 * call that comes alone waits for nobody. Its failure is that of all its items.
 *
 * Hazards: a group waits for its slowest item, and runs in the transaction of the caller that leads it. So no item may wait
 * long for a lock, and no caller may be within a transaction.
 */
export const grouped = <A, B, E>(
  run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
): ((item: A) => Effect.Effect<B, E>) => {
  const one = Semaphore.makeUnsafe(1)
  let waiting: ReadonlyArray<Waiting<A, B, E>> = []

  const settle = (group: ReadonlyArray<Waiting<A, B, E>>, exit: Exit.Exit<ReadonlyArray<B>, E>): void => {
    for (const [index, { result }] of group.entries()) {
      Deferred.doneUnsafe(
        result,
        Exit.map(exit, (results) => results[index] as B)
      )
    }
  }

  /** Runs for all that wait, unless another caller has run for this one. An interrupted leader leaves the others to the next. */
  const lead = (own: Waiting<A, B, E>) =>
    Effect.suspend(() => {
      if (!waiting.includes(own)) return Effect.void
      const group = waiting
      waiting = []
      return run(group.map(({ item }) => item)).pipe(
        Effect.exit,
        Effect.map((exit) => settle(group, exit)),
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            waiting = [...group.filter(({ result }) => !Deferred.isDoneUnsafe(result)), ...waiting]
          })
        )
      )
    })

  return (item) =>
    Effect.suspend(() => {
      const own: Waiting<A, B, E> = { item, result: Deferred.makeUnsafe() }
      waiting = [...waiting, own]
      return Effect.andThen(one.withPermit(lead(own)), Deferred.await(own.result)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            waiting = waiting.filter((other) => other !== own)
            Deferred.doneUnsafe(own.result, Exit.interrupt())
          })
        )
      )
    })
}
