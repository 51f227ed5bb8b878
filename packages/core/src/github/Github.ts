/**
 * GitHub's API, as far as Gitpip needs it: which gists a user has, what one gist holds, who an account is now.
 *
 * Guarantees: those of `api.ts` for every request, and a list never fails because one gist of it cannot be read.
 *
 * Outside facts: https://docs.github.com/en/rest/gists/gists ,
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api ,
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
import { Context, type DateTime, Effect, Layer, Option, type Result } from "effect"
import { HttpClient } from "effect/http"
import type { Content } from "../domain/GistFile.ts"
import { SharedQuota } from "../limits/SharedQuota.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import { Settings } from "../Settings.ts"
import * as Accounts from "./accounts.ts"
import * as Api from "./api.ts"
import * as Batches from "./batches.ts"
import * as Contents from "./contents.ts"
import type { GithubError } from "./errors.ts"
import * as Lists from "./lists.ts"
import * as Probes from "./probes.ts"
import type { ProfilePage } from "./profiles.ts"
import * as Profiles from "./profiles.ts"
import type { GistTexts, NewestGists, NewestOptions } from "./queries.ts"
import type { Account, Capacity, FeedPage, GistContents, GistPage } from "./types.ts"

export { type AccountList, type AccountsPage, maxAccountPages } from "./accounts.ts"
export { maxLogins } from "./batches.ts"
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
export {
  type BatchProfile,
  fingerprintOf as profileFingerprint,
  type ProfilePage,
  type PublicProfile
} from "./profiles.ts"
export type { BatchGist, GistTexts, NewestGists } from "./queries.ts"
export type { Account, Capacity, FeedGist, FeedPage, GistContents, GistPage } from "./types.ts"

/** GitHub's API, one method for each question. Every request keeps to GitHub's limits. */
export class Github extends Context.Service<
  Github,
  {
    /** Names the limits that apply, without naming the token: the same for all who share them. */
    readonly limitKey: string
    /**
     * The first page of a user's gists, newest created first as far as is known (the order is not documented).
     * `None` when the page is still the one of `etag`. With a token, such a response costs nothing of the hourly limit.
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
     * The first page of all users' newest public gists; `None` when the page is still the one of `etag`. The feed ends
     * after 3,000 gists, and its lag is not documented.
     * https://docs.github.com/en/rest/gists/gists#list-public-gists
     */
    readonly feed: (etag: Option.Option<string>) => Effect.Effect<Option.Option<FeedPage>, GithubError>
    /** A further page of the feed, by the address that the page before gave. */
    readonly feedPage: (next: URL) => Effect.Effect<FeedPage, GithubError>
    /**
     * A gist with contents, at most the beginning of each. Fails unless GitHub says that the gist is public, and with
     * `NotPublic` when GitHub says that the gist is secret.
     */
    readonly contents: (gistId: string) => Effect.Effect<GistContents, GithubError>
    /** The beginning of a file's raw content. A content that stays out of reach is `Omitted`, which is no failure. */
    readonly raw: (rawUrl: string, maxBytes: number) => Effect.Effect<Content, GithubError>
    /**
     * The content of one of a gist's files, read by itself when the gist's response leaves it out; `None` when the gist has
     * no such file. A wait for a host of raw content is `RateLimited` with the scope `host`.
     */
    readonly contentOf: (
      gist: GistContents,
      file: { readonly filename: string; readonly maxBytes: number }
    ) => Effect.Effect<Option.Option<Content>, GithubError>
    /** Who an account is now, by its number: it survives renames. */
    readonly account: (id: number) => Effect.Effect<Account, GithubError>
    /**
     * A user's public profile; `None` when the profile is still the one of `etag`. `UserNotFound` without such a user. The
     * e-mail address is shown to callers with a token only: https://docs.github.com/en/rest/users/users#get-a-user
     */
    readonly profile: (
      login: string,
      etag: Option.Option<string>
    ) => Effect.Effect<Option.Option<ProfilePage>, GithubError>
    /**
     * A page of a list of accounts: the public members of an organization, a user's followers, or who starred a repository.
     * Pages count from 1. `UserNotFound` without such a list.
     */
    readonly accounts: (list: Accounts.AccountList, page: number) => Effect.Effect<Accounts.AccountsPage, GithubError>
    /** Whether many users can be asked for at a time: there is a token. */
    readonly batched: boolean
    /**
     * Many users' gists, last changed first, in the order of `logins`. One query, or several for more than a hundred users
     * and when GitHub does not complete a query for that many.
     *
     * A user whose own query GitHub does not complete has `Unavailable`, and a user in an unknown form `Unexpected`. Fails
     * only when no user was answered.
     */
    readonly batch: (
      logins: ReadonlyArray<string>,
      options?: NewestOptions
    ) => Effect.Effect<ReadonlyArray<Result.Result<NewestGists, GithubError>>, GithubError>
    /** The texts of gists that are `small`, by gist id. A text that GitHub does not show, or may have changed, is missing. */
    readonly texts: (
      gists: ReadonlyArray<{ readonly node: string }>
    ) => Effect.Effect<ReadonlyMap<string, GistTexts>, GithubError>
    readonly capacity: Effect.Effect<Capacity>
    /** The hourly limit of queries, which is one of its own, counted in points. */
    readonly points: {
      readonly limitKey: string
      readonly limits: Effect.Effect<ThrottleState>
      readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
    }
    /** What is left of the hourly limit, as GitHub last reported. */
    readonly limits: Effect.Effect<ThrottleState>
    /**
     * Why GitHub refuses all requests, or all of one kind (lists, gists, accounts), until GitHub answers one of them again.
     * All requests: `Unauthorized` or `Unexpected`. One kind: `Refused`, with the scope `credential`.
     */
    readonly refused: Effect.Effect<Option.Option<GithubError>>
    /** Sends nothing until then, for a limit that is stored for all processes on the database. */
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
      const quotas = yield* SharedQuota
      const api = Api.make({ client, apiUrl: githubApiUrl, token: githubToken, quotas })
      const hasToken = Option.isSome(githubToken)
      return Github.of({
        limitKey: api.limitKey,
        ...Lists.make(api, githubApiUrl),
        ...Contents.make(api, githubApiUrl),
        ...Probes.make(api, githubApiUrl),
        ...Profiles.make(api, githubApiUrl),
        ...Accounts.make(api, githubApiUrl),
        ...Batches.make(api, hasToken),
        batched: hasToken,
        limits: api.requests.limits,
        block: api.requests.block,
        refused: api.refused,
        points: { limitKey: api.pointsLimitKey, ...api.points }
      })
    })
  )
}
