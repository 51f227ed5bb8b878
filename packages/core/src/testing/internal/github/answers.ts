/** What the GitHub fake answers once a request has passed the door: routes, paging and validators. */
import { createHash } from "node:crypto"
import type { FakeRequest } from "../../FakeService.ts"
import { JSON_TYPE, jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import type { GithubState, StoredGist, StoredUser, Subject } from "./state.ts"
import { type Addresses, type ApiVersion, listedGist, MAX_RAW, profile, wholeGist } from "./wire.ts"

export type GithubRoute =
  | "/users/{login}/gists"
  | "/user/{id}/gists"
  | "/gists/public"
  | "/gists/{id}"
  | "/users/{login}"
  | "/user/{id}"
  | "/rate_limit"
  | "/graphql"
  | "/raw/{login}/{gist}/{sha}/{name}"

/** Fixed names before placeholders. */
export const githubRoutes: ReadonlyArray<GithubRoute> = [
  "/users/{login}/gists",
  "/user/{id}/gists",
  "/gists/public",
  "/gists/{id}",
  "/users/{login}",
  "/user/{id}",
  "/rate_limit",
  "/graphql",
  "/raw/{login}/{gist}/{sha}/{name}"
]

type Request = FakeRequest<GithubRoute>

const DOCS = "https://docs.github.com/rest"

/** The public feed ends here (https://docs.github.com/en/rest/gists/gists#list-public-gists). */
const MAX_PUBLIC = 3000

export const refusal = (status: number, message: string): Reply =>
  jsonReply(status, { message, documentation_url: DOCS, status: `${status}` })

export const makeAnswers = (state: GithubState, addresses: Addresses) => {
  const notFound = () => refusal(404, "Not Found")

  const list = (request: Request, version: ApiVersion, subject: Subject, path: string, most: number): Reply => {
    const size = perPage(request.query.per_page)
    const page = whole(request.query.page) ?? 1
    if ((page - 1) * size >= most) {
      return refusal(422, `Pagination is limited to ${most} results.`)
    }
    return conditional(request, version, subject, () => {
      const since = instantIn(request.query.since)
      // Without a filter the length is known: only the page itself is walked, not the whole list.
      const found = subject.newest(since, since === undefined ? Math.min(most, page * size) : most)
      const total = since === undefined ? Math.min(most, subject.gists.length) : found.length
      const shown = found.slice((page - 1) * size, page * size)
      const link = linkHeader(`${addresses.api}${path}`, request.query, page, Math.max(1, Math.ceil(total / size)))
      return {
        body: JSON.stringify(shown.map((gist) => listedGist(gist, addresses, version))),
        headers: link === undefined ? {} : { link }
      }
    })
  }

  const userList = (request: Request, version: ApiVersion, user: StoredUser | undefined): Reply =>
    user === undefined ? notFound() : list(request, version, user, `/user/${user.id}/gists`, Number.POSITIVE_INFINITY)

  const userProfile = (request: Request, version: ApiVersion, user: StoredUser | undefined): Reply =>
    user === undefined
      ? notFound()
      : conditional(request, version, undefined, () => ({
          body: JSON.stringify(profile(user, addresses)),
          headers: {}
        }))

  const oneGist = (request: Request, version: ApiVersion, gist: StoredGist | undefined): Reply => {
    if (gist === undefined) return notFound()
    if (gist.blockedAt !== undefined) {
      return jsonReply(403, {
        message: "Gist access blocked",
        documentation_url: DOCS,
        block: { reason: "dmca", created_at: instant(gist.blockedAt), html_url: null }
      })
    }
    // Secret gists as well: whoever knows the id may read one. The list is where they are missing.
    return conditional(request, version, undefined, () => ({
      body: JSON.stringify(wholeGist(gist, addresses, version)),
      headers: {}
    }))
  }

  /** Raw content lives on another host in truth: no token, no limit, no agent is asked for. */
  const raw = (request: Request): Reply => {
    const [, gistId = "", sha = ""] = request.params
    const gist = state.gist(gistId)
    const file = [...(gist?.files.values() ?? [])].find((one) => one.sha === sha) ?? gist?.past.get(sha)
    if (file === undefined) return plain(404, "404: Not Found")
    if (file.content.byteLength > MAX_RAW) return plain(403, "403: Forbidden")
    const type = file.text ? "text/plain; charset=utf-8" : "application/octet-stream"
    return { status: 200, headers: { "content-type": type, etag: `"${sha}"` }, body: file.content }
  }

  const answer = (request: Request, version: ApiVersion): Reply => {
    const [first = ""] = request.params
    if (request.method !== "GET") return notFound()
    switch (request.route) {
      case "/users/{login}/gists":
        return userList(request, version, state.byLogin(first))
      case "/user/{id}/gists":
        return userList(request, version, state.byId(first))
      case "/gists/public":
        return list(request, version, state.feed, "/gists/public", MAX_PUBLIC)
      case "/gists/{id}":
        return oneGist(request, version, state.gist(first))
      case "/users/{login}":
        return userProfile(request, version, state.byLogin(first))
      case "/user/{id}":
        return userProfile(request, version, state.byId(first))
      default:
        return notFound()
    }
  }

  return { answer, raw }
}

const plain = (status: number, body: string): Reply => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body
})

