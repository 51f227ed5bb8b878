/**
 * Asks for many things by as few requests as the service can answer. The size of a request adapts: it is halved when the
 * service did not get done with one, and grows by one with each that was full.
 *
 * One thing that cannot be answered even alone is that thing's trouble, and the size is what it was before. Several of those
 * in a row are everybody's.
 */
import { Effect, Result } from "effect"
import { type GithubError, githubError, Unavailable } from "./errors.ts"

/** What one of many was answered; `unanswered` when it has to be asked for again, among fewer. */
export type One<A> = Result.Result<A, GithubError> | "unanswered"

export interface Batches {
  /** How many things a request asks for at present. */
  readonly size: () => number
  /**
   * In the order of `keys`. A request that fails with `Unavailable` is split; any other failure ends it, for those that are
   * not answered yet. Fails when that is everybody.
   */
  readonly ask: <K, A>(
    keys: ReadonlyArray<K>,
    query: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<One<A>>, GithubError>
  ) => Effect.Effect<ReadonlyArray<Result.Result<A, GithubError>>, GithubError>
}

/** So many single ones in a row without an answer are an outage. */
const signsOfOutage = 3

export const make = (most: number): Batches => {
  let size = most

  const ask: Batches["ask"] = Effect.fnUntraced(function* <K, A>(
    keys: ReadonlyArray<K>,
    query: (keys: ReadonlyArray<K>) => Effect.Effect<ReadonlyArray<One<A>>, GithubError>
  ) {
    const begun = size
    const answers = new Map<number, Result.Result<A, GithubError>>()
    let left = [...keys.keys()]
    let asking = size
    let hopeless = 0
    let answered = 0

    while (left.length > 0) {
      const chunk = left.slice(0, asking)
      const rest = left.slice(asking)
      const result = yield* Effect.result(query(chunk.map((index) => keys[index] as K)))
      if (result._tag === "Failure" && result.failure.reason._tag !== "Unavailable") {
        if (answered === 0) return yield* result.failure
        for (const index of left) answers.set(index, Result.fail(result.failure))
        break
      }
      left = []
      for (const [place, index] of chunk.entries()) {
        const one = result._tag === "Success" ? (result.success[place] ?? "unanswered") : "unanswered"
        if (one === "unanswered") left.push(index)
        else answers.set(index, one)
      }
      const unanswered = left
      left = [...unanswered, ...rest]
      answered += chunk.length - unanswered.length

      if (unanswered.length === 0) {
        const full = chunk.length === asking
        if (hopeless > 0) size = begun
        else if (full) size = Math.min(size + 1, most)
        asking = hopeless > 0 ? begun : full ? Math.min(asking + 1, most) : asking
        hopeless = 0
      } else if (chunk.length > 1) {
        if (unanswered.length < chunk.length) hopeless = 0
        asking = Math.floor(chunk.length / 2)
        size = Math.max(Math.floor(size / 2), 1)
      } else {
        hopeless += 1
        const failure = result._tag === "Failure" ? result.failure : notDone
        const outage = hopeless >= signsOfOutage
        if (outage && answered === 0) return yield* failure
        for (const index of outage ? left : unanswered) answers.set(index, Result.fail(failure))
        left = outage ? [] : rest
      }
    }
    return keys.map((_, index) => answers.get(index) ?? Result.fail(notDone))
  })

  return { size: () => size, ask }
}

const notDone = githubError(
  new Unavailable({ message: "GitHub does not get done with what is asked of this one user" })
)
