/**
 * GitHub's REST API, as far as Gitpip needs it: whose gists there are, what one gist holds, who an account is now.
 *
 * Guarantees: one gate for all requests with one token, so that limits are obeyed before they are hit; the token goes
 * to the API's own origin only; redirects and `Link` addresses are followed there only; raw content is read from there
 * or from githubusercontent.com only; every body is bounded. A list never fails because one gist on it is odd.
 *
 * Outside facts: https://docs.github.com/en/rest/gists/gists ,
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api ,
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
import { createHash } from "node:crypto"
import { Clock, Context, DateTime, Duration, Effect, Layer, Option, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { Content, ListedFile } from "./domain/GistFile.ts"
import { fileUrl } from "./domain/GistFile.ts"
import { sentence, storable, storableName } from "./domain/Text.ts"
import { Username } from "./domain/User.ts"
import { type Answer, exchange, int, json } from "./internal/exchange.ts"
import * as Gate from "./internal/Gate.ts"
import { Settings } from "./Settings.ts"
import * as Telemetry from "./Telemetry.ts"

// ------------------------------------------------------------------------------------------------------------------
// Values
// ------------------------------------------------------------------------------------------------------------------

/** A page of a user's public gists. */
export interface GistPage {
  /** The account they belong to, when the page names it. */
  readonly owner: Option.Option<Account>
  readonly files: ReadonlyArray<ListedFile>
  /** The validator of this page for this token, quotes and all. */
  readonly etag: Option.Option<string>
  readonly next: Option.Option<URL>
}

/** A page of the public feed: everybody's newest gists. */
export interface FeedPage {
  readonly gists: ReadonlyArray<FeedGist>
  readonly etag: Option.Option<string>
  readonly next: Option.Option<URL>
}

/** A gist as the feed shows it. */
export interface FeedGist {
  readonly gistId: string
  /** Missing for anonymous gists, which are nobody's. */
  readonly owner: Option.Option<Account>
  /** RFC 3339, whole seconds, UTC. */
  readonly updatedAt: string
  readonly filenames: ReadonlyArray<string>
}

/** An account by GitHub's durable number and its present login. */
export interface Account {
  readonly id: number
  readonly login: string
}

/** One gist with the content of its files, by storable name. */
export interface GistContents {
  readonly description: string | null
  readonly files: ReadonlyMap<string, Content>
}

// ------------------------------------------------------------------------------------------------------------------
// Errors
// ------------------------------------------------------------------------------------------------------------------

/** No such account, or one that GitHub hides. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", { message: Schema.String }) {}
/** No such gist, not any more, or not yet. */
export class GistNotFound extends Schema.TaggedError<GistNotFound>()("GistNotFound", { message: Schema.String }) {}
/** GitHub withholds it (terms of service, law). */
export class Blocked extends Schema.TaggedError<Blocked>()("Blocked", { message: Schema.String }) {}
/** A limit of the token is used up. Nothing more is sent with it until `resumeAt`. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString
}) {}
/** The token is wrong or has expired. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { message: Schema.String }) {}
/** The request certainly never reached GitHub: no connection, no such host. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { message: Schema.String }) {}
/** GitHub does not answer, or with a fault of its own. May concern everybody, or the one thing asked for. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { message: Schema.String }) {}
/** An answer that makes no sense here. */
export class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", { message: Schema.String }) {}

