/**
 * While it is not known whether GitHub accepts the token, one request at a time finds out, and the others wait for its end.
 *
 * GitHub blocks callers that send many requests with a wrong token:
 * https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
 */
import { Duration, Effect, Option, Semaphore } from "effect"

/** The longest time that a first request without an answer delays the other requests. */
const maxTrial = Duration.seconds(2)

/** The trials of one token. */
export const make = () => {
  const trials = Semaphore.makeUnsafe(1)
  /** Sends at once when `isOpen`, else after the trial of another request. */
  return <A, E, R>(isOpen: () => boolean, send: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const trial = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Effect.timeoutOption(trials.take(1), maxTrial)), (permit) => {
        if (Option.isNone(permit)) return restore(send)
        return isOpen()
          ? Effect.andThen(trials.release(1), restore(send))
          : Effect.ensuring(restore(send), trials.release(1))
      })
    )
    return Effect.suspend(() => (isOpen() ? send : trial))
  }
}
