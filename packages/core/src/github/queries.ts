/**
 * The two queries that Gitpip sends to GitHub's GraphQL API, and what their responses hold. Each user has an alias, so that
 * a user who does not exist costs the others nothing.
 *
 * `GraphQLResolver.aliased` of Effect is not used: its batches have one size, and after an error without a path it drops the
 * results that came with the error.
 *
 * Outside facts: https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api ,
 * https://docs.github.com/en/graphql/overview/public-schema
 */
import { createHash } from "node:crypto"
import { Option, Result, Schema } from "effect"
import { fileUrl, type ListedFile } from "../domain/GistFile.ts"
import { storable, storableName } from "../domain/Text.ts"
import { type GithubError, githubError, Unexpected, UserNotFound } from "./errors.ts"
import type { QueryAnswer, QueryError } from "./graphql.ts"
import { type BatchProfile, batchFields, isAboutProfile, readBatchProfile } from "./profiles.ts"
import type { One } from "./splitting.ts"
import { GistId, PageUrl, timestamp, toSize } from "./wire.ts"

/** A user's gists, last changed first: the beginning of the list. */
export interface NewestGists {
  readonly owner: { readonly id: number; readonly login: string }
  /** The number of all public gists of the user, also those that are not in `gists`. */
  readonly total: number
  readonly gists: ReadonlyArray<BatchGist>
  /** Whether there are no further gists. */
  readonly complete: boolean
  /** Stays the same, also in another process, as long as nothing changes in these fields. */
  readonly fingerprint: string
  /** The user's public profile; `undefined` when the batch did not ask for it, or GitHub did not show all of it. */
  readonly profile: BatchProfile | undefined
}

/** What a query for many users asks for besides their gists. */
export interface NewestOptions {
  /** Which of the names are organizations': then `UserNotFound` says so. */
  readonly withOrganizations?: boolean
}

/** A gist in the answer to a query for many users: what decides whether it has new files, and whether it must be read alone. */
export interface BatchGist {
  /** GraphQL's id of the gist. */
  readonly node: string
  readonly gistId: string
  readonly files: ReadonlyArray<ListedFile>
  /** Whether `files` are all files of the gist. */
  readonly complete: boolean
  /** Whether all files of the gist are short enough to be read by `texts`. */
  readonly small: boolean
  /** RFC 3339, UTC. */
  readonly updatedAt: string
}

/** The texts of a gist's files, by storable name. A missing file is binary, or its text is not certain to be whole. */
export interface GistTexts {
  readonly description: string | null
  readonly files: ReadonlyMap<string, string>
}

/** The gists changed last hold all that is new: ten leave room for nine changes of old gists within an interval. */
const gistsPerUser = 10

/** GitHub cuts the list silently, so one file more is requested than is taken. */
const filesPerGist = 10

/** Bytes of all files of a gist that is read by `texts`. */
const smallGist = 32 * 1024

// ------------------------------------------------------------------------------------------------------------------
// The newest gists of many users
// ------------------------------------------------------------------------------------------------------------------

/**
 * One connection of a page for each user: by GitHub's formula a hundred users cost one point. Fields without a connection,
 * such as those of profiles and organizations, cost none.
 */
export const newest = (
  logins: ReadonlyArray<string>,
  { withOrganizations = false, withProfiles = true }: NewestOptions & { readonly withProfiles?: boolean } = {}
) => ({
  document: `query Newest(${logins.map((_, n) => `$u${n}: String!`).join(", ")}) {
${logins.map((_, n) => `  u${n}: user(login: $u${n}) { ...Newest }${withOrganizations ? organization(n) : ""}`).join("\n")}
  rateLimit { cost }
}
fragment Newest on User {
  databaseId
  login${withProfiles ? batchFields.map((name) => `\n  ${name}`).join("") : ""}
  gists(first: ${gistsPerUser}, privacy: PUBLIC, orderBy: { field: UPDATED_AT, direction: DESC }) {
    totalCount
    pageInfo { hasNextPage }
    nodes {
      id name isPublic isFork description createdAt updatedAt url
      files(limit: ${filesPerGist + 1}) { name size isTruncated language { name } }
    }
  }
}`,
  variables: Object.fromEntries(logins.map((login, n) => [`u${n}`, login]))
})

/** Each name that is no organization's brings an error `NOT_FOUND` at this alias. */
const organization = (n: number) => `\n  o${n}: organization(login: $u${n}) { login }`