export class GithubError extends Schema.TaggedError<GithubError>()("GithubError", {
  reason: Schema.Union([
    UserNotFound,
    GistNotFound,
    Blocked,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unavailable,
    Unexpected
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
  /** Whether the error concerns the token or the whole service, not just the one account or gist asked for. */
  get concernsEverybody(): boolean {
    return ["RateLimited", "Unauthorized", "Unreachable", "Unavailable"].includes(this.reason._tag)
  }
}

// ------------------------------------------------------------------------------------------------------------------
// Service
// ------------------------------------------------------------------------------------------------------------------

export class Github extends Context.Service<
  Github,
  {
    /** Names the limits that apply, without naming the token: the same for everybody who shares them. */
    readonly door: string
    /**
     * The first page of a user's gists, newest created first as far as is known (the order is not documented).
     * `None` when it is the one that `etag` stands for: such an answer is free of the hourly limit when a token is used.
     */
    readonly gists: (login: string, etag: Option.Option<string>) => Effect.Effect<Option.Option<GistPage>, GithubError>
    /** A further page, by the address that the page before gave. */
    readonly page: (next: URL) => Effect.Effect<GistPage, GithubError>
    /**
     * The first page of everybody's newest public gists; `None` when it is the one that `etag` stands for. The feed ends
     * after 3,000 gists, and how far it lags is not documented.
     * https://docs.github.com/en/rest/gists/gists#list-public-gists
     */
    readonly feed: (etag: Option.Option<string>) => Effect.Effect<Option.Option<FeedPage>, GithubError>
    /** A further page of it, by the address that the page before gave. */
    readonly feedPage: (next: URL) => Effect.Effect<FeedPage, GithubError>
    /** A gist with contents; a file's text is at most its first megabyte. */
    readonly contents: (gistId: string) => Effect.Effect<GistContents, GithubError>
    /** The beginning of one file, for gists too large to be read whole. */
    readonly raw: (rawUrl: string, maxBytes: number) => Effect.Effect<Content, GithubError>
    /** Who an account is now, by its number: it survives renames. */
    readonly account: (id: number) => Effect.Effect<Account, GithubError>
    /** What is left of the hourly limit, by GitHub's last word. */
    readonly limits: Effect.Effect<Gate.GateState>
    /** Looks a second that the present limits allow while nothing is new. */
    readonly capacity: Effect.Effect<{ readonly single: number; readonly batched: number }>
    /** Keeps the door closed until then, as an earlier process was told. */
    readonly close: (until: DateTime.Utc, why: string) => Effect.Effect<void>
    /** Whether GitHub answers this token at all. Costs nothing of the hourly limit. */
    readonly check: Effect.Effect<void, GithubError>
  }
>()("gitpip/Github") {
  static readonly layer: Layer.Layer<Github, never, Settings | HttpClient.HttpClient> = Layer.effect(
    Github,
    Effect.gen(function* () {
      const settings = yield* Settings
      const client = yield* HttpClient.HttpClient
      const { origin, protocol } = new URL(settings.githubApiUrl)
      // The protocol by itself: the origin of `blob:https://…` is that of the address within.
      const isOwn = (url: URL): boolean =>
        url.origin === origin && url.protocol === protocol && url.username === "" && url.password === ""
      const gate = Gate.make({ concurrency, patience })

      const authorized = Option.match(settings.githubToken, {
        onNone: () => (request: HttpClientRequest.HttpClientRequest) => request,
        onSome: (token) => HttpClientRequest.bearerToken(token)
      })

      const get = Effect.fnUntraced(function* (
        url: string,
        options: {
          readonly etag?: Option.Option<string>
          readonly maxBytes: number
          readonly subject: Subject
          /** Whether content is asked for, which anybody can write. All else is believed, and comes from the API alone. */
          readonly content?: true
        }
      ): Effect.fn.Return<Answer, GithubError> {
        let target = new URL(url)
        for (let hop = 0; hop <= maxRedirects; hop++) {
          const own = isOwn(target)
          if (!own && !(options.content === true && isRawHost(target))) {
            return yield* fail(
              new Unexpected({ message: `GitHub pointed to another place (${target.origin}), which is not followed` })
            )
          }
          let request = HttpClientRequest.get(target.href, { headers: own ? apiHeaders : rawHeaders })
          if (own) request = authorized(request)
          if (own && options.etag !== undefined && Option.isSome(options.etag)) {
            request = HttpClientRequest.setHeader(request, "if-none-match", options.etag.value)
          }
          const answer = yield* gate
            .pass(
              exchange(client, request, { timeout, maxBytes: options.maxBytes, durations }).pipe(
                Effect.tap((answer) => note(gate, answer))
              ),
              // A scan has nothing else to do than the next look; a publisher tells of its wait, and does other things.
              { pace: options.subject._tag === "Gist" ? "refuse" : "wait" }
            )
            .pipe(
              Effect.catchTags({
                ExchangeError: (error) =>
                  fail(
                    error.sent
                      ? new Unavailable({ message: `GitHub: ${error.message}` })
                      : new Unreachable({ message: `GitHub cannot be reached: ${error.message}` })
                  ),
                Closed: ({ until, why }) =>
                  fail(
                    new RateLimited({
                      message: `GitHub is not asked again yet: ${why}`,
                      resumeAt: DateTime.makeUnsafe(until)
                    })
                  )
              })
            )
          const location = answer.headers.location
          if (
            [301, 302, 303, 307, 308].includes(answer.status) &&
            location !== undefined &&
            URL.canParse(location, target.href)
          ) {
            target = new URL(location, target)
            continue
          }
          if (answer.status === 200 || answer.status === 304) return answer
          const reason = yield* classify(answer, options.subject)
          if (reason._tag === "RateLimited") gate.close(reason.resumeAt.epochMilliseconds, reason.message)
          return yield* fail(reason)
        }
        return yield* fail(new Unexpected({ message: "GitHub redirects in circles" }))
      })

      const readGists = Effect.fnUntraced(function* (answer: Answer) {
        const gists = yield* decode(Schema.Array(Schema.Unknown), answer)
        const next = nextLink(answer.headers.link)
        if (Option.isSome(next) && !isOwn(next.value)) {
          return yield* fail(
            new Unexpected({ message: `GitHub's next page is elsewhere (${next.value.origin}), which is not followed` })
          )
        }
        const decoded = yield* Effect.forEach(gists, (gist) => Effect.option(decodeListedGist(gist)))
        const odd = decoded.filter(Option.isNone).length
        if (odd > 0) yield* Telemetry.log("Warn", "gists.skipped", { gists: odd })
        return { gists: decoded.flatMap(Option.toArray), etag: Option.fromNullishOr(answer.headers.etag), next }
      })

      const readPage = Effect.fnUntraced(function* (answer: Answer) {
        const { gists, ...page } = yield* readGists(answer)
        return {
          ...page,
          owner: Option.fromNullishOr(gists.find((gist) => gist.owner != null)?.owner),
          files: gists.flatMap(listedFiles)
        } satisfies GistPage
      })

      const readFeed = Effect.fnUntraced(function* (answer: Answer) {
        const { gists, ...page } = yield* readGists(answer)
        return {
          ...page,
          gists: gists.map((gist) => ({
            gistId: storableName(gist.id),
            owner: Option.fromNullishOr(gist.owner),
            updatedAt: timestamp(gist.updated_at),
            filenames: Object.keys(gist.files).map(storableName)
          }))
        } satisfies FeedPage
      })

      return Github.of({
        door: `github:${fingerprint(settings.githubApiUrl, settings.githubToken)}`,
        gists: Effect.fn("Github.gists")(function* (login, etag) {
          const answer = yield* get(`${settings.githubApiUrl}/users/${encodeURIComponent(login)}/gists?per_page=100`, {
            etag,
            maxBytes: maxPageBytes,
            subject: { _tag: "User", login }
          })
          return answer.status === 304 ? Option.none() : Option.some(yield* readPage(answer))
        }),
        page: Effect.fn("Github.page")(function* (next) {
          return yield* readPage(yield* get(next.href, { maxBytes: maxPageBytes, subject: { _tag: "Page" } }))
        }),
        feed: Effect.fn("Github.feed")(function* (etag) {
          const answer = yield* get(`${settings.githubApiUrl}/gists/public?per_page=100`, {
            etag,
            maxBytes: maxPageBytes,
            subject: { _tag: "Page" }
          })
          return answer.status === 304 ? Option.none() : Option.some(yield* readFeed(answer))
        }),
        feedPage: Effect.fn("Github.feedPage")(function* (next) {
          return yield* readFeed(yield* get(next.href, { maxBytes: maxPageBytes, subject: { _tag: "Page" } }))
        }),
        contents: Effect.fn("Github.contents")(function* (gistId) {
          const answer = yield* get(`${settings.githubApiUrl}/gists/${encodeURIComponent(gistId)}`, {
            maxBytes: maxGistBytes,
            subject: { _tag: "Gist" }
          })
          const gist = yield* decode(WireGist, answer)
          const files = new Map<string, Content>()
          for (const [name, file] of Object.entries(gist.files ?? {})) {
            const content = yield* Effect.option(decodeContentFile(file))
            if (Option.isSome(content)) files.set(storableName(name), toContent(content.value))
          }
          return { description: gist.description ?? null, files }
        }),
        raw: Effect.fn("Github.raw")(function* (rawUrl, maxBytes) {
          if (!URL.canParse(rawUrl))
            return yield* fail(new Unexpected({ message: "GitHub gave no usable address of the file's content" }))
          const answer = yield* get(rawUrl, { maxBytes, subject: { _tag: "Gist" }, content: true })
          // Git's own rule for telling binary: a NUL within the first 8,000 bytes.
          if (answer.body.subarray(0, 8_000).includes(0)) return { _tag: "Binary" }
          return { _tag: "Text", text: new TextDecoder().decode(answer.body), partial: answer.cut }
        }),
        account: Effect.fn("Github.account")(function* (id) {
          const answer = yield* get(`${settings.githubApiUrl}/user/${id}`, {
            maxBytes: maxPageBytes,
            subject: { _tag: "Account", id }
          })
          const account = yield* decode(WireAccount, answer)
          // It becomes the user's name, which the database would refuse: trouble of everybody's, for one odd account.
          if (!Schema.is(Username)(account.login)) {
            return yield* fail(new Unexpected({ message: `GitHub gives account number ${id} a name that is none` }))
          }
          return account
        }),
        // What was said of an hour that is over no longer holds.
        limits: Effect.map(Clock.currentTimeMillis, (now) => {
          const { budget, ...state } = gate.state()
          return { ...state, budget: budget !== undefined && now < budget.resetAt ? budget : undefined }
        }),
        capacity: Effect.sync(() => ({
          single: Option.isSome(settings.githubToken) ? 15 : (gate.state().budget?.limit ?? 60) / 3_600,
          batched: 0
        })),
        close: (until, why) => Effect.sync(() => gate.close(until.epochMilliseconds, why)),
        check: get(`${settings.githubApiUrl}/rate_limit`, { maxBytes: maxPageBytes, subject: { _tag: "Page" } }).pipe(
          Effect.asVoid,
          // Enterprise Server answers 404 where no limits are set.
          Effect.catchReason("GithubError", "Unexpected", () => Effect.void)
        )
      })
    })
  )
}

// ------------------------------------------------------------------------------------------------------------------
// Manners
// ------------------------------------------------------------------------------------------------------------------

/** GitHub allows 100 requests at a time for everything that shares the token; a fifth of it leaves room for others. */
const concurrency = 20

/** Waits up to this long happen inside the client; longer ones are the caller's business. */
const patience = Duration.seconds(30)

const timeout = Duration.seconds(30)
const durations = Telemetry.requestsTo("github")
const maxRedirects = 3

/** 100 gists of up to 300 files each, at some 400 bytes a file. */
const maxPageBytes = 16 * 1024 * 1024

/** A gist is only read whole when its files are small; escaped in JSON, that is at most this. */
const maxGistBytes = 32 * 1024 * 1024

/** GitHub's limit of 900 points a minute, of which a read costs one. Whether a 304 costs one is not documented, so it does. */
const pointsPerMinute = { limit: 900, millis: 60_000 }

const apiHeaders = {
  accept: "application/vnd.github+json",
  "user-agent": "gitpip",
  // Always named: without it a retired version would change what is answered. It must not vary, or every ETag would.
  "x-github-api-version": "2022-11-28"
}
const rawHeaders = { "user-agent": "gitpip" }

const isRawHost = (url: URL): boolean =>
  url.protocol === "https:" &&
  /(^|\.)githubusercontent\.com$/.test(url.hostname) &&
  url.port === "" &&
  url.username === "" &&
  url.password === ""

const note = (gate: Gate.Gate, answer: Answer) =>
  Effect.sync(() => {
    const limit = int(answer.headers, "x-ratelimit-limit")
    const remaining = int(answer.headers, "x-ratelimit-remaining")
    const reset = int(answer.headers, "x-ratelimit-reset")
    if (limit === undefined || remaining === undefined || reset === undefined) return
    // One second more than asked: the reset is given in whole seconds. https://github.com/octokit/plugin-throttling.js
    gate.learn({ limit, remaining, resetAt: (reset + 1) * 1_000 })
    // Enterprise Server without limits sends no such headers, and is not paced.
    gate.pace(pointsPerMinute)
  })

type Subject =
  | { readonly _tag: "User"; readonly login: string }
  | { readonly _tag: "Account"; readonly id: number }
  | { readonly _tag: "Gist" }
  | { readonly _tag: "Page" }

/**
 * What an answer other than 200 and 304 means. The order of waiting is the documented one: `retry-after`, else the
 * reset when nothing remains, else a minute.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
const classify = Effect.fnUntraced(function* (answer: Answer, subject: Subject) {
  const { status, headers } = answer
  const body = json(answer)
  const message = Schema.is(WireMessage)(body) ? sentence(body.message, 300) : `HTTP ${status}`
  if (status === 403 || status === 429) {
    const now = yield* Clock.currentTimeMillis
    const retryAfter = int(headers, "retry-after")
    const exhausted = headers["x-ratelimit-remaining"] === "0"
    const secondary =
      /secondary rate|abuse/i.test(message) ||
      /secondary-rate-limits/.test(Schema.is(WireMessage)(body) ? (body.documentation_url ?? "") : "")
    const limited = (resumeAt: number) =>
      new RateLimited({ message: `GitHub's limit is reached: ${message}`, resumeAt: DateTime.makeUnsafe(resumeAt) })
    if (retryAfter !== undefined) return limited(now + Math.max(retryAfter, 1) * 1_000)
    const least = now + (secondary ? 60_000 : 1_000)
    if (exhausted) return limited(Math.max(((int(headers, "x-ratelimit-reset") ?? 0) + 1) * 1_000, least))
    if (status === 429 || secondary) return limited(now + 60_000)
    return new Blocked({ message: `GitHub withholds it: ${message}` })
  }
  if (status === 401)
    return new Unauthorized({ message: `GitHub refuses the token: ${message}. Set GITHUB_TOKEN to a valid one` })
  if (status === 404) {
    switch (subject._tag) {
      case "User":
        return new UserNotFound({ message: `GitHub knows no user ${subject.login}` })
      case "Account":
        return new UserNotFound({ message: `GitHub knows no account number ${subject.id} any more` })
      case "Gist":
        return new GistNotFound({ message: "GitHub does not show the gist" })
      case "Page":
        return new Unexpected({ message: "GitHub does not know the address it gave" })
    }
  }
  if (status === 451) return new Blocked({ message: `GitHub withholds it: ${message}` })
  if (status === 410) return new Unexpected({ message: `GitHub retired the API that this program uses: ${message}` })
  if (status >= 500) return new Unavailable({ message: `GitHub answers with HTTP ${status}` })
  return new Unexpected({ message: `GitHub answers with HTTP ${status}: ${message}` })
})

const fail = (reason: GithubError["reason"]) => Effect.fail(new GithubError({ reason }))

const fingerprint = (url: string, token: Option.Option<Redacted.Redacted>): string =>
  createHash("sha256")
    .update(`${url}\n${Option.match(token, { onNone: () => "", onSome: Redacted.value })}`)
    .digest("hex")
    .slice(0, 16)

// ------------------------------------------------------------------------------------------------------------------
// Wire
// ------------------------------------------------------------------------------------------------------------------

const WireMessage = Schema.Struct({ message: Schema.String, documentation_url: Schema.optional(Schema.String) })
const WireAccount = Schema.Struct({ id: Schema.Int, login: Schema.String })

/** Every property of a file is optional in GitHub's description. The map itself is kept raw: a `Record` schema would lose a file called `__proto__`. */
const WireFile = Schema.Struct({
  language: Schema.optional(Schema.NullOr(Schema.String)),
  type: Schema.optional(Schema.NullOr(Schema.String)),
  raw_url: Schema.optional(Schema.NullOr(Schema.String)),
  size: Schema.optional(Schema.NullOr(Schema.Finite))
})
const WireContentFile = Schema.Struct({
  content: Schema.optional(Schema.NullOr(Schema.String)),
  encoding: Schema.optional(Schema.NullOr(Schema.String)),
  truncated: Schema.optional(Schema.NullOr(Schema.Boolean))
})
const FileMap = Schema.declare((u): u is Record<string, unknown> => typeof u === "object" && u !== null)
const WireGist = Schema.Struct({
  description: Schema.optional(Schema.NullOr(Schema.String)),
  files: Schema.optional(FileMap)
})
/** It becomes a link in Pipedrive and the mark of the file there: no other scheme, and nothing that HTML would change. */
const PageUrl = Schema.String.check(
  Schema.makeFilter(
    (url) => /^https?:\/\/[A-Za-z0-9.:[\]-]+\/[\w./~%-]*$/.test(url) && URL.canParse(url) && url.length <= 300
  )
)
const WireListedGist = Schema.Struct({
  id: Schema.String,
  html_url: PageUrl,
  description: Schema.optional(Schema.NullOr(Schema.String)),
  owner: Schema.optional(Schema.NullOr(WireAccount)),
  created_at: Schema.String,
  updated_at: Schema.String,
  files: FileMap
})

const decodeListedGist = Schema.decodeUnknownEffect(WireListedGist)
const decodeFile = Schema.decodeUnknownOption(WireFile)
const decodeContentFile = Schema.decodeUnknownEffect(WireContentFile)

const decode = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  answer: Answer
): Effect.Effect<S["Type"], GithubError> =>
  answer.cut
    ? fail(new Unexpected({ message: `GitHub's answer is longer than ${answer.body.byteLength} bytes` }))
    : Schema.decodeUnknownEffect(schema)(json(answer)).pipe(
        // What cannot be read came from a proxy or was cut: the same as no answer.
        Effect.catch(() => fail(new Unavailable({ message: "GitHub's answer cannot be read" })))
      )

const listedFiles = (gist: typeof WireListedGist.Type): ReadonlyArray<ListedFile> =>
  Object.entries(gist.files).map(([name, raw]) => {
    const file = Option.getOrElse(decodeFile(raw), (): typeof WireFile.Type => ({}))
    const filename = storableName(name)
    return {
      gistId: storableName(gist.id),
      filename,
      htmlUrl: fileUrl(gist.html_url, filename),
      rawUrl: typeof file.raw_url === "string" ? storable(file.raw_url, 4_000) : null,
      description: typeof gist.description === "string" ? storable(gist.description, 2_000) : null,
      language: typeof file.language === "string" ? storable(file.language, 100) : null,
      type: typeof file.type === "string" ? storable(file.type, 100) : null,
      size: Math.min(Math.max(0, Math.trunc(file.size ?? 0)), Number.MAX_SAFE_INTEGER),
      createdAt: timestamp(gist.created_at),
      updatedAt: timestamp(gist.updated_at)
    }
  })

/** GitHub's own timestamp, or the beginning of time when it is none, or one of a year that a database would refuse. */
const timestamp = (text: string): string => {
  const millis = Date.parse(text)
  return new Date(millis >= 0 && millis < Date.UTC(10_000, 0) ? millis : 0).toISOString()
}

const toContent = (file: typeof WireContentFile.Type): Content =>
  file.encoding === "base64" || typeof file.content !== "string" || file.content.slice(0, 8_000).includes("\0")
    ? { _tag: "Binary" }
    : { _tag: "Text", text: file.content, partial: file.truncated === true }

/** The address of the next page. Addresses are followed as given, never built: GitHub answers with others than it was asked. */
const nextLink = (link: string | undefined): Option.Option<URL> => {
  for (const part of link?.split(/,(?=\s*<)/) ?? []) {
    const match = /^\s*<([^>]+)>\s*;.*\brel="?next"?/.exec(part)
    if (match?.[1] !== undefined && URL.canParse(match[1])) return Option.some(new URL(match[1]))
  }
  return Option.none()
}
