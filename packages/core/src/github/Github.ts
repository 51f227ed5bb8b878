/**
 * GitHub's API, as far as Gitpip needs it: whose gists there are, what one gist holds, who an account is now.
 *
 * Guarantees: those of `transport.ts` for every request, and that a list never fails because one gist on it is
 * odd.
 *
 * Outside facts: https://docs.github.com/en/rest/gists/gists ,
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api ,
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
import { Clock, Context, type DateTime, Duration, Effect, Layer, Option, Result, Schema } from "effect"
import { HttpClient } from "effect/http"
import type { Content, ListedFile } from "../domain/GistFile.ts"
import { storable, storableName } from "../domain/Text.ts"
import { Username } from "../domain/User.ts"
import { SharedQuota } from "../net/SharedQuota.ts"
import type * as Throttle from "../net/Throttle.ts"
import { Settings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as Batches from "./batching.ts"
import { fail, type GithubError, NotPublic, Unauthorized, Unavailable, Unexpected } from "./errors.ts"
import { costOf, type GistTexts, type NewestGists, newest, readNewest, readTexts, texts } from "./queries.ts"
import * as Raw from "./raw.ts"
import * as Access from "./transport.ts"
import {
  decode,
  decodeContentFile,
  decodeListedGist,
  isPublic,
  listedFiles,
  nextLink,
  ownerOf,
  timestamp,
  toContent,
  WireAccount,
  WireGist
} from "./wire.ts"

export {
  Blocked,
  GistNotFound,
  GithubError,
  githubError,
  NotPublic,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected,
  UserNotFound
} from "./errors.ts"
export type { BatchGist, GistTexts, NewestGists } from "./queries.ts"

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
  /** Media types, where GitHub tells one. */
  readonly types: ReadonlyMap<string, string>
  /** Where the contents of files are that the answer does not hold. */
  readonly withheld: ReadonlyMap<string, string | null>
  /** Whether the gist has more files than GitHub shows. */
  readonly truncated: boolean
}

/** How many users a second can be looked at, as far as the present limits go, when nothing is new. */
export interface Capacity {
  /** By themselves, each by a conditional request. */
  readonly single: number
  /** By batches; 0 without a token, and for a while after GitHub has refused one as a whole. */
  readonly batched: number
}

// ------------------------------------------------------------------------------------------------------------------
// Service
// ------------------------------------------------------------------------------------------------------------------

