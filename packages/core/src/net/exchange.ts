/**
 * One exchange with a service over HTTP: a whole response with a bounded body, or a failure that says whether the request
 * can have reached the service.
 *
 * Redirects are responses here, and the transport (transport.ts) never follows one: a token must not travel to another
 * origin.
 */
import { Clock, Data, Duration, Effect, Metric, Stream } from "effect"
import { Headers, HttpClient, type HttpClientError, type HttpClientRequest, type HttpClientResponse } from "effect/http"
import { causes, codesOf } from "./causes.ts"
import { ConnectionFault, explain, isNeverSent } from "./connectionFault.ts"

/** What arrives before the body of a response. */
export interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** A response whose body was read, up to a bound. */
export interface Answer extends Head {
  readonly body: Uint8Array
  /** Whether the body was longer than `maxBytes`, so that `body` is only its beginning. */
  readonly cut: boolean
}

/** No whole response came. `sent: false` means that the request certainly never reached the service. */
export class ExchangeError extends Data.TaggedError("ExchangeError")<{
  readonly sent: boolean
  readonly message: string
}> {}

/** The bounds of one exchange. */
export interface ExchangeOptions {
  readonly timeout: Duration.Duration
  /** The bound of a 2xx body. Any other body is bounded by `maxErrorBytes`. */
  readonly maxBytes: number
  /** The metric that takes the duration in seconds, by outcome. */
  readonly durations: (outcome: string) => Metric.Metric<number, unknown>
  /** Runs when the head has arrived. A body that breaks off does not make the head's limits untrue. */
  readonly onHead?: (head: Head) => Effect.Effect<void>
}

/** Room for every error that GitHub or Pipedrive documents, and for the beginning of an HTML page. */
const maxErrorBytes = 64 * 1024

/**
 * Sends a request and reads the response within the time-out. Each status is an answer; only a missing answer is a
 * failure.
 */
export const exchange = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  options: ExchangeOptions
): Effect.Effect<Answer, ExchangeError> =>
  client.execute(request).pipe(
    // A program that records headers in its traces must not record the token.
    Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, "x-api-token"]),
    // Trace ids stay inside the program.
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.tap(({ headers, status }) => options.onHead?.({ status, headers }) ?? Effect.void),
    Effect.flatMap((response) =>
      Effect.map(body(response, isSuccess(response) ? options.maxBytes : maxErrorBytes), (read) => ({
        status: response.status,
        headers: response.headers,
        ...read
      }))
    ),
    Effect.mapError((error) => {
      const fault = faultOf(error)
      return new ExchangeError({ sent: !isNeverSent(fault), message: explain(fault) })
    }),
    Effect.timeoutOrElse({
      duration: options.timeout,
      orElse: () =>
        Effect.fail(new ExchangeError({ sent: true, message: `no answer within ${Duration.format(options.timeout)}` }))
    }),
    timed(options.durations)
  )

const isSuccess = ({ status }: HttpClientResponse.HttpClientResponse): boolean => status >= 200 && status < 300

const timed = (durations: ExchangeOptions["durations"]) => (whole: Effect.Effect<Answer, ExchangeError>) =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    const note = (outcome: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Metric.update(durations(outcome), (now - startedAt) / 1_000))
    return whole.pipe(
      Effect.tap(({ status }) => note(String(status))),
      Effect.tapError(({ sent }) => note(sent ? "no_answer" : "unreachable"))
    )
  })

/** The body as JSON, or `undefined` when it is not JSON (an HTML page, a cut response). */
export const json = (answer: Answer): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(answer.body))
  } catch {
    return undefined
  }
}

/** A header that holds a whole number. */
export const int = (headers: Answer["headers"], name: string): number | undefined => {
  const value = headers[name]
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/**
 * The wait of `retry-after` in milliseconds: a number of seconds, or a date by the clock of the service.
 * https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @param now epoch milliseconds, for a response that does not say when it was sent
 */
export const retryAfter = (headers: Answer["headers"], now: number): number | undefined => {
  const seconds = int(headers, "retry-after")
  if (seconds !== undefined) return seconds * 1_000
  const until = dateOf(headers["retry-after"])
  return until === undefined ? undefined : Math.max(until - (dateOf(headers.date) ?? now), 0)
}

/** Hazard: `Date.parse` takes "-1" for a year. */
const dateOf = (value = ""): number | undefined => {
  const at = / GMT$/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

const body = (response: HttpClientResponse.HttpClientResponse, maxBytes: number) => {
  // A 204 or 304 has no body, and asking its stream for one is an error.
  if (response.status === 204 || response.status === 304) return Effect.succeed({ body: new Uint8Array(0), cut: false })
  const length = Number(response.headers["content-length"] ?? Number.NaN)
  // Reading a body of known length whole is several times cheaper than streaming it.
  if (length <= maxBytes && response.headers["content-encoding"] === undefined) {
    return Effect.map(response.arrayBuffer, (buffer) => ({ body: new Uint8Array(buffer), cut: false }))
  }
  return Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      // Stopping early cancels the transfer: an endless body costs no more than `maxBytes`.
      Stream.takeWhile((chunk) => {
        chunks.push(chunk)
        size += chunk.byteLength
        return size <= maxBytes
      }),
      Stream.runDrain,
      // Some responses have no body, a redirect for example. The transport chooses whether the stream is empty or fails.
      Effect.catchReason("HttpClientError", "EmptyBodyError", () => Effect.void),
      Effect.map(() => ({ body: Buffer.concat(chunks).subarray(0, maxBytes), cut: size > maxBytes }))
    )
  })
}

/** What the transport found. A client that a program brings has errors of its own, which have codes. */
const faultOf = (error: HttpClientError.HttpClientError): Pick<ConnectionFault, "codes" | "proxy"> => {
  for (const cause of causes(error)) if (cause instanceof ConnectionFault) return cause
  return { codes: codesOf(error), proxy: undefined }
}