/** The result of each user. Fails when the query itself is refused. */
export const readNewest = (
  logins: ReadonlyArray<string>,
  answer: QueryAnswer
): Result.Result<ReadonlyArray<One<NewestGists>>, GithubError> => {
  const refused = answer.errors.find((error) => !isTrouble(error) && !/^u\d+$/.test(String(error.path[0])))
  if (refused !== undefined && answer.data == null)
    return Result.fail(odd(`GitHub refuses a query: ${refused.message}`))
  const globals = answer.errors.some((error) => isTrouble(error) && error.path.length === 0)
  return Result.succeed(
    logins.map((login, n): One<NewestGists> => {
      const all = answer.errors.filter(({ path }) => path[0] === `u${n}`)
      const own = all.filter((error) => !isAboutProfile(error))
      const user = fieldOf(answer.data, `u${n}`)
      if (own.some(isTrouble) || (user == null && own.length === 0 && globals)) return "unanswered"
      if (user == null && own.some(({ path, type }) => type === "NOT_FOUND" && path.length === 1)) {
        return Result.fail(githubError(noUser(login, fieldOf(answer.data, `o${n}`))))
      }
      const [error] = own
      if (error !== undefined) return Result.fail(odd(`GitHub does not show all of ${login}: ${error.message}`))
      return Option.match(toNewest(user), {
        onNone: () => Result.fail(odd(`GitHub describes the gists of ${login} in an unknown way`)),
        onSome: (found) => Result.succeed({ ...found, profile: readBatchProfile(user, all) })
      })
    })
  )
}

const noUser = (login: string, organization: unknown) =>
  organization == null
    ? new UserNotFound({ message: `GitHub knows no user ${login}` })
    : new UserNotFound({ message: `${login} is an organization at GitHub, not a user`, isOrganization: true })

/** Whether a query for fewer users might succeed. GitHub's own faults have no type. */
const isTrouble = ({ path, type }: QueryError): boolean =>
  type === "RESOURCE_LIMITS_EXCEEDED" || (type === undefined && (path.length === 0 || /^u\d+$/.test(String(path[0]))))

const odd = (message: string) => githubError(new Unexpected({ message }))

const fieldOf = (data: unknown, name: string): unknown =>
  typeof data === "object" && data !== null && Object.hasOwn(data, name)
    ? (data as Readonly<Record<string, unknown>>)[name]
    : undefined

/** The points that the query cost, as GitHub reports them. */
export const costOf = ({ data }: QueryAnswer): number | undefined => {
  const cost = fieldOf(fieldOf(data, "rateLimit"), "cost")
  return typeof cost === "number" && cost >= 1 ? cost : undefined
}

// ------------------------------------------------------------------------------------------------------------------
// The texts of some gists
// ------------------------------------------------------------------------------------------------------------------

export const texts = (nodes: ReadonlyArray<string>) => ({
  document: `query Texts($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Gist { name isPublic description files(limit: ${filesPerGist}) { name size isTruncated text } }
  }
}`,
  variables: { ids: nodes }
})

/** By gist id. A gist that is gone, or described in an unknown way, is missing. */
export const readTexts = ({ data }: QueryAnswer): ReadonlyMap<string, GistTexts> => {
  const nodes = fieldOf(data, "nodes")
  const found = new Map<string, GistTexts>()
  for (const node of Array.isArray(nodes) ? nodes : []) {
    if (!Schema.is(WireTexts)(node) || !node.isPublic) continue
    const files = new Map<string, string>()
    for (const file of node.files ?? []) {
      const text = Schema.is(WireText)(file) ? wholeText(file) : undefined
      if (Schema.is(WireText)(file) && text !== undefined) files.set(storableName(file.name), text)
    }
    found.set(storableName(node.name), { description: node.description ?? null, files })
  }
  return found
}

/**
 * The text, when it is certainly the file's own: as long as the file, to the byte. Text that GitHub has cut or converted is
 * missing, and so is text with a zero byte, because `raw.ts` decides what is binary.
 */
const wholeText = ({ isTruncated, size, text }: typeof WireText.Type): string | undefined => {
  if (size === 0) return ""
  if (isTruncated || text == null || text.includes("\0") || !text.isWellFormed()) return undefined
  return Buffer.byteLength(text) === size ? text : undefined
}

// ------------------------------------------------------------------------------------------------------------------
// Wire
// ------------------------------------------------------------------------------------------------------------------

