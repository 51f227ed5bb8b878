/**
 * One exchange with a service over HTTP: a whole response with a bounded body, or a failure that says whether the request
 * can have reached the service.
 *
 * Redirects are responses here, and the transport never follows one: a token must not travel to another origin.
 */
import { Clock, Data, Duration, Effect, Layer, Metric, Stream } from "effect"
import {
  FetchHttpClient,
  Headers,
  HttpClient,
  type HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse
} from "effect/http"
import { causes } from "./causes.ts"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  /** Whether the body was longer than `maxBytes`, so that `body` is only its beginning. */
  readonly cut: boolean
}

/** No whole response came. `sent: false` means that the request certainly never reached the service. */
export class ExchangeError extends Data.TaggedError("ExchangeError")<{
  readonly sent: boolean
  readonly message: string
}> {}

export interface ExchangeOptions {
  readonly timeout: Duration.Duration
  /** The bound of a 2xx body. Any other body is bounded by `maxErrorBytes`. */
  readonly maxBytes: number
  /** The metric that takes the duration in seconds, by outcome. */
  readonly durations: (outcome: string) => Metric.Metric<number, unknown>
}

/** Room for every error that GitHub or Pipedrive documents, and for the beginning of an HTML page. */
const maxErrorBytes = 64 * 1024

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
    Effect.flatMap((response) =>
      Effect.map(body(response, isSuccess(response) ? options.maxBytes : maxErrorBytes), (read) => ({
        status: response.status,
        headers: response.headers,
        ...read
      }))
    ),
    Effect.mapError((error) => new ExchangeError({ sent: !neverSent(error), message: describe(error) })),
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

/**
 * The transport when a program brings none: `fetch`, with redirects as responses and errors without the request.
 *
 * Hazard: a layer is built once in a program. Without `fresh`, the client of another part (telemetry, for example) would be
 * used here, and would follow redirects with the token.
 */
export const layerTransport: Layer.Layer<HttpClient.HttpClient> = Layer.fresh(FetchHttpClient.layer).pipe(
  Layer.provide([
    Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Layer.effect(
      FetchHttpClient.Fetch,
      Effect.map(FetchHttpClient.Fetch, (fetch) => discreet(fetch))
    )
  ])
)

/**
 * Hazard: errors of `fetch` can quote a header or hold the request, above all those of proxies and of replaced agents. The
 * client's own spans export errors whole, so only their codes are passed on.
 */
const discreet =
  (inner: typeof fetch): typeof fetch =>
  async (input, init) => {
    try {
      return await inner(input, init)
    } catch (error) {
      const known = codes(error).map((code) => Object.assign(new Error(code), { code }))
      throw new TypeError("fetch failed", known.length === 0 ? {} : { cause: new AggregateError(known) })
    }
  }

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

/** Codes of failures before a single byte of the request was written. */
const BEFORE_SENDING = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID"
])

const codes = (error: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const cause of causes(error)) {
    if ("code" in cause && typeof cause.code === "string") found.push(cause.code)
    // Happy eyeballs wraps several in an AggregateError.
    if (cause instanceof AggregateError) found.push(...cause.errors.flatMap(codes))
  }
  return found
}

const neverSent = (error: HttpClientError.HttpClientError): boolean => {
  const found = codes(error)
  return found.length > 0 && found.every((code) => BEFORE_SENDING.has(code))
}

/** Codes only: messages of transports can hold addresses and, in odd proxies, credentials. */
const describe = (error: HttpClientError.HttpClientError): string => {
  const found = codes(error)
  return found.length > 0 ? `the connection failed (${[...new Set(found)].join(", ")})` : "the connection failed"
}
