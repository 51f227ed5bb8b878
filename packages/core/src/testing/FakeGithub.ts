/**
 * GitHub as an HTTP server on loopback: users, their public gists, conditional requests, paging and both limits; GraphQL
 * as well, when it is given an executor.
 *
 * The fake follows https://docs.github.com/en/rest and recorded answers. Where those are silent or disagree, the fake takes
 * the reading that is hardest on a client: a `304` carries no `Link`, the order of lists is by creation only, `since`
 * includes its own second.
 *
 * Hazard: methods that set the state throw on names that do not exist, or exist already, since a test that misspells a
 * login would otherwise prove nothing.
 */
import { Clock, Effect, type Scope } from "effect"
import type { HttpServerError } from "effect/http"
import type { FakeRequest, FakeService, FakeServiceOptions } from "./FakeService.ts"
import type { GraphqlEngine } from "./Graphql.ts"
import { answer, type Github, raw } from "./internal/github/answers.ts"
import { type GraphqlFault, isGraphqlFault, makeGraphql } from "./internal/github/graphql.ts"
import {
  limitHeaders,
  makePrimaryLimit,
  makeSecondaryLimit,
  type PrimaryFacts,
  primaryLimitReached,
  secondaryLimitReached
} from "./internal/github/limits.ts"
import { refusal } from "./internal/github/refusals.ts"
import { type GithubRoute, githubRoutes } from "./internal/github/routes.ts"
import { type GistInput, GithubState } from "./internal/github/state.ts"
import type { UserProfile } from "./internal/github/subjects.ts"
import type { ApiVersion } from "./internal/github/wire.ts"
import { jsonReply, type Reply } from "./internal/reply.ts"
import { serve } from "./internal/server.ts"

export type { GithubRoute } from "./internal/github/routes.ts"
export type { GistInput } from "./internal/github/state.ts"
export type { UserProfile } from "./internal/github/subjects.ts"

/**
 * A fault that the fake shows in place of an answer.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export type GithubFault =
  | GraphqlFault
  /** The hour's budget is spent: `x-ratelimit-remaining: 0`, never a `retry-after`. */
  | { readonly kind: "primary-limit"; readonly resetInSeconds: number; readonly status?: 403 | 429 }
  /** Too much at once: budget is left, and `retry-after` may be missing. */
  | { readonly kind: "secondary-limit"; readonly retryAfterSeconds?: number; readonly status?: 403 | 429 }

/** What a fake GitHub is like at its start. */
export interface FakeGithubOptions extends FakeServiceOptions {
  /** When set, requests with another token get `401`. When not, any token is a good one. */
  readonly token?: string
  /** Requests an hour with a token (default 5,000; without one never more than 60). `false`: none, and no headers. */
  readonly limit?: number | false
  /** Executes GraphQL. Without it there is no `/graphql`. */
  readonly graphql?: GraphqlEngine
  /** Points of GraphQL an hour and token (default 5,000). No limit when `limit` is `false`. */
  readonly points?: number
  readonly secondary?: { readonly pointsPerMinute: number }
  /**
   * The user whose token it is. Their list shows secret gists as well, with `public: false`, as recorded in 2021
   * (https://github.com/hub4j/github-api, GHGistTest).
   */
  readonly self?: string
  /** Whether a gist shows the content of files behind one that is too large. `none`: https://github.com/cli/cli/issues/11739 */
  readonly behindLarge?: "whole" | "none"
  /** Where `raw_url` points to. Default: the fake itself. */
  readonly rawOrigin?: string | URL
}

