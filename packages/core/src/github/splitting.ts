/**
 * Asks for many things by as few requests as the service can answer. The size of a request adapts: it is halved after a
 * request that the service did not complete, and grows by one with each that was full.
 *
 * A thing without an answer even by itself fails alone, and the size returns to what it was before. Several of those in a
 * row are an outage.
 */
import { Effect, Result } from "effect"
import { type GithubError, githubError, Unavailable } from "./errors.ts"

/** The answer about one of many things; `unanswered` when it has to be asked for again, among fewer. */
export type One<A> = Result.Result<A, GithubError> | "unanswered"

/** Splits keys into requests of a size that the service completes. */
export interface Splitter {
  /** How many things a request asks for at present. */
  readonly size: () => number
  /**
   * In the order of `keys`. A request that fails with `Unavailable` is split. Any other failure ends the batch, for the keys
   * without an answer. Fails when no key has one.
   */
  readonly ask: <K, A>(
    keys: ReadonlyArray<K>,
    query: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<One<A>>, GithubError>
  ) => Effect.Effect<ReadonlyArray<Result.Result<A, GithubError>>, GithubError>
}

/** That many single things in a row without an answer are an outage. */
const outageSigns = 3

/** A splitter that begins with requests of `maxSize` keys. */
export const make = (maxSize: number): Splitter => {
  let size = maxSize

  const ask: Splitter["ask"] = Effect.fnUntraced(function* <K, A>(
    keys: ReadonlyArray<K>,
    query: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<One<A>>, GithubError>
  ) {
    const sizeBefore = size
    const answers = new Map<number, Result.Result<A, GithubError>>()
    const failAll = (indexes: ReadonlyArray<number>, error: GithubError) => {
      for (const index of indexes) answers.set(index, Result.fail(error))
    }
    let left = [...keys.keys()]
    let asking = size
    let unansweredInRow = 0
    let answered = 0

    while (left.length > 0) {
      const chunk = left.slice(0, asking)
      const rest = left.slice(asking)
      const asked = yield* Effect.result(queryOrNothing(query(chunk.map((index) => keys[index] as K))))
      if (Result.isFailure(asked)) {
        if (answered === 0) return yield* asked.failure
        failAll(left, asked.failure)
        break
      }
      const unanswered: Array<number> = []
      for (const [position, index] of chunk.entries()) {
        const one = asked.success.answers[position] ?? "unanswered"
        if (one === "unanswered") unanswered.push(index)
        else answers.set(index, one)
      }
      left = [...unanswered, ...rest]
      answered += chunk.length - unanswered.length

      if (unanswered.length === 0) {
        const isFull = chunk.length === asking
        if (unansweredInRow > 0) size = sizeBefore
        else if (isFull) size = Math.min(size + 1, maxSize)
        asking = unansweredInRow > 0 ? sizeBefore : isFull ? Math.min(asking + 1, maxSize) : asking
        unansweredInRow = 0
      } else if (chunk.length > 1) {
        if (unanswered.length < chunk.length) unansweredInRow = 0
        asking = Math.floor(chunk.length / 2)
        size = Math.max(Math.floor(size / 2), 1)
      } else {
        unansweredInRow += 1
        const isOutage = unansweredInRow >= outageSigns
        if (isOutage && answered === 0) return yield* asked.success.error
        failAll(isOutage ? left : unanswered, asked.success.error)
        left = isOutage ? [] : rest
      }
    }
    return keys.map((_, index) => answers.get(index) ?? Result.fail(notDone))
  })

  return { size: () => size, ask }
}

/** A query that GitHub does not complete answers nothing. `error`: that of the things without an answer. */
const queryOrNothing = <A>(query: Effect.Effect<ReadonlyArray<One<A>>, GithubError>) =>
  query.pipe(
    Effect.map((answers) => ({ answers, error: notDone })),
    Effect.catchReason("GithubError", "Unavailable", (_, error) => Effect.succeed({ answers: [], error }))
  )

const notDone = githubError(new Unavailable({ message: "GitHub does not complete a query for this one user" }))
