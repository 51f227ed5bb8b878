/**
 * Reads lists of accounts: the public members of an organization, the followers of a user, the stargazers of a repository.
 *
 * Pages of 100 cost a request each with a token and without. A query would cost as much, out of the points that checks need.
 *
 * Outside facts: https://docs.github.com/en/rest/orgs/members#list-public-organization-members ,
 * https://docs.github.com/en/rest/users/followers#list-followers-of-a-user ,
 * https://docs.github.com/en/rest/activity/starring#list-stargazers
 */
import { Effect, Option, Schema } from "effect"
import { Username } from "../domain/User.ts"
import type { Api } from "./api.ts"
import { fail, type GithubError, Unexpected } from "./errors.ts"
import { decode, nextLink } from "./wire.ts"

/** A list of accounts at GitHub. `name` is a login, or `owner/repo`. */
export interface AccountList {
  readonly kind: "org" | "followers" | "stargazers"
  readonly name: string
}

/** Some accounts of a list. */
export interface AccountsPage {
  /** Users only. */
  readonly accounts: ReadonlyArray<{ readonly id: number; readonly login: Username }>
  /** Organizations, bots, and accounts in an unknown form. */
  readonly leftOut: number
  readonly hasNext: boolean
}

/** GitHub answers 422 behind the 40,000th stargazer: https://github.com/PyGithub/PyGithub/issues/1876 */
export const maxAccountPages = 400

const maxPageBytes = 4 * 1024 * 1024

const paths: Readonly<Record<AccountList["kind"], (name: string) => string>> = {
  org: (name) => `/orgs/${name}/public_members`,
  followers: (name) => `/users/${name}/followers`,
  stargazers: (name) => `/repos/${name}/stargazers`
}

const titles: Readonly<Record<AccountList["kind"], string>> = {
  org: "organization",
  followers: "user",
  stargazers: "repository"
}

/** https://docs.github.com/en/rest/orgs/members: an answer's `type` is `User`, `Organization` or `Bot`. */
const WireUser = Schema.Struct({ id: Schema.Int, login: Username, type: Schema.Literal("User") })
const readUser = Schema.decodeUnknownOption(WireUser)

export const make = (api: Api, apiUrl: string) => ({
  /** Its refusals prove nothing about other requests, and a known refusal does not hold it back. */
  accounts: Effect.fn("Github.accounts")(function* (
    { kind, name }: AccountList,
    page: number
  ): Effect.fn.Return<AccountsPage, GithubError> {
    const path = paths[kind](name.split("/").map(encodeURIComponent).join("/"))
    const answer = yield* api.readAnyway(`${apiUrl}${path}?per_page=100&page=${page}`, {
      maxBytes: maxPageBytes,
      subject: { _tag: "Accounts", of: `${titles[kind]} ${name}` }
    })
    const found = yield* decode(Schema.Array(Schema.Unknown), answer)
    const next = yield* Effect.fromResult(nextLink(answer.headers.link, answer.url)).pipe(
      Effect.catch((message) => fail(new Unexpected({ message })))
    )
    const users = found.flatMap((one) => Option.toArray(readUser(one)))
    return {
      accounts: users.map(({ id, login }) => ({ id, login })),
      leftOut: found.length - users.length,
      hasNext: Option.isSome(next)
    }
  })
})
