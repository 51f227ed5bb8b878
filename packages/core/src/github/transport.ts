/**
 * The way to GitHub's API, for reads and for queries: when a request may leave, where it may go, and what its answer means.
 *
 * Guarantees: requests and the points of queries have a throttle each, so that limits are obeyed before they are hit; the token
 * goes to the API's own origin only; redirects are followed there only; every body is bounded. Raw content is read by
 * `raw.ts`.
 *
 * A refusal is the token's only on evidence: see `evidence.ts`. Then nothing is sent until one cheap request is answered.
 */
import { createHash } from "node:crypto"
import { Clock, DateTime, Duration, Effect, Exit, Option, Redacted, Schema, Semaphore } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import { sentence } from "../domain/Text.ts"
import { type Answer, exchange, int, json } from "../net/exchange.ts"
import * as LimitEvidence from "../net/limitEvidence.ts"
import { RequestedFor } from "../net/limitEvidence.ts"
import * as Evidence from "../net/refusalEvidence.ts"
import type { Quotas } from "../net/SharedQuota.ts"
import * as Throttle from "../net/Throttle.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import {
  classify,
  fail,
  type GithubError,
  githubError,
  limitEnd,
  maxLimitWait,
  minLimitWait,
  RateLimited,
  Refused,
  type Subject,
  Unauthorized,
  Unavailable,
  Unexpected,
  Unreachable,
  type Verdict
} from "./errors.ts"

export interface ReadOptions {
  /** The validator of what is known already. It belongs to the token it was given to; another one just gets the answer. */
  readonly etag?: string | undefined
  readonly maxBytes: number
  readonly subject: Subject
}

/** An answer, and the address that gave it after redirects. */
export interface Read extends Answer {
  readonly url: URL
}

/** What a query was answered. `data` may be there beside `errors`, and either may be missing. */
export interface QueryAnswer {
  readonly data: unknown
  readonly errors: ReadonlyArray<QueryError>
  /** How long it took, waits before it not included. */
  readonly seconds: number
}

/** `type` is missing for faults of GitHub's own. `path` begins with the alias of what it is about. */
export interface QueryError {
  readonly type?: string | undefined
  readonly message: string
  readonly path: ReadonlyArray<unknown>
}