/** A GitHub on 127.0.0.1 that keeps users and gists, counts limits, and breaks on request. */
export interface FakeGithub extends FakeService<GithubRoute, GithubFault> {
  /** Returns the numeric id. */
  readonly addUser: (
    login: string,
    options?: { readonly id?: number; readonly type?: "User" | "Organization" | "Bot" }
  ) => number
  /** Sets who an organization's public members are, in the order in which they are listed. */
  readonly setMembers: (org: string, logins: ReadonlyArray<string>) => void
  readonly setFollowers: (login: string, logins: ReadonlyArray<string>) => void
  /** Sets who starred a repository, which is there from then on. */
  readonly setStargazers: (repository: `${string}/${string}`, logins: ReadonlyArray<string>) => void
  /** Removes the user's gists as well. */
  readonly removeUser: (login: string) => void
  /** Changes what the user has made public about themselves. A new user's profile is empty. */
  readonly setProfile: (login: string, changes: Partial<UserProfile>) => void
  /** Keeps the numeric id, and frees the old login. */
  readonly renameUser: (from: string, to: string) => void
  /** A suspended account and its gists are answered as if they did not exist. */
  readonly suspend: (login: string, suspended: boolean) => void
  /** Returns the gist's id: 32 hexadecimal digits unless given. */
  readonly addGist: (login: string, gist: GistInput) => string
  readonly addFile: (gistId: string, name: string, content: string | Uint8Array) => void
  readonly editFile: (gistId: string, name: string, content: string | Uint8Array) => void
  readonly removeFile: (gistId: string, name: string) => void
  readonly deleteGist: (gistId: string) => void
  /** A secret gist is missing from lists, and still readable by its id. */
  readonly setPublic: (gistId: string, isPublic: boolean) => void
  /** From now on the gist itself answers `403` with a `block` object; lists still show it. */
  readonly blockGist: (gistId: string) => void
}

const ANONYMOUS_LIMIT = 60

/** https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const VERSIONS: ReadonlyArray<ApiVersion> = ["2022-11-28", "2026-03-10"]

const make = Effect.fnUntraced(function* (
  options: FakeGithubOptions = {}
): Effect.fn.Return<FakeGithub, HttpServerError.ServeError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const state = new GithubState(now, options.self)
  const server = yield* serve<GithubRoute, GithubFault>(options, (api) => {
    const raw = options.rawOrigin === undefined ? api : new URL(options.rawOrigin).origin
    const addresses = { api, raw, behindLarge: options.behindLarge ?? "whole" }
    const handle = makeHandler({ state, addresses }, options)
    return {
      routes: githubRoutes,
      answer: (request) => handle(request),
      fault: (fault, request) => (isGraphqlFault(fault) ? handle(request, fault) : faultReply(fault, now()))
    }
  })
  return {
    ...server,
    injectFault: (fault, { when = () => true, ...rest } = {}) =>
      server.injectFault(fault, {
        ...rest,
        when: (request) => when(request) && (!isGraphqlFault(fault) || request.route === "/graphql")
      }),
    addUser: (login, user) => state.addUser(login, user?.id, user?.type),
    setMembers: (org, logins) => state.setAccounts(`/orgs/${org}/public_members`, logins),
    setFollowers: (login, logins) => state.setAccounts(`/users/${login}/followers`, logins),
    setStargazers: (repository, logins) => state.setAccounts(`/repos/${repository}/stargazers`, logins),
    removeUser: (login) => state.removeUser(login),
    setProfile: (login, changes) => state.setProfile(login, changes),
    renameUser: (from, to) => state.renameUser(from, to),
    suspend: (login, suspended) => state.suspend(login, suspended),
    addGist: (login, gist) => state.addGist(login, gist),
    addFile: (id, name, content) => state.addFile(id, name, content),
    editFile: (id, name, content) => state.editFile(id, name, content),
    removeFile: (id, name) => state.removeFile(id, name),
    deleteGist: (id) => state.deleteGist(id),
    setPublic: (id, isPublic) => state.setPublic(id, isPublic),
    blockGist: (id) => state.blockGist(id)
  }
})

/** A GitHub on 127.0.0.1 that keeps users and gists, counts limits, and breaks on request. */
export const FakeGithub: { readonly make: typeof make } = { make }

