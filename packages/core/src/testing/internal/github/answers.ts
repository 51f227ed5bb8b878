/** What the GitHub fake answers once a request is within the limits: lists, profiles, gists and raw contents. */
import type { FakeRequest } from "../../FakeService.ts"
import { jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { type Call, conditional } from "./conditional.ts"
import { accountList, list } from "./lists.ts"
import { DOCS, notFound } from "./refusals.ts"
import type { GithubRoute } from "./routes.ts"
import type { GithubState } from "./state.ts"
import type { StoredGist, StoredUser } from "./subjects.ts"
import { type Addresses, MAX_RAW, profile, wholeGist } from "./wire.ts"

/** The public feed ends here (https://docs.github.com/en/rest/gists/gists#list-public-gists). */
const MAX_PUBLIC = 3000

export interface Github {
  readonly state: GithubState
  readonly addresses: Addresses
}

/** The answer to one request by its route. Accounts and gists that outsiders cannot see are `404`. */
export const answer = (github: Github, call: Call): Reply => {
  const { addresses, state } = github
  const { method, params, route } = call.request
  const [first = ""] = params
  if (method !== "GET") return notFound()
  switch (route) {
    case "/users/{login}/gists":
      return userList(github, call, state.byLogin(first))
    case "/user/{id}/gists":
      return userList(github, call, state.byId(first))
    case "/gists/public":
      return list(call, { subject: state.feed, path: "/gists/public", max: MAX_PUBLIC }, addresses)
    case "/gists/{id}":
      return oneGist(github, call, state.gist(first))
    case "/users/{login}/followers":
    case "/orgs/{org}/public_members":
    case "/repos/{owner}/{repo}/stargazers": {
      const users = state.accountsAt(call.request.path)
      return users === undefined ? notFound() : accountList(call, users, addresses)
    }
    case "/users/{login}":
      return userProfile(github, call, state.byLogin(first))
    case "/user/{id}":
      return userProfile(github, call, state.byId(first))
    default:
      return notFound()
  }
}

const userList = ({ addresses }: Github, call: Call, user: StoredUser | undefined): Reply =>
  user === undefined
    ? notFound()
    : list(call, { subject: user, path: `/user/${user.id}/gists`, max: Number.POSITIVE_INFINITY }, addresses)

const userProfile = ({ addresses }: Github, call: Call, user: StoredUser | undefined): Reply =>
  user === undefined
    ? notFound()
    : conditional(call, () => {
        const hasToken = call.request.headers.authorization !== undefined
        return { body: JSON.stringify(profile(user, addresses, { hasToken })) }
      })

/** Answers secret gists as well: the id is enough to read one. Only lists leave secret gists out. */
const oneGist = ({ addresses }: Github, call: Call, gist: StoredGist | undefined): Reply => {
  if (gist === undefined) return notFound()
  if (gist.blockedAt !== undefined) {
    return jsonReply(403, {
      message: "Gist access blocked",
      documentation_url: DOCS,
      block: { reason: "dmca", created_at: instant(gist.blockedAt), html_url: null }
    })
  }
  return conditional(call, () => ({ body: JSON.stringify(wholeGist(gist, addresses, call.version)) }))
}

/** GitHub serves raw content from another host, without a token, a limit or a check of the agent. */
export const raw = ({ state }: Github, request: FakeRequest<GithubRoute>): Reply => {
  const [, gistId = "", sha = ""] = request.params
  const gist = state.gist(gistId)
  const file = [...(gist?.files.values() ?? [])].find((one) => one.sha === sha) ?? gist?.past.get(sha)
  if (file === undefined) return plain(404, "404: Not Found")
  if (file.content.byteLength > MAX_RAW) return plain(403, "403: Forbidden")
  const type = file.text ? "text/plain; charset=utf-8" : "application/octet-stream"
  return { status: 200, headers: { "content-type": type, etag: `"${sha}"` }, body: file.content }
}

const plain = (status: number, body: string): Reply => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body
})