const WireUser = Schema.Struct({
  databaseId: Schema.Int,
  login: Schema.String,
  gists: Schema.Struct({
    totalCount: Schema.Int,
    pageInfo: Schema.Struct({ hasNextPage: Schema.Boolean }),
    nodes: Schema.Array(Schema.Unknown)
  })
})
const WireNode = Schema.Struct({
  id: Schema.String.check(Schema.isMaxLength(1_000)),
  name: GistId,
  isPublic: Schema.Boolean,
  isFork: Schema.optional(Schema.Unknown),
  description: Schema.NullOr(Schema.String),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  url: Schema.String,
  files: Schema.NullOr(Schema.Array(Schema.Unknown))
})
const WireFile = Schema.Struct({
  name: Schema.String,
  size: Schema.NullOr(Schema.Finite),
  isTruncated: Schema.Boolean,
  language: Schema.NullOr(Schema.Struct({ name: Schema.String }))
})
const WireTexts = Schema.Struct({
  name: Schema.String,
  isPublic: Schema.Boolean,
  description: Schema.NullOr(Schema.String),
  files: Schema.NullOr(Schema.Array(Schema.Unknown))
})
const WireText = Schema.Struct({
  name: Schema.String,
  size: Schema.NullOr(Schema.Finite),
  isTruncated: Schema.Boolean,
  text: Schema.NullOr(Schema.String)
})

/** Nothing when any gist is `null` or in an unknown form: the gist exists, and only the list can show it. */
const toNewest = (raw: unknown): Option.Option<Omit<NewestGists, "profile">> => {
  if (!Schema.is(WireUser)(raw)) return Option.none()
  const { databaseId, gists: page, login } = raw
  const gists: Array<BatchGist> = []
  for (const node of page.nodes) {
    if (Schema.is(WireNode)(node) && !node.isPublic) continue
    const gist = Schema.is(WireNode)(node) ? toGist(node, login) : undefined
    if (gist === undefined) return Option.none()
    gists.push(gist)
  }
  const newest = {
    owner: { id: databaseId, login },
    total: page.totalCount,
    gists,
    complete: !page.pageInfo.hasNextPage
  }
  return Option.some({ ...newest, fingerprint: fingerprintOf(newest) })
}

const toGist = (node: typeof WireNode.Type, login: string): BatchGist | undefined => {
  const page = pageUrl(node.url, login, node.name)
  if (page === undefined) return undefined
  const all = node.files ?? []
  const known = all.filter(Schema.is(WireFile))
  const complete = node.files !== null && known.length === all.length && all.length <= filesPerGist
  const common = {
    gistId: storableName(node.name),
    rawUrl: null,
    description: node.description === null ? null : storable(node.description, 2_000),
    type: null,
    createdAt: timestamp(node.createdAt),
    updatedAt: timestamp(node.updatedAt),
    ...(typeof node.isFork === "boolean" ? { isFork: node.isFork } : {})
  }
  return {
    node: node.id,
    gistId: common.gistId,
    files: known.map(({ language, name, size }) => {
      const filename = storableName(name)
      return {
        ...common,
        filename,
        htmlUrl: fileUrl(page, filename),
        language: language === null ? null : storable(language.name, 100),
        size: toSize(size)
      }
    }),
    complete,
    small:
      complete &&
      known.every(({ isTruncated, size }) => !isTruncated && size !== null) &&
      known.reduce((sum, { size }) => sum + toSize(size), 0) <= smallGist,
    updatedAt: common.updatedAt
  }
}

/** The address in the form of the REST API, which names the owner. GraphQL's form is not documented. */
const pageUrl = (url: string, login: string, id: string): string | undefined => {
  if (!url.endsWith(`/${id}`)) return undefined
  const before = url.slice(0, -id.length - 1)
  const root = before.toLowerCase().endsWith(`/${login.toLowerCase()}`) ? before.slice(0, -login.length - 1) : before
  const page = `${root}/${login}/${id}`
  return Schema.is(PageUrl)(page) ? page : undefined
}

const fingerprintOf = ({ complete, gists, owner, total }: Omit<NewestGists, "fingerprint" | "profile">): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        owner.id,
        owner.login,
        total,
        complete,
        gists.map(({ complete, files, node, updatedAt }) => [
          node,
          updatedAt,
          complete,
          files.map(({ filename, size }) => [filename, size])
        ])
      ])
    )
    .digest("base64url")