/** Checks each request before the answer, in GitHub's order: agent, token, version, both limits. */
const makeHandler = (github: Github, options: FakeGithubOptions) => {
  const primary = makePrimaryLimit()
  const points = makePrimaryLimit()
  const pointLimit = options.limit === false ? undefined : (options.points ?? 5000)
  const secondary = options.secondary === undefined ? undefined : makeSecondaryLimit(options.secondary.pointsPerMinute)
  const graphql =
    options.graphql === undefined
      ? undefined
      : makeGraphql({ engine: options.graphql, state: github.state, points, limit: pointLimit, secondary })

  return (request: FakeRequest<GithubRoute>, fault?: GraphqlFault): Reply => {
    if (request.route === "/raw/{login}/{gist}/{sha}/{name}") return raw(github, request)
    const { authorization, "user-agent": agent = "", "x-github-api-version": asked } = request.headers
    if (agent === "") return { status: 403, headers: { "content-type": "text/html" }, body: NO_AGENT }
    if (!isGoodToken(authorization, options.token)) return refusal(401, "Bad credentials")
    if (request.route === "/graphql" && graphql !== undefined) return graphql(request, fault)
    const version = VERSIONS.find((one) => one === (asked ?? VERSIONS[0]))
    if (version === undefined) return refusal(400, `"${asked}" is not a supported version.`)

    const credential = authorization ?? "anonymous"
    const limit = limitOf(options.limit, authorization)
    const read = () => (limit === undefined ? undefined : primary.read(credential, limit, request.at))
    const before = read()
    if (request.route === "/rate_limit") {
      const left = pointLimit === undefined ? undefined : points.read(credential, pointLimit, request.at)
      return overview(before, left, version)
    }
    if (before?.remaining === 0) return primaryLimitReached(403, before)
    const wait = secondary?.(request.route ?? request.path, request.at)
    if (wait !== undefined) return secondaryLimitReached(403, wait, before)

    const reply = answer(github, { request, version })
    // https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api: free only with a token.
    if (reply.status !== 304 || authorization === undefined) primary.charge(credential)
    const after = read()
    return {
      ...reply,
      headers: {
        ...reply.headers,
        ...(after === undefined ? {} : limitHeaders(after)),
        "x-github-api-version-selected": version,
        "x-github-media-type": "github.v3; format=json"
      }
    }
  }
}

const NO_AGENT =
  "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent).\n"

const isGoodToken = (authorization: string | undefined, token: FakeGithubOptions["token"]): boolean =>
  authorization === undefined || token === undefined || token === /^(?:bearer|token) (.*)$/i.exec(authorization)?.[1]

const limitOf = (limit: number | false = 5000, authorization: string | undefined): number | undefined => {
  if (limit === false) return undefined
  return authorization === undefined ? Math.min(limit, ANONYMOUS_LIMIT) : limit
}

/** Free of the primary limit. `rate` went with `2026-03-10`. */
const overview = (facts: PrimaryFacts | undefined, points: PrimaryFacts | undefined, version: ApiVersion): Reply => {
  if (facts === undefined) return refusal(404, "Rate limiting is not enabled.")
  const { reset } = facts
  const untouched = (limit: number) => ({ limit, used: 0, remaining: limit, reset })
  const resources = { core: facts, search: untouched(30), graphql: points }
  return jsonReply(
    200,
    { resources, ...(version === "2022-11-28" ? { rate: facts } : {}) },
    { ...limitHeaders(facts), "x-github-api-version-selected": version }
  )
}

const faultReply = (fault: Exclude<GithubFault, GraphqlFault>, now: number): Reply => {
  if (fault.kind === "secondary-limit") {
    const left = { limit: 5000, remaining: 4900, used: 100, reset: Math.floor(now / 1000) + 3000 }
    return secondaryLimitReached(fault.status ?? 403, fault.retryAfterSeconds, left)
  }
  const reset = Math.floor(now / 1000) + fault.resetInSeconds
  return primaryLimitReached(fault.status ?? 403, { limit: 5000, remaining: 0, used: 5000, reset })
}