export const make = (
  client: HttpClient.HttpClient,
  apiUrl: string,
  token: Option.Option<Redacted.Redacted>,
  sharedQuota: Quotas
) => {
  const { origin, protocol } = new URL(apiUrl)
  // The protocol by itself: the origin of `blob:https://…` is that of the address within.
  const isOwn = (url: URL): boolean =>
    url.origin === origin && url.protocol === protocol && url.username === "" && url.password === ""
  const secret = Option.match(token, { onNone: () => "", onSome: Redacted.value })
  const fingerprint = createHash("sha256").update(`${apiUrl}\n${secret}`).digest("hex").slice(0, 16)
  const authorize = Option.match(token, {
    onNone: () => (request: HttpClientRequest.HttpClientRequest) => request,
    onSome: (token) => HttpClientRequest.bearerToken(token)
  })
  const requests = Throttle.make({ concurrency, patience, quota: sharedQuota.quota(`github:${fingerprint}`) })
  // One query at a time: GitHub allows a minute of computing in a minute, and takes the time of an answer for its measure.
  const points = Throttle.make({ concurrency: 1, patience: 0 })

  let unlimited = false
  /** Whether GitHub's last answer accepted the token. */
  let isAccepted = Option.isNone(token)

  const noteAcceptance = <A>(send: Effect.Effect<A, GithubError>): Effect.Effect<A, GithubError> =>
    Effect.onExit(send, (exit) =>
      Effect.sync(() => {
        const reason = Option.map(Exit.findErrorOption(exit), ({ reason }) => reason)
        if (Option.exists(reason, ({ _tag }) => _tag === "Unauthorized")) isAccepted = false
        else isAccepted ||= Exit.isSuccess(exit) || Option.exists(reason, isWord)
      })
    )

  /** One exchange behind a door. */
  const pass = (
    throttle: Throttle.Throttle,
    request: HttpClientRequest.HttpClientRequest,
    options: {
      readonly timeout: Duration.Duration
      readonly maxBytes: number
      readonly whenFull: "wait" | "fail"
    } & Limit
  ) =>
    throttle
      .run(
        Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
          Effect.map(
            Effect.timed(
              exchange(client, request, { timeout: options.timeout, maxBytes: options.maxBytes, durations }).pipe(
                Effect.tap((answer) => note(throttle, answer, options))
              )
            ),
            ([lasted, answer]) => ({ answer, lasted, startedAt })
          )
        ),
        { whenFull: options.whenFull }
      )
      .pipe(
        Effect.catchTags({
          ExchangeError: (error) =>
            fail(
              error.sent
                ? new Unavailable({ message: `GitHub: ${error.message}` })
                : new Unreachable({ message: `GitHub cannot be reached: ${error.message}` })
            ),
          Throttled: ({ enforcedBy, until, why }) =>
            fail(
              new RateLimited({
                message: `GitHub is not asked again yet: ${why}`,
                resumeAt: DateTime.makeUnsafe(until),
                enforcedBy
              })
            )
        })
      )

  /** How often each gate was refused in a row, and when it was last. */
  const refusals = new WeakMap<Throttle.Throttle, { readonly times: number; readonly at: number }>()
  const limits = new WeakMap<Throttle.Throttle, LimitEvidence.LimitEvidence>()
  const limitsOf = (throttle: Throttle.Throttle) => limits.get(throttle) ?? LimitEvidence.none

  /** Requests that left before the last refusal was known are no further sign. */
  const accept = (throttle: Throttle.Throttle, startedAt: number, thing?: string): void => {
    limits.set(throttle, LimitEvidence.answered(limitsOf(throttle), { thing, startedAt }))
    if ((refusals.get(throttle)?.at ?? 0) < startedAt) refusals.delete(throttle)
  }

  const refuse = Effect.fnUntraced(function* (
    throttle: Throttle.Throttle,
    { isStated = true, reason, scope }: Verdict,
    { startedAt, thing }: { readonly startedAt: number; readonly thing?: string | undefined }
  ) {
    if (reason._tag !== "RateLimited") {
      limits.set(throttle, LimitEvidence.answered(limitsOf(throttle), { thing, startedAt }))
      return yield* fail(reason, scope)
    }
    const now = yield* Clock.currentTimeMillis
    const requester = yield* RequestedFor
    const by = requester === undefined || thing === undefined ? undefined : { ...requester, thing }
    const next = LimitEvidence.refused(limitsOf(throttle), {
      by,
      isStated,
      startedAt,
      now,
      statedUntil: reason.resumeAt.epochMilliseconds,
      minWait: minLimitWait
    })
    limits.set(throttle, next.evidence)
    if (next.scope === "thing") return yield* fail(ownLimit(reason.message, next.until), "thing")
    const before = refusals.get(throttle)
    const counts = before === undefined || before.at < startedAt
    const times = (before?.times ?? 0) + (counts ? 1 : 0)
    if (counts) refusals.set(throttle, { times, at: now })
    const told = Math.max(reason.resumeAt.epochMilliseconds, now + minLimitWait(times))
    const until = LimitEvidence.blockedUntil(next.scope, told, now) ?? told
    throttle.block(until, reason.message)
    return yield* fail(
      new RateLimited({ message: reason.message, enforcedBy: reason.enforcedBy, resumeAt: DateTime.makeUnsafe(until) }),
      scope
    )
  })

  const readOnce = Effect.fnUntraced(function* (
    url: string,
    options: ReadOptions
  ): Effect.fn.Return<Read, GithubError> {
    let target = new URL(url)
    const thing = limitedThing(options.subject)
    const held = LimitEvidence.heldUntil(limitsOf(requests), thing, yield* Clock.currentTimeMillis)
    if (held !== undefined) return yield* fail(ownLimit("GitHub's limit is reached for this alone", held), "thing")
    for (let hop = 0; hop <= maxRedirects; hop++) {
      if (!isOwn(target)) {
        return yield* fail(
          new Unexpected({ message: `GitHub pointed to another place (${target.origin}), which is not followed` })
        )
      }
      let request = authorize(HttpClientRequest.get(target.href, { headers: apiHeaders }))
      if (options.etag !== undefined) {
        request = HttpClientRequest.setHeader(request, "if-none-match", options.etag)
      }
      const { answer, startedAt } = yield* pass(requests, request, {
        timeout: readTimeout,
        maxBytes: options.maxBytes,
        // A scan has nothing else to do than the next look; a publisher tells of its wait, and does other things.
        whenFull: options.subject._tag === "Gist" ? "fail" : "wait",
        resource: "core",
        window: pointsPerMinute
      })
      // Enterprise Server may set no limits. It sends no such headers then, and answers 404 to whoever asks for them.
      if (answer.status < 400 || (answer.status === 404 && target.pathname.endsWith("/rate_limit"))) {
        unlimited = answer.headers["x-ratelimit-limit"] === undefined
      }
      const location = answer.headers.location
      if (
        [301, 302, 303, 307, 308].includes(answer.status) &&
        location !== undefined &&
        URL.canParse(location, target.href)
      ) {
        target = new URL(location, target)
        continue
      }
      if (answer.status === 200 || answer.status === 304) {
        accept(requests, startedAt, thing)
        return { ...answer, url: target }
      }
      const now = yield* Clock.currentTimeMillis
      return yield* refuse(requests, classify(answer, options.subject, now), { startedAt, thing })
    }
    return yield* fail(new Unexpected({ message: "GitHub redirects in circles" }))
  })

  const readUnjudged = (url: string, options: ReadOptions): Effect.Effect<Read, GithubError> =>
    noteAcceptance(readOnce(url, options))

  // ----------------------------------------------------------------------------------------------------------------
  // Whose trouble a refusal is
  // ----------------------------------------------------------------------------------------------------------------

  let evidence = Evidence.none
  /** When the probe was last answered, in epoch milliseconds. */
  let probedAt = Number.NEGATIVE_INFINITY
  /** Whether anything was answered yet. */
  let isProven = false
  /** What is not asked until then. A block stays, although over, until something was answered. */
  const blocks = new Map<Evidence.Kind | "all", Block>()
  const judging = Semaphore.makeUnsafe(1)
  const trials = Semaphore.makeUnsafe(1)

  /** The cheapest request that needs what the work needs: the right to list gists, at the address where gists are. */
  const probe = Effect.result(
    readUnjudged(`${apiUrl}/gists/public?per_page=1`, { maxBytes: 1024 * 1024, subject: { _tag: "Feed" } })
  )

  const block = Effect.fnUntraced(function* (where: Evidence.Kind | "all", error: GithubError) {
    const times = (blocks.get(where)?.times ?? 0) + 1
    const wait = refusalWait(times, error)
    const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(wait)
    const globals = githubError(
      isWeak(error)
        ? new Unexpected({
            message: `GitHub knows nothing that it is asked for: ${error.reason.message}. Check GITHUB_API_URL (an Enterprise Server's is https://HOST/api/v3), and what GITHUB_TOKEN may see`
          })
        : error.reason._tag === "Unauthorized"
          ? error.reason
          : new Unauthorized({
              message: `GitHub refuses ${Option.isNone(token) ? "requests without a token" : "the token"}, whatever is asked for: ${error.reason.message}. Check GITHUB_TOKEN`
            }),
      isWeak(error) ? "service" : "credential",
      DateTime.makeUnsafe(until)
    )
    blocks.set(where, { until, times, error: globals })
    yield* Telemetry.log("Warn", "github.refused", {
      detail: globals.message,
      until: new Date(until).toISOString()
    })
    return yield* globals
  })

  /** Fails with what everybody is refused for, or with the error as the thing's own. */
  const judge = Effect.fnUntraced(function* (about: Pick<Evidence.Refusal, "kind" | "thing">, error: GithubError) {
    const now = yield* Clock.currentTimeMillis
    const all = blocks.get("all")
    // Somebody else's request has found out meanwhile.
    if (all !== undefined && all.until > now) return yield* all.error
    const { equal, evidence: next, isNew } = Evidence.refused(evidence, { ...about, signature: signatureOf(error) })
    evidence = next
    if (equal === 0 || about.kind === "feed") return yield* asOwn(error)
    // Before anything was answered, the address of the API itself may be wrong.
    if (isWeak(error) && equal < Evidence.signs && isProven) return yield* error
    const known = now - probedAt < Duration.toMillis(probeFreshness) && now >= probedAt
    const probed = known ? undefined : yield* probe
    if (probed?._tag === "Failure") {
      const told = probed.failure
      const feeds = Evidence.isOwn(evidence, { kind: "feed", thing: "feed", signature: signatureOf(told) })
      if (isRefusal(told) && isWeak(told) === isWeak(error) && !feeds) return yield* block("all", error)
      if (!isRefusal(told)) return yield* error
    } else if (probed !== undefined) {
      probedAt = now
      isProven = true
    }
    if (!isWeak(error) && equal >= Evidence.signs && isNew) return yield* block(about.kind, error)
    return yield* asOwn(error)
  })

  /** After a block of everything, one cheap request finds out whether it is over. The others wait for its answer. */
  const reopen = Effect.gen(function* () {
    const closed = blocks.get("all")
    if (closed === undefined) return
    const now = yield* Clock.currentTimeMillis
    if (closed.until > now) return yield* closed.error
    const probed = yield* probe
    if (probed._tag === "Failure") {
      // A failure of another kind tells nothing: the next request asks again.
      if (!isRefusal(probed.failure)) return yield* probed.failure
      // A server without the feed that accepts the token does answer.
      if (isWeak(closed.error) || !isWeak(probed.failure)) return yield* block("all", closed.error)
    }
    probedAt = now
    blocks.clear()
    evidence = Evidence.none
    yield* Telemetry.log("Info", "github.accepted", {})
  })

  /**
   * Until `isOpen`, one request at a time tries whether GitHub answers, and the others wait for its end, `maxTrial` at
   * most. GitHub blocks callers that send many requests with a wrong token.
   * https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
   */
  const oneByOne = <A>(
    isOpen: () => boolean,
    attempt: Effect.Effect<A, GithubError>
  ): Effect.Effect<A, GithubError> => {
    const inTurn = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Effect.timeoutOption(trials.take(1), maxTrial)), (turn) => {
        if (Option.isNone(turn)) return restore(attempt)
        return isOpen()
          ? Effect.andThen(trials.release(1), restore(attempt))
          : Effect.ensuring(restore(attempt), trials.release(1))
      })
    )
    return Effect.suspend(() => (isOpen() ? attempt : inTurn))
  }

  /** Sends when nothing is known against it, and says whose trouble a refusal is. */
  const judged = <A>(
    about: Pick<Evidence.Refusal, "kind" | "thing">,
    send: Effect.Effect<A, GithubError>
  ): Effect.Effect<A, GithubError> => {
    const attempt = send.pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          isProven = true
          evidence = Evidence.answered(evidence, about)
          blocks.delete(about.kind)
        })
      ),
      Effect.catch((error) => (isRefusal(error) ? judging.withPermit(judge(about, error)) : Effect.fail(error)))
    )
    const admitted: Effect.Effect<A, GithubError> = Effect.gen(function* () {
      const closed = blocks.get(about.kind)
      if (closed !== undefined && closed.until > (yield* Clock.currentTimeMillis)) return yield* closed.error
      return yield* attempt
    })
    const isOpen = () => !blocks.has("all") && !blocks.has(about.kind) && isAccepted
    const reopened = Effect.suspend(() => (blocks.has("all") ? judging.withPermit(reopen) : Effect.void))
    return oneByOne(
      isOpen,
      Effect.suspend(() => (isOpen() ? attempt : Effect.andThen(reopened, admitted)))
    )
  }

  const read = (url: string, options: ReadOptions): Effect.Effect<Read, GithubError> =>
    judged(aboutOf(options.subject), readUnjudged(url, options))

  const queryUrl = /\/api\/v3$/.test(apiUrl) ? apiUrl.replace(/\/v3$/, "/graphql") : `${apiUrl}/graphql`

  const queryOnce = Effect.fnUntraced(function* (
    document: string,
    variables: Readonly<Record<string, unknown>>,
    maxBytes: number
  ): Effect.fn.Return<QueryAnswer, GithubError> {
    const request = HttpClientRequest.post(queryUrl, { headers: apiHeaders }).pipe(
      authorize,
      HttpClientRequest.bodyText(JSON.stringify({ query: document, variables }), "application/json")
    )
    if (blocks.has("all")) yield* judging.withPermit(reopen)
    const { answer, lasted, startedAt } = yield* pass(points, request, {
      timeout: queryTimeout,
      maxBytes,
      whenFull: "fail",
      resource: "graphql"
    })
    const now = yield* Clock.currentTimeMillis
    if (answer.status !== 200) return yield* refuse(points, classify(answer, { _tag: "Query" }, now), { startedAt })
    const body = answer.cut ? undefined : json(answer)
    if (!Schema.is(WireAnswer)(body) || (body.data == null && body.errors == null)) {
      return yield* fail(new Unavailable({ message: "GitHub's answer to a query cannot be read" }))
    }
    const errors = (body.errors ?? []).map(queryError)
    const limited = errors.find(isLimit)
    if (limited !== undefined) {
      const message = `GitHub's limit is reached: ${limited.message}`
      const resumeAt = DateTime.makeUnsafe(queryLimitEnd(answer, now))
      const reason = new RateLimited({ message, resumeAt, enforcedBy: "service" })
      return yield* refuse(points, { reason, scope: "credential" }, { startedAt })
    }
    accept(points, startedAt)
    return { data: body.data, errors, seconds: Duration.toSeconds(lasted) }
  })

  /** Fails with `Unavailable` when the same query for less may be answered. Not redirected: it carries the token. */
  const query = (...args: Parameters<typeof queryOnce>): Effect.Effect<QueryAnswer, GithubError> =>
    oneByOne(() => isAccepted, noteAcceptance(queryOnce(...args)))

  /** What is left of an hour that is over says nothing of the next hour. */
  const limitsNow = (throttle: Throttle.Throttle) =>
    Effect.map(Clock.currentTimeMillis, (now): Throttle.ThrottleState => {
      const state = throttle.state()
      return state.budget !== undefined && state.budget.resetAt <= now ? { ...state, budget: undefined } : state
    })
  const refusedUntil = () => blocks.get("all")?.until ?? 0
  const blockOf = (throttle: Throttle.Throttle) => (until: DateTime.Utc, why: string) =>
    Effect.sync(() => throttle.block(until.epochMilliseconds, why))

  return {
    isOwn,
    read,
    /** A read that no evidence is taken from, and that is sent whatever is known. */
    readUnjudged,
    query,
    /** Names the limits that apply, without naming a token: the same for everybody who shares them. */
    fingerprint,
    /** Whether the last answer told of no limit of requests at all. */
    unlimited: () => unlimited,
    requests: {
      limits: Effect.map(limitsNow(requests), (state) =>
        refusedUntil() > state.blockedUntil
          ? { ...state, blockedUntil: refusedUntil(), why: blocks.get("all")?.error.message ?? "" }
          : state
      ),
      block: blockOf(requests)
    },
    /** What everybody is refused for, until something is answered again. */
    refused: Effect.sync(() => Option.fromNullishOr((blocks.get("all") ?? [...blocks.values()][0])?.error)),
    /** Reads in a throttle of its own, for what has limits of its own. */
    pass,
    authorize,
    points: { limits: limitsNow(points), block: blockOf(points) }
  }
}

