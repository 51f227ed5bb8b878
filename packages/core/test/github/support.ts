/** GitHub clients with a fake, and whole worlds with a GitHub that gives scripted answers. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { Clock, Effect, Option, Result, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Github, GithubError, NewestGists } from "../../src/github/Github.ts"
import type { Services } from "../../src/layers.ts"
import type { Settings } from "../../src/Settings.ts"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { githubToken, makeGithub, server } from "../net/clients.ts"
import { everything, inWorld, type makeWorld, name } from "../world.ts"
import { graphqlEngine } from "./graphqlEngine.ts"

/** A GitHub client and its fake, with one user. */
export const client = Effect.fnUntraced(function* (options: FakeGithubOptions = {}) {
  const fake = yield* FakeGithub.make({ token: githubToken, ...options })
  const github = yield* makeGithub(fake.url)
  fake.addUser("octocat", { id: 42 })
  return { fake, github }
})

export const none = Option.none<string>()

export const list = (github: Github["Service"], login = "octocat") =>
  Effect.flatMap(github.gists(login, none), (page) => Effect.fromOption(page).pipe(Effect.orDie))

export const always = { times: Number.POSITIVE_INFINITY }

/** That many users, each with a gist of one file. */
export const clientWithUsers = Effect.fnUntraced(function* (users: number, options: FakeGithubOptions = {}) {
  const fake = yield* FakeGithub.make({ token: githubToken, graphql: graphqlEngine, ...options })
  const github = yield* makeGithub(fake.url)
  const logins = Array.from({ length: users }, (_, n) => `user-${n}`)
  const gists = logins.map((login) => {
    fake.addUser(login)
    return fake.addGist(login, { files: { [`${login}.md`]: `# ${login}` } })
  })
  return { fake, github, logins, gists }
})

/** How many users each query asked for. */
export const sizes = (fake: FakeGithub) =>
  fake.requests
    .filter(({ route }) => route === "/graphql")
    .map(({ body }) => Object.keys((body as { readonly variables: object }).variables).length)

export const tags = (results: ReadonlyArray<Result.Result<NewestGists, GithubError>>) =>
  results.map((result) => (Result.isSuccess(result) ? "Success" : result.failure.reason._tag))

export const one = (results: ReadonlyArray<Result.Result<NewestGists, GithubError>>) =>
  Result.getOrThrow(results.at(0) as Result.Result<NewestGists, GithubError>)

type World = Effect.Success<ReturnType<typeof makeWorld>>
type Needs = Gitpip | Services | Settings | SqlClient.SqlClient | Scope.Scope

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage["headers"]
}

/** An answer. A body other than a string is sent as JSON. */
export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Headers of every real answer of GitHub's API. */
const ordinary = (clock: Clock.Clock) => ({
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": "4990",
  "x-ratelimit-used": "10",
  "x-ratelimit-reset": `${Math.floor(clock.currentTimeMillisUnsafe() / 1_000) + 3_000}`
})

/** Gitpip with a GitHub that gives these answers, and all requests to it. Without GraphQL, and without a feed. */
export const withGithub = <A, E>(
  answer: (asked: Asked, origin: string, now: number) => Answer | undefined,
  body: (world: World & { readonly asked: ReadonlyArray<Asked> }) => Effect.Effect<A, E, Needs>,
  env: Record<string, string> = {}
) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const asked: Array<Asked> = []
    let origin = ""
    const listener: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost")
      const one = { method: request.method ?? "", path: pathname, query: searchParams, headers: request.headers }
      asked.push(one)
      const {
        body,
        headers,
        status = 200
      } = answer(one, origin, clock.currentTimeMillisUnsafe()) ?? {
        status: 404,
        body: { message: "Not Found" }
      }
      const isText = typeof body === "string"
      response.writeHead(status, {
        "content-type": isText ? "text/plain" : "application/json",
        ...ordinary(clock),
        ...headers
      })
      response.end(isText ? body : JSON.stringify(body))
    }
    const { url } = yield* server(listener)
    origin = url
    return yield* inWorld(layerPostgres, { env: { GITHUB_API_URL: url, ...env } }, (world) => body({ ...world, asked }))
  })

export const gist = (login: string, id: string, more: object = {}) => ({
  id,
  html_url: `https://gist.github.com/${login}/${id}`,
  public: true,
  owner: { id: login.length * 1_000 + login.charCodeAt(0), login },
  created_at: "2026-11-01T10:00:00Z",
  updated_at: "2026-11-01T10:00:00Z",
  files: { [`${id}.md`]: { size: 4 } },
  ...more
})

/** The answer for one gist, with contents. */
export const whole = (login: string, id: string, more: object = {}) =>
  gist(login, id, { files: { [`${id}.md`]: { size: 4, truncated: false, content: `of ${id}` } }, ...more })

export const listOf = (login: string) => `/users/${login}/gists`

export const tracked = Effect.fnUntraced(function* (...logins: ReadonlyArray<string>) {
  const gitpip = yield* Gitpip
  for (const login of logins) yield* gitpip.track(name(login))
  return gitpip
})

export const states = (logins: ReadonlyArray<string>) =>
  Effect.flatMap(Gitpip, (gitpip) =>
    Effect.forEach(logins, (login) => Effect.map(gitpip.user(name(login)), ({ user }) => user.state))
  )

export const publications = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (all) =>
    all.map(({ errorReason, filename, state }) => [filename, state, errorReason] as const)
  )
)

/** A user's gists, in pages of the requested size. */
export const paged = (login: string, count: number, { path, query }: Asked): Answer | undefined => {
  if (path !== listOf(login)) return undefined
  const size = Number(query.get("per_page") ?? 30)
  const page = Number(query.get("page") ?? 1)
  const ids = Array.from({ length: count }, (_, n) => `${login}-${n}`).slice((page - 1) * size, page * size)
  const link = page * size < count ? { link: `<${path}?per_page=${size}&page=${page + 1}>; rel="next"` } : {}
  return { body: ids.map((id) => gist(login, id)), headers: link }
}
