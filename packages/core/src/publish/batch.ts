/**
 * Attempts a batch of claims, several at a time. While all is well, the batch is extended before its last claims are taken,
 * so that no attempt waits for the slowest one.
 */
import { Effect, Semaphore } from "effect"
import type { Claim } from "../store/Publications.ts"

interface Options<A, E> {
  readonly concurrency: number
  readonly attempt: (claim: Claim) => Effect.Effect<A, E>
  /** Claims more while that many are held: a full batch in all, unless there are fewer or none may be tried. */
  readonly more: (held: number) => Effect.Effect<ReadonlyArray<Claim>, E>
  /** Releases the claims that a failed or interrupted batch still holds. */
  readonly release: (claims: ReadonlyArray<Claim>) => Effect.Effect<unknown, unknown>
  readonly onEnd: (result: A) => void
}

/**
 * How many claims one process holds: enough to keep all attempts busy, few enough to end well within the lease, and to leave
 * files to other processes.
 */
export const full = (concurrency: number): number => concurrency * 2

/** Attempts these claims and those that extend the batch. */
export const attemptAll = <A, E>(
  first: ReadonlyArray<Claim>,
  { attempt, concurrency, more, onEnd, release }: Options<A, E>
): Effect.Effect<void, E> => {
  const waiting = [...first]
  const held = new Set(first)
  // A batch that is not full has taken all that is due, or all that may be tried.
  let isOpen = first.length >= full(concurrency)
  const one = Semaphore.makeUnsafe(1)

  /** Cannot be interrupted: a claim that nobody holds would wait for the end of its lease. */
  const extend = Effect.uninterruptible(
    one.withPermit(
      Effect.suspend(() => {
        if (!isOpen || waiting.length > concurrency / 2) return Effect.void
        return Effect.map(more(held.size), (claims) => {
          for (const claim of claims) held.add(claim)
          waiting.push(...claims)
          isOpen = held.size >= full(concurrency)
        })
      })
    )
  )

  const worker: Effect.Effect<void, E> = Effect.gen(function* () {
    for (;;) {
      if (isOpen && waiting.length <= concurrency / 2) yield* extend
      const claim = waiting.shift()
      if (claim === undefined) return
      onEnd(yield* attempt(claim))
      held.delete(claim)
    }
  })

  return Effect.forEach(Array.from({ length: concurrency }), () => worker, { concurrency, discard: true }).pipe(
    Effect.onError(() => Effect.ignore(release([...held])))
  )
}