// ------------------------------------------------------------------------------------------------------------------
// Refusals
// ------------------------------------------------------------------------------------------------------------------

interface Block {
  /** Epoch milliseconds. */
  readonly until: number
  readonly times: number
  readonly error: GithubError
}

/** The wait after the n-th refusal of everything (n from 1): GitHub shuts out for longer who tries a wrong token often. */
const refusalWait = (times: number, error: GithubError): Duration.Duration =>
  Duration.min(
    Duration.times(Duration.seconds(15), 2 ** Math.min(times - 1, 20)),
    /login attempts|bad credentials/i.test(error.reason.message) ? Duration.minutes(5) : Duration.minutes(1)
  )

/** So long an answer to the probe counts. */
const probeFreshness = Duration.minutes(1)

/** Whether an error says that GitHub will not answer this, rather than that it cannot. */
const isRefusal = ({ reason }: GithubError): boolean =>
  ["Unauthorized", "Refused", "UserNotFound", "GistNotFound", "Unexpected"].includes(reason._tag)

/** Refusals that single things meet all the time: accounts and gists get deleted. */
const isWeak = ({ reason }: GithubError): boolean => reason._tag !== "Unauthorized" && reason._tag !== "Refused"

/** What a refusal says, without what differs from thing to thing. */
const signatureOf = ({ reason }: GithubError): string =>
  reason._tag === "UserNotFound" || reason._tag === "GistNotFound"
    ? reason._tag
    : `${reason._tag} ${reason.message.replace(/\b[0-9a-f]*\d[0-9a-f:]*\b/gi, "#")}`