export class Github extends Context.Service<
  Github,
  {
    /** Names the limits that apply, without naming the token: the same for everybody who shares them. */
    readonly limitKey: string
    /**
     * The first page of a user's gists, newest created first as far as is known (the order is not documented).
     * `None` when it is the one that `etag` stands for: such an answer is free of the hourly limit when a token is used.
     */
    readonly gists: (
      login: string,
      etag: Option.Option<string>,
      /** Gists on a page, 100 unless given. */
      pageSize?: number
    ) => Effect.Effect<Option.Option<GistPage>, GithubError>
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
    /** A gist with contents, at most the beginning of each. Fails unless GitHub says that it is public, with `NotPublic` when it says that it is not. */
    readonly contents: (gistId: string) => Effect.Effect<GistContents, GithubError>
    /** The beginning of a file's raw content. What cannot be had for long is `Unavailable`, which is no failure. */
    readonly raw: (rawUrl: string, maxBytes: number) => Effect.Effect<Content, GithubError>
    /**
     * The content of one of a gist's files, read by itself where the gist's answer does not hold it; `None` when the gist has
     * no such file. A wait for a host of raw content is `RateLimited` with the scope `host`.
     */
    readonly contentOf: (
      gist: GistContents,
      file: { readonly filename: string; readonly maxBytes: number }
    ) => Effect.Effect<Option.Option<Content>, GithubError>
    /** Who an account is now, by its number: it survives renames. */
    readonly account: (id: number) => Effect.Effect<Account, GithubError>
    /** Whether many users can be asked for at a time: there is a token. */
    readonly batched: boolean
    /**
     * Many users' gists, last changed first, by one query; in the order of `logins`. Asks by several when GitHub does not get
     * done with so many, or they are more than a hundred. A user that GitHub does not get done with even alone has
     * `Unavailable`, and one it describes in an unknown way `Unexpected`. Fails only when nobody was answered.
     */
    readonly batch: (
      logins: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<Result.Result<NewestGists, GithubError>>, GithubError>
    /** The texts of gists that are `small`, by gist id. What GitHub does not show, or not for certain as it is, is missing. */
    readonly texts: (
      gists: ReadonlyArray<{ readonly node: string }>
    ) => Effect.Effect<ReadonlyMap<string, GistTexts>, GithubError>
    readonly capacity: Effect.Effect<Capacity>
    /** The hourly limit of queries, which is one of its own, counted in points. */
    readonly points: {
      readonly limitKey: string
      readonly limits: Effect.Effect<Throttle.ThrottleState>
      readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
    }
    /** What is left of the hourly limit, by GitHub's last word. */
    readonly limits: Effect.Effect<Throttle.ThrottleState>
    /** What GitHub refuses everybody for, until it answers again. */
    readonly refused: Effect.Effect<Option.Option<GithubError>>
    /** Sends nothing until then: restores a limit that another process has stored. */
    readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
    /** Whether GitHub answers at all, and accepts the token. Costs nothing of the hourly limit. */
    readonly check: Effect.Effect<void, GithubError>
    /** Whether gists may be listed, as the work lists them. Fails with what to do. Costs two requests at most. */
    readonly checkLists: Effect.Effect<void, GithubError>
  }
>()("gitpip/Github") {
  static readonly layer: Layer.Layer<Github, never, Settings | HttpClient.HttpClient> = Layer.effect(
    Github,
    Effect.gen(function* () {
      const { githubApiUrl, githubToken } = yield* Settings
      const client = yield* HttpClient.HttpClient
      const access = Access.make(client, githubApiUrl, githubToken, yield* SharedQuota)
      const { isOwn, read: get } = access
      const batched = Option.isSome(githubToken)

      const batches = Batches.make(maxLogins)
      /** Seconds that the last queries took. */
      let lasted: ReadonlyArray<number> = []
      /** Epoch milliseconds. */
      let refusedUntil = 0
      /** Points of the last query. */
      let cost = 1

      const queryNewest = Effect.fnUntraced(function* (logins: ReadonlyArray<string>) {
        const { document, variables } = newest(logins)
        const answer = yield* access.query(document, variables, maxQueryBytes)
        cost = costOf(answer) ?? cost
        lasted = [...lasted, answer.seconds].slice(-measured)
        return yield* Effect.fromResult(readNewest(logins, answer))
      })

      const readRaw = Raw.make(access, githubApiUrl)

      const readGists = Effect.fnUntraced(function* (answer: Access.Read) {
        const gists = yield* decode(Schema.Array(Schema.Unknown), answer)
        const next = yield* Effect.fromResult(nextLink(answer.headers.link, answer.url)).pipe(
          Effect.catch((message) => fail(new Unexpected({ message })))
        )
        if (Option.isSome(next) && !isOwn(next.value)) {
          return yield* fail(
            new Unexpected({ message: `GitHub's next page is elsewhere (${next.value.origin}), which is not followed` })
          )
        }
        const decoded = yield* Effect.forEach(gists.filter(isPublic), (gist) => Effect.option(decodeListedGist(gist)))
        const odd = decoded.filter(Option.isNone).length
        if (odd > 0) yield* Telemetry.log("Warn", "gists.skipped", { gists: odd })
        return {
          gists: decoded.flatMap(Option.toArray),
          owner: ownerOf(gists),
          etag: Option.fromNullishOr(answer.headers.etag),
          next
        }
      })

      const readPage = Effect.fnUntraced(function* (answer: Access.Read) {
        const { gists, ...page } = yield* readGists(answer)
        return {
          ...page,
          files: gists.flatMap(listedFiles)
        } satisfies GistPage
      })

      const readFeed = Effect.fnUntraced(function* (answer: Access.Read) {
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
        limitKey: `github:${access.fingerprint}`,
        gists: Effect.fn("Github.gists")(function* (login, etag, pageSize = 100) {
          const answer = yield* get(`${githubApiUrl}/users/${encodeURIComponent(login)}/gists?per_page=${pageSize}`, {
            etag: Option.getOrUndefined(etag),
            maxBytes: maxPageBytes,
            subject: { _tag: "User", login }
          })
          return answer.status === 304 ? Option.none() : Option.some(yield* readPage(answer))
        }),
        page: Effect.fn("Github.page")(function* (next) {
          const subject = { _tag: "Page", of: next.pathname } as const
          return yield* readPage(yield* get(next.href, { maxBytes: maxPageBytes, subject }))
        }),
        feed: Effect.fn("Github.feed")(function* (etag) {
          const answer = yield* get(`${githubApiUrl}/gists/public?per_page=100`, {
            etag: Option.getOrUndefined(etag),
            maxBytes: maxPageBytes,
            subject: { _tag: "Feed" }
          })
          return answer.status === 304 ? Option.none() : Option.some(yield* readFeed(answer))
        }),
        feedPage: Effect.fn("Github.feedPage")(function* (next) {
          return yield* readFeed(yield* get(next.href, { maxBytes: maxPageBytes, subject: { _tag: "Feed" } }))
        }),
        contents: Effect.fn("Github.contents")(function* (gistId) {
          const answer = yield* get(`${githubApiUrl}/gists/${encodeURIComponent(gistId)}`, {
            maxBytes: maxGistBytes,
            subject: { _tag: "Gist", id: gistId }
          })
          const gist = yield* decode(WireGist, answer)
          if (gist.public === false) {
            return yield* fail(new NotPublic({ message: "GitHub does not show the gist as public: it is secret now" }))
          }
          // Not told: nothing is published, and nothing is given up. The same as an answer that cannot be read.
          if (!isPublic(gist)) {
            return yield* fail(
              new Unavailable({ message: "GitHub's answer cannot be read: it does not say whether the gist is public" })
            )
          }
          const files = new Map<string, Content>()
          const types = new Map<string, string>()
          const withheld = new Map<string, string | null>()
          for (const [name, file] of Object.entries(gist.files ?? {})) {
            const content = yield* Effect.option(decodeContentFile(file))
            if (Option.isNone(content)) continue
            const { raw_url: rawUrl } = content.value
            const held = toContent(content.value)
            if (held._tag !== "Withheld") files.set(storableName(name), held)
            else withheld.set(storableName(name), typeof rawUrl === "string" ? rawUrl : null)
            if (typeof content.value.type === "string") types.set(storableName(name), storable(content.value.type, 100))
          }
          const truncated = gist.truncated === true
          return { description: gist.description ?? null, files, types, withheld, truncated }
        }),
        raw: Effect.fn("Github.raw")(function* (rawUrl, maxBytes) {
          return yield* readRaw(rawUrl, maxBytes)
        }),
        contentOf: Effect.fn("Github.contentOf")(function* (gist, { filename, maxBytes }) {
          const held = gist.files.get(filename)
          if (held !== undefined) return Option.some(held)
          const rawUrl = gist.withheld.get(filename)
          if (rawUrl !== undefined) {
            return Option.some(rawUrl === null ? unavailable : yield* readRaw(rawUrl, maxBytes))
          }
          return gist.truncated ? Option.some(unavailable) : Option.none()
        }),
        account: Effect.fn("Github.account")(function* (id) {
          const answer = yield* get(`${githubApiUrl}/user/${id}`, {
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
        batched,
        batch: Effect.fn("Github.batch")(function* (logins) {
          if (!batched) return yield* needsToken
          return yield* batches.ask(logins, queryNewest).pipe(
            Effect.tapError(({ reason }) =>
              Effect.map(Clock.currentTimeMillis, (now) => {
                refusedUntil =
                  reason._tag === "RateLimited"
                    ? reason.resumeAt.epochMilliseconds
                    : now +
                      Duration.toMillis(
                        reason._tag === "Unexpected" || reason._tag === "Blocked" ? whenRefused : whenAway
                      )
              })
            )
          )
        }),
        texts: Effect.fn("Github.texts")(function* (gists) {
          if (!batched) return yield* needsToken
          const found = new Map<string, GistTexts>()
          for (let from = 0; from < gists.length; from += maxTexts) {
            const { document, variables } = texts(gists.slice(from, from + maxTexts).map(({ node }) => node))
            for (const [gistId, one] of readTexts(yield* access.query(document, variables, maxQueryBytes))) {
              found.set(gistId, one)
            }
          }
          return found
        }),
        capacity: Effect.gen(function* () {
          const perHour = (state: Throttle.ThrottleState, otherwise: number) => state.budget?.limit ?? otherwise
          const requests = yield* access.requests.limits
          const points = yield* access.points.limits
          const { limit, millis } = Access.pointsPerMinute
          const seconds = lasted.toSorted((a, b) => a - b)[Math.floor(lasted.length / 2)] ?? usualSeconds
          return {
            single:
              batched || access.unlimited() ? limit / (millis / 1_000) : perHour(requests, anonymousLimit) / 3_600,
            batched:
              batched && refusedUntil <= (yield* Clock.currentTimeMillis)
                ? Math.min((perHour(points, pointLimit) / 3_600 / cost) * batches.size(), batches.size() / seconds)
                : 0
          }
        }),
        limits: access.requests.limits,
        refused: access.refused,
        block: access.requests.block,
        points: { limitKey: `github-points:${access.fingerprint}`, ...access.points },
        checkLists: Effect.gen(function* () {
          const login = "octocat"
          const subject = { _tag: "User", login } as const
          const list = yield* Effect.result(
            Effect.flatMap(
              access.readUnjudged(`${githubApiUrl}/users/${login}/gists?per_page=1`, {
                maxBytes: maxPageBytes,
                subject
              }),
              (answer) => decode(Schema.Array(Schema.Unknown), answer)
            )
          )
          if (Result.isSuccess(list)) return
          if (list.failure.reason._tag !== "UserNotFound") return yield* list.failure
          // An Enterprise Server need not have that user. The feed is everywhere where gists are.
          const feed = yield* Effect.result(
            Effect.flatMap(
              access.readUnjudged(`${githubApiUrl}/gists/public?per_page=1`, {
                maxBytes: maxPageBytes,
                subject: { _tag: "Feed" }
              }),
              (answer) => decode(Schema.Array(Schema.Unknown), answer)
            )
          )
          if (Result.isSuccess(feed)) return
          if (feed.failure.reason._tag !== "Unexpected") return yield* feed.failure
          return yield* fail(
            new Unexpected({ message: `${githubApiUrl} answers, but not where lists of gists are` }),
            "service"
          )
        }).pipe(Effect.withSpan("Github.checkLists")),
        // Enterprise Server answers 404 where no limits are set.
        check: access
          .readUnjudged(`${githubApiUrl}/rate_limit`, { maxBytes: maxPageBytes, subject: { _tag: "Limits" } })
          .pipe(
            Effect.catchReason("GithubError", "Unexpected", () => Effect.void),
            Effect.asVoid
          )
      })
    })
  )
}

/** How long queries are not counted on after one that nobody was answered by: there may be none on this server at all. */
const whenRefused = Duration.hours(1)
const whenAway = Duration.minutes(1)

/**
 * Users asked for by one query: so many cost one point.
 * https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */
export const maxLogins = 100

/** Gists whose texts are asked for by one query. */
const maxTexts = 20

/** 100 gists of up to 300 files each, at some 400 bytes a file. */
const maxPageBytes = 16 * 1024 * 1024

/** A gist is only read whole when its files are small; escaped in JSON, that is at most this. */
const maxGistBytes = 32 * 1024 * 1024

/** 1,000 gists with up to 11 files each, or 20 small gists with their texts, escaped in JSON. */
const maxQueryBytes = 16 * 1024 * 1024

/** GitHub's limits, until an answer tells them: requests an hour without a token, points an hour with one. */
const anonymousLimit = 60
const pointLimit = 5_000

/** How long a query is taken to last before one was asked, and of how many the median is told afterwards. */
const usualSeconds = 1
const measured = 20

const unavailable: Content = {
  _tag: "Omitted",
  why: "it could not be read: GitHub does not show it with the gist"
}

const needsToken = fail(
  new Unauthorized({ message: "GitHub answers for many users at a time with a token only. Set GITHUB_TOKEN" })
)
