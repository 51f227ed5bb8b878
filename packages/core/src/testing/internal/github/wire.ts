/**
 * GitHub's objects as they go over the wire, complete enough to pass GitHub's own description
 * (https://github.com/github/rest-api-description), which the tests hold them against.
 */

import { instant } from "../time.ts"
import type { StoredFile } from "./files.ts"
import type { StoredGist, StoredUser } from "./subjects.ts"

/** Where the objects' addresses point to. */
export interface Addresses {
  readonly api: string
  readonly raw: string
  readonly behindLarge: "whole" | "none"
}

/** `2026-03-10` dropped `user`, `forks` and `history` (https://docs.github.com/en/rest/about-the-rest-api/breaking-changes). */
export type ApiVersion = "2022-11-28" | "2026-03-10"

/** Content of one file beyond this is cut; the rest is behind `raw_url` (https://docs.github.com/en/rest/gists/gists). */
const MAX_CONTENT = 1024 * 1024
const MAX_FILES = 300
/** Beyond this the raw address refuses as well, and only a clone helps. */
export const MAX_RAW = 10 * 1024 * 1024

/** An account as lists of accounts show it. */
export const simpleUser = ({ login, id, type }: StoredUser, { api }: Addresses) => {
  const url = `${api}/users/${login}`
  return {
    login,
    id,
    node_id: nodeId("User", `${id}`),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: "",
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    user_view_type: "public",
    site_admin: false
  }
}

/** An e-mail address is shown to callers with a token only: https://docs.github.com/en/rest/users/users#get-a-user */
export const profile = (user: StoredUser, addresses: Addresses, { hasToken }: { readonly hasToken: boolean }) => ({
  ...simpleUser(user, addresses),
  name: user.profile.name,
  company: user.profile.company,
  blog: user.profile.website ?? "",
  location: user.profile.location,
  email: hasToken ? user.profile.email : null,
  hireable: null,
  bio: user.profile.bio,
  twitter_username: null,
  public_repos: 0,
  public_gists: user.gists.length,
  followers: 0,
  following: 0,
  created_at: instant(user.createdAt),
  updated_at: instant(user.createdAt)
})

export const listedGist = (gist: StoredGist, addresses: Addresses, version: ApiVersion) => ({
  ...common(gist, addresses, (file) => fileFacts(gist, file, addresses)),
  ...(version === "2022-11-28" ? { user: null } : {})
})

export const wholeGist = (gist: StoredGist, addresses: Addresses, version: ApiVersion) => {
  let isCut = false
  const shown = (file: StoredFile) => {
    const content =
      isCut && addresses.behindLarge === "none" ? { truncated: true, content: "", encoding: "utf-8" } : contentOf(file)
    isCut ||= content.truncated
    return content
  }
  return {
    ...common(gist, addresses, (file) => ({ ...fileFacts(gist, file, addresses), ...shown(file) })),
    ...(gist.forkOf === undefined ? {} : { fork_of: listedGist(gist.forkOf, addresses, version) }),
    ...(version === "2022-11-28" ? { user: null, forks: [], history: history(gist, addresses) } : {})
  }
}

const common = (gist: StoredGist, addresses: Addresses, entry: (file: StoredFile) => object) => {
  const url = `${addresses.api}/gists/${gist.id}`
  const page = `https://gist.github.com/${gist.id}`
  return {
    url,
    forks_url: `${url}/forks`,
    commits_url: `${url}/commits`,
    id: gist.id,
    node_id: nodeId("Gist", gist.id),
    git_pull_url: `${page}.git`,
    git_push_url: `${page}.git`,
    html_url: `https://gist.github.com/${gist.owner.login}/${gist.id}`,
    files: filesOf(gist, entry),
    public: gist.public,
    created_at: instant(gist.createdAt),
    updated_at: instant(gist.updatedAt),
    description: gist.description,
    comments: 0,
    comments_enabled: true,
    comments_url: `${url}/comments`,
    owner: simpleUser(gist.owner, addresses),
    truncated: gist.files.size > MAX_FILES
  }
}

const filesOf = (gist: StoredGist, entry: (file: StoredFile) => object): object => {
  // Without a prototype, so that a file called `__proto__` becomes a key like any other.
  const files: Record<string, object> = Object.create(null)
  let left = MAX_FILES
  for (const file of gist.files.values()) {
    if (left-- === 0) break
    files[file.name] = entry(file)
  }
  return files
}

const fileFacts = (gist: StoredGist, file: StoredFile, { raw }: Addresses) => ({
  filename: file.name,
  type: typeOf(file),
  language: file.language,
  raw_url: `${raw}/raw/${gist.owner.login}/${gist.id}/${file.sha}/${encodeURIComponent(file.name.toWellFormed())}`,
  size: file.content.byteLength
})

const contentOf = ({ content, text }: StoredFile) => {
  const truncated = content.byteLength > MAX_CONTENT
  const shown = truncated ? content.subarray(0, text ? characterStart(content, MAX_CONTENT) : MAX_CONTENT) : content
  return {
    truncated,
    content: shown.toString(text ? "utf8" : "base64"),
    encoding: text ? "utf-8" : "base64"
  }
}

/** The last place not after `end` where a UTF-8 character starts. */
const characterStart = (bytes: Buffer, end: number): number => {
  let at = end
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--
  return at
}

const history = (gist: StoredGist, addresses: Addresses) => {
  const version = [...gist.files.values()].at(-1)?.sha ?? "0".repeat(40)
  return [
    {
      user: simpleUser(gist.owner, addresses),
      version,
      committed_at: instant(gist.updatedAt),
      change_status: { total: 0, additions: 0, deletions: 0 },
      url: `${addresses.api}/gists/${gist.id}/${version}`
    }
  ]
}

/** A few kinds are enough: Gitpip shows types and decides nothing by them. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["css", "text/css"],
  ["html", "text/html"],
  ["java", "text/plain"],
  ["js", "text/javascript"],
  ["json", "application/json"],
  ["md", "text/markdown"],
  ["png", "image/png"],
  ["py", "application/x-python"],
  ["sh", "application/x-sh"],
  ["ts", "application/typescript"],
  ["txt", "text/plain"]
])

const typeOf = ({ name, text }: StoredFile): string =>
  TYPES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? (text ? "text/plain" : "application/octet-stream")

const nodeId = (kind: "User" | "Gist", id: string): string =>
  Buffer.from(`0${kind.length}:${kind}${id}`).toString("base64")