/** The same error as trouble of the one thing that was asked for. */
const asOwn = (error: GithubError): Effect.Effect<never, GithubError> =>
  error.reason._tag === "Unauthorized" ? fail(new Refused({ message: error.reason.message })) : Effect.fail(error)

const aboutOf = (subject: Subject): Pick<Evidence.Refusal, "kind" | "thing"> => {
  switch (subject._tag) {
    case "User":
      return { kind: "list", thing: subject.login.toLowerCase() }
    case "Page":
      return { kind: "list", thing: subject.of.toLowerCase() }
    case "Account":
      return { kind: "account", thing: `${subject.id}` }
    case "Gist":
      return { kind: "gist", thing: subject.id }
    case "Query":
      return { kind: "query", thing: "query" }
    case "Feed":
    case "Limits":
      return { kind: "feed", thing: "feed" }
  }
}

const ownLimit = (message: string, until: number) =>
  new RateLimited({ message, enforcedBy: "service", resumeAt: DateTime.makeUnsafe(until) })

/** The one thing that a limit may be of. The feed, queries and the limits themselves are everybody's. */
const limitedThing = (subject: Subject): string | undefined => {
  const { kind, thing } = aboutOf(subject)
  return kind === "feed" || kind === "query" ? undefined : `${kind} ${thing}`
}