/**
 * The validator hashes what GitHub's does (https://github.com/bored-engineer/github-conditional-http-transport): the
 * body, and the `Accept` and `Authorization` it was asked with. So another token never gets a `304` for it.
 *
 * Validators of a list are remembered until it changes, so that a `304` is answered without building the body.
 */
const conditional = (
  request: Request,
  version: ApiVersion,
  subject: Subject | undefined,
  build: () => { readonly body: string; readonly headers: Readonly<Record<string, string>> }
): Reply => {
  const { accept = "", authorization = "", "if-none-match": asked } = request.headers
  const key = `${request.path}\n${JSON.stringify(request.query)}\n${version}\n${accept}\n${authorization}`
  const known = subject?.etags.get(key)
  // Without `Link`, as recorded of some: a client keeps the next page with the validator.
  const unchanged = (etag: string): Reply => ({ status: 304, headers: { etag, ...cacheHeaders(authorization) } })
  if (known !== undefined && matches(asked, known)) return unchanged(known)
  const { body, headers } = build()
  const etag = known ?? `W/"${createHash("sha256").update(`${accept}:${authorization}:`).update(body).digest("hex")}"`
  subject?.etags.set(key, etag)
  if (matches(asked, etag)) return unchanged(etag)
  return { status: 200, headers: { "content-type": JSON_TYPE, etag, ...cacheHeaders(authorization), ...headers }, body }
}

const cacheHeaders = (authorization: string) => ({
  "cache-control": `${authorization === "" ? "public" : "private"}, max-age=60, s-maxage=60`,
  vary: "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With"
})

const matches = (asked: string | undefined, etag: string): boolean =>
  asked === etag || (asked?.split(",").some((one) => opaque(one) === opaque(etag)) ?? false)

const opaque = (etag: string): string => etag.trim().replace(/^W\//, "")

const linkHeader = (
  url: string,
  query: Readonly<Record<string, string>>,
  page: number,
  last: number
): string | undefined => {
  if (last === 1) return undefined
  const to = (target: number, rel: string) =>
    `<${url}?${new URLSearchParams({ ...query, page: `${target}` })}>; rel="${rel}"`
  return [
    ...(page > 1 ? [to(Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [to(page + 1, "next"), to(last, "last")] : []),
    ...(page > 1 ? [to(1, "first")] : [])
  ].join(", ")
}

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined

const perPage = (text: string | undefined): number => Math.min(whole(text) ?? 30, 100)

const instantIn = (text: string | undefined): number | undefined => {
  const millis = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}
