/**
 * One exchange with GitHub: behind a throttle, bounded, and with an error that says whether GitHub was reached.
 *
 * Guarantees: the token goes to the API's own origin only; nothing is followed and nothing is repeated here.
 */
import { Clock, DateTime, type Duration, Effect, Option, type Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { Throttle } from "../limits/Throttle.ts"
import { type Answer, exchange, type Head } from "../net/exchange.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { fail, type GithubError, RateLimited, Unavailable, Unreachable } from "./errors.ts"

const durations = Telemetry.requestsTo("github")

interface SendOptions {
  readonly throttle: Throttle
  readonly timeout: Duration.Duration
  readonly maxBytes: number
  /** Whether the request waits for a slot in the throttle's window, however long, or fails when the wait is long. */
  readonly whenFull: "wait" | "fail"
  /** Runs with the head of the response, before the request frees its place in the throttle. */
  readonly onHead?: (head: Head) => Effect.Effect<void>
}

/** A whole response, and the time that it took. */
export interface Exchanged {
  readonly answer: Answer
  /** When the request left, in epoch milliseconds. */
  readonly startedAt: number
  /** From the departure of the request to its whole response. */
  readonly lasted: Duration.Duration
}

/** Sends to GitHub, and leaves the meaning of the answer to the caller. */
export interface Transport {
  /** Whether an address is the API's own, so that the token may go there. */
  readonly isOwn: (url: URL) => boolean
  /** Adds the token, if there is one. Only for addresses that `isOwn` accepts. */
  readonly authorize: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
  readonly send: (
    request: HttpClientRequest.HttpClientRequest,
    options: SendOptions
  ) => Effect.Effect<Exchanged, GithubError>
}

/** A transport for the API at `apiUrl`. The token goes to that address's origin alone. */
export const make = (
  client: HttpClient.HttpClient,
  apiUrl: string,
  token: Option.Option<Redacted.Redacted>
): Transport => {
  const { origin, protocol } = new URL(apiUrl)
  return {
    // The protocol is compared by itself: the origin of `blob:https://…` is that of the address inside.
    isOwn: (url) => url.origin === origin && url.protocol === protocol && url.username === "" && url.password === "",
    authorize: Option.match(token, {
      onNone: () => (request) => request,
      onSome: (token) => HttpClientRequest.bearerToken(token)
    }),
    send: (request, { maxBytes, onHead = () => Effect.void, throttle, timeout, whenFull }) => {
      const timed = Effect.timed(exchange(client, request, { timeout, maxBytes, durations, onHead }))
      const sent = Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
        Effect.map(timed, ([lasted, answer]) => ({ answer, lasted, startedAt }))
      )
      return Effect.catchTags(throttle.run(sent, { whenFull }), {
        ExchangeError: ({ message, sent }) =>
          fail(
            sent
              ? new Unavailable({ message: `GitHub: ${message}` })
              : new Unreachable({ message: `GitHub cannot be reached: ${message}` })
          ),
        Throttled: ({ enforcedBy, isStored, until, why }) =>
          fail(
            new RateLimited({
              message: `GitHub is not asked again yet: ${why}`,
              resumeAt: DateTime.makeUnsafe(until),
              enforcedBy,
              ...(enforcedBy === "self" ? {} : { throttling: { why, isStored } })
            })
          )
      })
    }
  }
}