/** Errors that prove that the token works: GitHub sends them only to callers it has accepted. */
const isWord = ({ _tag }: GithubError["reason"]): boolean => ["UserNotFound", "GistNotFound", "Blocked"].includes(_tag)

/** A first request that gets no answer holds the others up no longer than this. */
const maxTrial = Duration.seconds(2)

// ------------------------------------------------------------------------------------------------------------------
// Manners
// ------------------------------------------------------------------------------------------------------------------

/** GitHub allows 100 requests at a time for everything that shares the token; a fifth of it leaves room for others. */
const concurrency = 20

/** Waits up to this long happen inside the client; longer ones are the caller's business. */
const patience = Duration.seconds(30)

const readTimeout = Duration.seconds(30)

/** GitHub gives a query up after ten seconds. */
const queryTimeout = Duration.seconds(15)

const durations = Telemetry.requestsTo("github")
const maxRedirects = 3

/** GitHub's limit of 900 points a minute, of which a read costs one. Whether a 304 costs one is not documented, so it does. */
export const pointsPerMinute = { limit: 900, millis: 60_000 }

const apiHeaders = {
  accept: "application/vnd.github+json",
  "user-agent": "gitpip",
  // Always named: without it a retired version would change what is answered. It must not vary, or every ETag would.
  "x-github-api-version": "2022-11-28"
}
/** What a gate stands for: the limit by GitHub's name for it, and how much of it there is at a time. */
interface Limit {
  /** `raw`: hosts of raw content tell nothing of their limits. */
  readonly resource: "core" | "graphql" | "raw"
  readonly window?: { readonly limit: number; readonly millis: number }
}

