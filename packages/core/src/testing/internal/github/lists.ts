/** Lists of gists, and of accounts, in numbered pages, with `Link` headers. */
import type { Reply } from "../reply.ts"
import { type Call, conditional } from "./conditional.ts"
import { refusal } from "./refusals.ts"
import type { StoredUser, Subject } from "./subjects.ts"
import { type Addresses, listedGist, simpleUser } from "./wire.ts"

export interface Listing {
  readonly subject: Subject
  /** As `Link` headers name the list. */
  readonly path: string
  /** The list ends here. */
  readonly max: number
}

export const list = (call: Call, { max, path, subject }: Listing, addresses: Addresses): Reply => {
  const { query } = call.request
  const size = Math.min(whole(query.per_page) ?? 30, 100)
  const page = whole(query.page) ?? 1
  if ((page - 1) * size >= max) return refusal(422, `Pagination is limited to ${max} results.`)
  const build = () => {
    const since = instantIn(query.since)
    // Without a filter the length is known, so the page alone is read, not the whole list.
    const found = subject.newest(since, since === undefined ? Math.min(max, page * size) : max)
    const total = since === undefined ? Math.min(max, subject.gists.length) : found.length
    const shown = found.slice((page - 1) * size, page * size)
    const last = Math.max(1, Math.ceil(total / size))
    return {
      body: JSON.stringify(shown.map((gist) => listedGist(gist, addresses, call.version))),
      headers: last === 1 ? {} : { link: linkHeader(`${addresses.api}${path}`, query, { page, last }) }
    }
  }
  return conditional(call, build, subject)
}

/** GitHub shows no page of stargazers behind the 400th: https://github.com/PyGithub/PyGithub/issues/1876 */
const MAX_ACCOUNTS = 40_000

/** A list of accounts in numbered pages. `max`: where the list ends. */
export const accountList = (call: Call, users: ReadonlyArray<StoredUser>, addresses: Addresses): Reply => {
  const { path, query, route } = call.request
  const max = route === "/repos/{owner}/{repo}/stargazers" ? MAX_ACCOUNTS : Number.POSITIVE_INFINITY
  const size = Math.min(whole(query.per_page) ?? 30, 100)
  const page = whole(query.page) ?? 1
  if ((page - 1) * size >= max) {
    return refusal(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")
  }
  const last = Math.max(1, Math.ceil(Math.min(users.length, max) / size))
  const shown = users.slice((page - 1) * size, page * size)
  return conditional(call, () => ({
    body: JSON.stringify(shown.map((user) => simpleUser(user, addresses))),
    headers: last === 1 ? {} : { link: linkHeader(`${addresses.api}${path}`, query, { page, last }) }
  }))
}

const linkHeader = (
  url: string,
  query: Readonly<Record<string, string>>,
  { last, page }: { readonly page: number; readonly last: number }
): string => {
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

const instantIn = (text: string | undefined): number | undefined => {
  const millis = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}
