/**
 * Attempts a batch of claims, several at a time. While all is well, the batch is extended before its last claims are taken,
 * so that no attempt waits for the slowest one, nor for a claim.
 */
import { Cause, Effect, Latch, Queue } from "effect"
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
  const held = new Set<Claim>(first)
  /** Open while few claims wait. */
  const low = Latch.makeUnsafe()
  const isLow = (waiting: Waiting): boolean => Queue.sizeUnsafe(waiting) < concurrency / 2

  /** Answers whether the batch is full again. A batch that is not full has taken all that is due, or all that may be tried. */
  const extend = Effect.fnUntraced(function* (waiting: Waiting) {
    // Attempts end while the claim is made.
    const before = held.size
    const claims = yield* more(before)
    for (const claim of claims) held.add(claim)
    yield* Queue.offerAll(waiting, claims)
    return before + claims.length >= full(concurrency)
  })

  const extendWhenLow = Effect.fnUntraced(function* (waiting: Waiting) {
    let isOpen = first.length >= full(concurrency)
    while (isOpen) {
      yield* low.await
      // Cannot be interrupted: a claim that nobody holds would wait for the end of its lease.
      isOpen = yield* Effect.uninterruptible(extend(waiting))
      if (!isLow(waiting)) low.closeUnsafe()
    }
    yield* Queue.end(waiting)
  })

  const attemptNext = Effect.fnUntraced(function* (waiting: Waiting) {
    const claim = yield* Queue.take(waiting)
    if (isLow(waiting)) low.openUnsafe()
    onEnd(yield* attempt(claim))
    held.delete(claim)
  })

  const worker = (waiting: Waiting) =>
    Effect.catchIf(Effect.forever(attemptNext(waiting)), Cause.isDone, () => Effect.void)

  return Effect.gen(function* () {
    const waiting = yield* Queue.unbounded<Claim, Cause.Done>()
    yield* Queue.offerAll(waiting, first)
    const workers = Array.from({ length: concurrency }, () => worker(waiting))
    yield* Effect.all([extendWhenLow(waiting), ...workers], { concurrency: "unbounded", discard: true })
  }).pipe(Effect.onError(() => Effect.ignore(release([...held]))))
}

/** Claims that no attempt has taken. Ends when no claim follows. */
type Waiting = Queue.Queue<Claim, Cause.Done>
