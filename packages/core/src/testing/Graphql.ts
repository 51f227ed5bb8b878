/**
 * What the GitHub fake needs of a GraphQL executor. It brings none: one that knows GitHub's published schema is large,
 * and few tests need it. Without one the fake has no `/graphql`.
 */

/** Answers one query in one synchronous step. */
export type GraphqlEngine = (request: GraphqlRequest, github: GraphqlData) => GraphqlAnswer

/** A query and its variables. */
export interface GraphqlRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** The status and body of an answer to a query. */
export interface GraphqlAnswer {
  /** With `data`, `errors` or both, as it is sent. */
  readonly body: Readonly<Record<string, unknown>>
  /** Points, by https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api */
  readonly cost: number
}

/** The data that a query can ask for. */
export interface GraphqlData {
  /** The visible user or organization with that login. */
  readonly user: (login: string) => GraphqlUser | undefined
  readonly gist: (id: string) => GraphqlGist | undefined
  /** Points before this query; absent when there is no limit. */
  readonly limit: { readonly limit: number; readonly remaining: number; readonly reset: number } | undefined
  /** How many users are answered at most. */
  readonly users: number
  /** Whether every gist is `null`. */
  readonly blank: boolean
}

/** A user, as queries show it. */
export interface GraphqlUser {
  readonly id: number
  readonly login: string
  readonly type: "User" | "Organization" | "Bot"
  /** What the user has made public; `null`: nothing. */
  readonly profile: {
    readonly name: string | null
    readonly email: string | null
    readonly company: string | null
    readonly location: string | null
    readonly website: string | null
    readonly bio: string | null
  }
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Public gists, oldest first. */
  readonly gists: ReadonlyArray<GraphqlGist>
}

/** A gist, as queries show it. */
export interface GraphqlGist {
  readonly id: string
  readonly owner: { readonly id: number; readonly login: string }
  readonly description: string | null
  /** The gist that this one was forked from. */
  readonly forkOf: object | undefined
  readonly files: ReadonlyMap<string, GraphqlFile>
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly public: boolean
}

/** A file of a gist, as queries show it. */
export interface GraphqlFile {
  readonly name: string
  readonly content: Uint8Array
  readonly text: boolean
  readonly language: string | null
}
