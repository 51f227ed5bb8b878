/**
 * GraphQL for the GitHub fake: a real executor on GitHub's published schema, with GitHub's costs and limits.
 *
 * Where GitHub documents nothing, the engine does what is hardest for a client: a gist's `url` does not name the owner, the
 * `text` of an empty file is `null` like that of a binary one, and files beyond 500 KB are cut.
 */
import { readFileSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { dirname, join } from "node:path"
import {
  buildSchema,
  type DocumentNode,
  executeSync,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
  visit as visitDocument
} from "graphql"
import type { GraphqlData, GraphqlEngine, GraphqlFile, GraphqlGist, GraphqlUser } from "../../src/testing/Graphql.ts"

/** Built when first asked for, since it takes a while. https://github.com/octokit/graphql-schema */
let built: ReturnType<typeof buildSchema> | undefined
export const githubSchema = () => {
  // Only the file: the package itself keeps megabytes of JSON in the memory of each test.
  const directory = dirname(findPackageJSON("@octokit/graphql-schema", import.meta.url) ?? "")
  built ??= buildSchema(readFileSync(join(directory, "schema.graphql"), "utf8"), { assumeValid: true })
  return built
}

/** https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#node-limit */
const MAX_NODES = 500_000
const MAX_FIRST = 100
const MAX_TEXT = 500 * 1024

export const graphqlEngine: GraphqlEngine = ({ query, variables }, github) => {
  let document: DocumentNode
  try {
    document = parse(query)
  } catch (error) {
    return refused([plain(error as GraphQLError)])
  }
  const faults = validate(githubSchema(), document)
  if (faults.length > 0) return refused(faults.map(plain))
  if (asksForEmail(document)) return refused([insufficientScopes])
  const weighed = weigh(document, variables)
  if (weighed.errors.length > 0) return refused(weighed.errors)
  if (weighed.nodes > MAX_NODES) {
    const message = `This query requests up to ${weighed.nodes} possible nodes which exceeds the maximum limit of ${MAX_NODES}.`
    return refused([{ type: "MAX_NODE_LIMIT_EXCEEDED", message }])
  }
  const cost = Math.max(1, Math.round(weighed.requests / 100))
  const result = executeSync({
    schema: githubSchema(),
    document,
    rootValue: root(github, cost, weighed.nodes),
    variableValues: variables
  })
  return {
    cost,
    body: {
      ...(result.data === undefined ? {} : { data: result.data }),
      ...(result.errors === undefined ? {} : { errors: result.errors.map(plain) })
    }
  }
}

type WireError = Omit<GraphQLFormattedError, "extensions"> & { readonly type?: string }

/** GitHub names an error's type beside its message, and has no type for faults of its own. */
const plain = (error: GraphQLError): WireError => {
  const { extensions, ...rest } = error.toJSON()
  const type = extensions?.type
  return { ...(typeof type === "string" ? { type } : {}), ...rest }
}

/**
 * A token without these scopes, as Gitpip asks its users for, has the whole query refused:
 * https://github.com/mntnr/name-your-contributors/issues/67
 */
const insufficientScopes: WireError = {
  type: "INSUFFICIENT_SCOPES",
  message:
    "Your token has not been granted the required scopes to execute this query. The 'email' field requires one of the following scopes: ['user:email', 'read:user'], but your token has only been granted the: [''] scopes. Please modify your token's scopes at: https://github.com/settings/tokens."
}

const asksForEmail = (document: DocumentNode): boolean => {
  let found = false
  visitDocument(document, {
    Field: ({ name }) => {
      found ||= name.value === "email"
    }
  })
  return found
}

const refused = (errors: ReadonlyArray<WireError>) => ({ cost: 1, body: { errors } })

// ------------------------------------------------------------------------------------------------------------------
// Data
// ------------------------------------------------------------------------------------------------------------------

const root = (github: GraphqlData, cost: number, nodeCount: number) => {
  let users = 0
  return {
    user: ({ login }: { readonly login: string }) => {
      if (++users > github.users) {
        throw typed("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")
      }
      const user = github.user(login)
      if (user?.type !== "User") {
        throw typed("NOT_FOUND", `Could not resolve to a User with the login of '${login}'.`)
      }
      return userNode(user, github.blank)
    },
    organization: ({ login }: { readonly login: string }) => {
      const found = github.user(login)
      if (found?.type === "Organization") return { __typename: "Organization", login: found.login }
      throw typed("NOT_FOUND", `Could not resolve to an Organization with the login of '${login}'.`)
    },
    nodes: ({ ids }: { readonly ids: ReadonlyArray<string> }) =>
      ids.map((id) => {
        const [, gistId] = /^\d+:Gist(.*)$/.exec(Buffer.from(id, "base64").toString()) ?? []
        const gist = gistId === undefined ? undefined : github.gist(gistId)
        if (gist !== undefined) return github.blank ? null : gistNode(gist)
        return typed("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'.`)
      }),
    rateLimit:
      github.limit === undefined
        ? null
        : {
            cost,
            nodeCount,
            limit: github.limit.limit,
            remaining: Math.max(github.limit.remaining - cost, 0),
            used: Math.min(github.limit.limit - github.limit.remaining + cost, github.limit.limit),
            resetAt: instant(github.limit.reset * 1_000)
          }
  }
}

const typed = (type: string, message: string) => new GraphQLError(message, { extensions: { type } })

const userNode = (user: GraphqlUser, blank: boolean) => ({
  __typename: "User",
  id: nodeId("User", `${user.id}`),
  databaseId: user.id,
  login: user.login,
  name: user.profile.name,
  company: user.profile.company,
  location: user.profile.location,
  websiteUrl: user.profile.website,
  bio: user.profile.bio,
  createdAt: instant(user.createdAt),
  gists: (args: GistArguments) => connection(user, args, blank)
})

interface GistArguments {
  readonly first?: number
  readonly last?: number
  readonly after?: string
  readonly privacy?: "ALL" | "PUBLIC" | "SECRET"
  readonly orderBy?: { readonly field: "CREATED_AT" | "UPDATED_AT" | "PUSHED_AT"; readonly direction: "ASC" | "DESC" }
}

const connection = (user: GraphqlUser, { after, first, last, orderBy, privacy }: GistArguments, blank: boolean) => {
  const time = (gist: GraphqlGist) => (orderBy?.field === "CREATED_AT" ? gist.createdAt : gist.updatedAt)
  const all = privacy === "SECRET" ? [] : [...user.gists]
  if (orderBy !== undefined) all.sort((a, b) => time(a) - time(b))
  if (orderBy?.direction === "DESC") all.reverse()
  const from = after === undefined ? 0 : Number(Buffer.from(after, "base64").toString()) + 1
  const rest = all.slice(from)
  const shown = first === undefined ? rest.slice(-(last ?? 0)) : rest.slice(0, first)
  const end = from + shown.length - 1
  return {
    totalCount: all.length,
    nodes: shown.map((gist) => (blank ? null : gistNode(gist))),
    pageInfo: {
      hasNextPage: end + 1 < all.length,
      hasPreviousPage: from > 0,
      endCursor: shown.length === 0 ? null : Buffer.from(`${end}`).toString("base64")
    }
  }
}

const gistNode = (gist: GraphqlGist) => ({
  __typename: "Gist",
  id: nodeId("Gist", gist.id),
  name: gist.id,
  description: gist.description,
  isPublic: gist.public,
  isFork: gist.forkOf !== undefined,
  createdAt: instant(gist.createdAt),
  updatedAt: instant(gist.updatedAt),
  pushedAt: instant(gist.updatedAt),
  url: `https://gist.github.com/${gist.id}`,
  resourcePath: `/${gist.id}`,
  owner: { __typename: "User", login: gist.owner.login, id: nodeId("User", `${gist.owner.id}`) },
  files: ({ limit }: { readonly limit: number }) => [...gist.files.values()].slice(0, limit).map(fileNode)
})

const fileNode = (file: GraphqlFile) => ({
  name: file.name,
  encodedName: encodeURIComponent(file.name.toWellFormed()),
  extension: /\.[^.]*$/.exec(file.name)?.[0] ?? "",
  encoding: file.text ? "UTF-8" : null,
  size: file.content.byteLength,
  isImage: /\.(png|jpe?g|gif)$/i.test(file.name),
  isTruncated: file.content.byteLength > MAX_TEXT,
  language: file.language === null ? null : { __typename: "Language", name: file.language },
  text: ({ truncate }: { readonly truncate?: number }) => {
    if (!file.text || file.content.byteLength === 0) return null
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(file.content.subarray(0, MAX_TEXT))
    return truncate === undefined ? text : text.slice(0, truncate)
  }
})

const nodeId = (kind: "User" | "Gist", id: string): string =>
  Buffer.from(`0${kind.length}:${kind}${id}`).toString("base64")

const instant = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`

// ------------------------------------------------------------------------------------------------------------------
// Costs
// ------------------------------------------------------------------------------------------------------------------

interface Weight {
  /** Requests that the connections take, if each page is full. */
  requests: number
  nodes: number
  readonly errors: Array<WireError>
}

const weigh = (document: DocumentNode, variables: Readonly<Record<string, unknown>>): Weight => {
  const weight: Weight = { requests: 0, nodes: 0, errors: [] }
  const fragments = new Map<string, FragmentDefinitionNode>()
  let operation: OperationDefinitionNode | undefined
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
    if (definition.kind === Kind.OPERATION_DEFINITION) operation ??= definition
  }
  const numberOf = (field: FieldNode, name: string): number | undefined => {
    const value = field.arguments?.find((argument) => argument.name.value === name)?.value
    if (value?.kind === Kind.INT) return Number(value.value)
    const given = value?.kind === Kind.VARIABLE ? variables[value.name.value] : undefined
    return typeof given === "number" ? given : undefined
  }
  const fieldOf = (type: unknown, field: FieldNode) =>
    isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name.value] : undefined

  const visit = (
    set: SelectionSetNode | undefined,
    type: unknown,
    times: number,
    path: ReadonlyArray<string>
  ): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value)
        visit(fragment?.selectionSet, typeNamed(fragment?.typeCondition.name.value) ?? type, times, path)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        visit(selection.selectionSet, typeNamed(selection.typeCondition?.name.value) ?? type, times, path)
      } else {
        const here = [...path, selection.alias?.value ?? selection.name.value]
        const field = fieldOf(type, selection)
        const next = field === undefined ? undefined : getNamedType(field.type)
        let inner = times
        if (next?.name.endsWith("Connection") === true) {
          const size = numberOf(selection, "first") ?? numberOf(selection, "last")
          const trouble = faultOf(selection.name.value, size)
          if (trouble !== undefined) weight.errors.push({ ...trouble, path: here })
          weight.requests += times
          inner = times * (size ?? 0)
          weight.nodes += inner
        }
        visit(selection.selectionSet, next, inner, here)
      }
    }
  }
  visit(operation?.selectionSet, githubSchema().getQueryType(), 1, ["query"])
  return weight
}

const typeNamed = (name: string | undefined): GraphQLObjectType | undefined =>
  name === undefined ? undefined : (githubSchema().getType(name) as GraphQLObjectType)

const faultOf = (connection: string, size: number | undefined): WireError | undefined => {
  if (size === undefined) {
    return {
      type: "MISSING_PAGINATION_BOUNDARIES",
      message: `You must provide a \`first\` or \`last\` value to properly paginate the \`${connection}\` connection.`
    }
  }
  if (size >= 1 && size <= MAX_FIRST) return undefined
  return {
    type: "EXCESSIVE_PAGINATION",
    message: `Requesting ${size} records on the \`${connection}\` connection exceeds the \`first\` limit of ${MAX_FIRST} records.`
  }
}
