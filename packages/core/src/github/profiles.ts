/**
 * Reads public profiles: with a batch that is sent anyway, or one by a request.
 *
 * Guarantee: a profile's field never fails anything. A field in an unknown form counts as not public.
 *
 * Outside facts: https://docs.github.com/en/rest/users/users#get-a-user ,
 * https://docs.github.com/en/graphql/reference/objects#user
 */
import { createHash } from "node:crypto"
import { Effect, Option, Schema } from "effect"
import { sentence } from "../domain/Text.ts"
import type { Api } from "./api.ts"
import type { GithubError } from "./errors.ts"
import type { QueryError } from "./graphql.ts"
import type { Account } from "./types.ts"
import { decode, timestamp, WireAccount } from "./wire.ts"

/** A profile as batches show it: without the e-mail address. */
export interface BatchProfile {
  readonly name: string | null
  readonly company: string | null
  readonly location: string | null
  readonly website: string | null
  readonly bio: string | null
  /** RFC 3339, UTC. */
  readonly accountCreatedAt: string | null
}

/** A profile as a request of its own shows it. `email` is `null` without a token. */
export interface PublicProfile extends BatchProfile {
  readonly email: string | null
}

/** The answer to a request for one profile. */
export interface ProfilePage {
  /** Whose profile it is: the login may belong to another account by now. */
  readonly account: Account
  readonly profile: PublicProfile
  readonly isOrganization: boolean
  /** The account's public gists; `null` when GitHub does not say. */
  readonly gists: number | null
  readonly etag: Option.Option<string>
}

/**
 * The profile's fields of a batch. Without `email`: GitHub refuses the whole query to a token without the scope `user:email`
 * or `read:user` (https://github.com/mntnr/name-your-contributors/issues/67), and REST shows the address to any token.
 */
export const batchFields: ReadonlyArray<string> = ["name", "company", "location", "websiteUrl", "bio", "createdAt"]

const isField = (name: unknown): boolean => typeof name === "string" && batchFields.includes(name)

/** Whether an error is about a profile's field of one user, so that the rest of the answer holds. */
export const isAboutProfile = ({ path }: Pick<QueryError, "path">): boolean => path.length === 2 && isField(path[1])

/** Whether a query is refused for a field of profiles, as by a server that does not know the field. */
export const refusesProfiles = ({ errors }: { readonly errors: ReadonlyArray<QueryError> }): boolean =>
  errors.some(
    ({ message, path }) =>
      path.some(isField) || batchFields.some((name) => message.includes(`'${name}'`) || message.includes(`"${name}"`))
  )

/** At most that many UTF-16 units of a text on one line; `null` when there is none. */
const line = (raw: unknown, max: number): string | null => {
  const text = typeof raw === "string" ? sentence(raw.slice(0, 10 * max), max) : ""
  return text === "" ? null : text
}

interface RawProfile {
  readonly name: unknown
  readonly company: unknown
  readonly location: unknown
  readonly website: unknown
  readonly bio: unknown
  readonly createdAt: unknown
}

const toProfile = ({ bio, company, createdAt, location, name, website }: RawProfile): BatchProfile => ({
  name: line(name, 200),
  company: line(company, 200),
  location: line(location, 200),
  website: line(website, 500),
  bio: line(bio, 500),
  accountCreatedAt: typeof createdAt === "string" && Date.parse(createdAt) > 0 ? timestamp(createdAt) : null
})

const WireNode = Schema.Record(Schema.String, Schema.Unknown)

/** The profile of a user of a batch. `undefined` when the batch did not ask for it, or a field of it failed. */
export const readBatchProfile = (user: unknown, errors: ReadonlyArray<QueryError>): BatchProfile | undefined => {
  if (!Schema.is(WireNode)(user) || !batchFields.every((name) => name in user) || errors.some(isAboutProfile)) return
  const { bio, company, createdAt, location, name, websiteUrl } = user
  return toProfile({ name, company, location, website: websiteUrl, bio, createdAt })
}

/** Stays the same as long as the profile does, so that an unchanged profile is not stored again. */
export const fingerprintOf = ({ accountCreatedAt, bio, company, location, name, website }: BatchProfile): string =>
  createHash("sha256")
    .update(JSON.stringify([name, company, location, website, bio, accountCreatedAt]))
    .digest("base64url")

/** A profile is some kilobytes long. */
const maxProfileBytes = 1024 * 1024

export const make = (api: Api, apiUrl: string) => ({
  /** Its refusals prove nothing about other requests, and a known refusal does not hold it back. */
  profile: Effect.fn("Github.profile")(function* (
    login: string,
    etag: Option.Option<string>
  ): Effect.fn.Return<Option.Option<ProfilePage>, GithubError> {
    const answer = yield* api.readAnyway(`${apiUrl}/users/${encodeURIComponent(login)}`, {
      etag: Option.getOrUndefined(etag),
      maxBytes: maxProfileBytes,
      subject: { _tag: "User", login }
    })
    if (answer.status === 304) return Option.none()
    const user = yield* decode(Schema.StructWithRest(WireAccount, [WireNode]), answer)
    const { bio, blog, company, created_at, email, id, location, name, public_gists: gists, type } = user
    return Option.some({
      account: { id, login: user.login },
      profile: {
        ...toProfile({ name, company, location, website: blog, bio, createdAt: created_at }),
        email: line(email, 320)
      },
      isOrganization: type === "Organization",
      gists: typeof gists === "number" && Number.isInteger(gists) ? gists : null,
      etag: Option.fromNullishOr(answer.headers.etag)
    })
  })
})