const note = (throttle: Throttle.Throttle, answer: Answer, { resource, window }: Limit) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    // An address that is not there is answered with the limit of requests, even where queries would have been.
    if (resource === "raw") return
    const told = answer.headers["x-ratelimit-resource"]
    if (told !== undefined && (told === "graphql") !== (resource === "graphql")) return
    const limit = int(answer.headers, "x-ratelimit-limit")
    const remaining = int(answer.headers, "x-ratelimit-remaining")
    const reset = int(answer.headers, "x-ratelimit-reset")
    if (limit === undefined || remaining === undefined || reset === undefined) return
    // One second more than asked: the reset is given in whole seconds. https://github.com/octokit/plugin-throttling.js
    const resetAt = Math.min((reset + 1) * 1_000, now + maxLimitWait)
    throttle.learn({ limit, remaining, resetAt })
    // Enterprise Server without limits sends no such headers, and is not paced.
    if (window !== undefined) throttle.setWindow(window)
  })

// ------------------------------------------------------------------------------------------------------------------
// Answers to queries
// ------------------------------------------------------------------------------------------------------------------

const WireAnswer = Schema.Struct({
  data: Schema.optional(Schema.NullOr(Schema.ObjectKeyword)),
  errors: Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))
})

const WireError = Schema.Struct({
  type: Schema.optional(Schema.NullOr(Schema.String)),
  code: Schema.optional(Schema.NullOr(Schema.String)),
  message: Schema.optional(Schema.NullOr(Schema.String)),
  path: Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))
})

const queryError = (raw: unknown): QueryError => {
  if (!Schema.is(WireError)(raw)) return { message: "an error of an unknown form", path: [] }
  return {
    type: raw.type ?? raw.code ?? undefined,
    message: sentence(raw.message ?? "", 300),
    path: raw.path ?? []
  }
}

/** Both spellings were seen (https://github.com/yanyongyu/githubkit/issues/271), and the secondary limit has no type of its own. */
const isLimit = ({ message, path, type }: QueryError): boolean =>
  type === "RATE_LIMITED" ||
  type === "RATE_LIMIT" ||
  type === "graphql_rate_limit" ||
  (path.length === 0 && /secondary rate limit/i.test(message))

/** What remains is not always told as none. A minute is the documented wait where nothing is told. */
const queryLimitEnd = ({ headers }: Answer, now: number): number =>
  limitEnd({ headers: { ...headers, "x-ratelimit-remaining": "0" } }, "primary", now)
