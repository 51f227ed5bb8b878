/** Pages of lists, by id. */
import { Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiSchema } from "effect/http-api"
import { defaultLimit } from "./parameters.ts"

interface Query {
  readonly limit?: number
  readonly after?: number
}

/** A page as the contract's schema encodes it. */
export const paged = <A extends { readonly id: number }, E, R>(query: Query, read: Read<A, E, R>) =>
  Effect.map(pageOf(query, read), (page) => HttpApiSchema.withHeaders(page))

/** A page whose rows are written by hand (`Json.ts`). */
export const pagedAs = <A extends { readonly id: number }, E, R>(
  toJson: (row: A) => unknown,
  query: Query,
  read: Read<A, E, R>
) =>
  Effect.map(pageOf(query, read), ({ body, headers }) => HttpServerResponse.jsonUnsafe(body.map(toJson), { headers }))

interface Page<A> {
  readonly body: ReadonlyArray<A>
  readonly headers: { readonly link?: string }
}

type Read<A, E, R> = (limit: number) => Effect.Effect<ReadonlyArray<A>, E, R>

/**
 * Reads one row more than the page has, which shows whether there is a next page. The link has the caller's address with
 * all of its parameters.
 */
const pageOf = Effect.fnUntraced(function* <A extends { readonly id: number }, E, R>(
  query: Query,
  read: Read<A, E, R>
): Effect.fn.Return<Page<A>, E, R | HttpServerRequest.HttpServerRequest> {
  const limit = query.limit ?? defaultLimit
  const found = yield* read(limit + 1)
  const body = found.slice(0, limit)
  const last = body.at(-1)
  if (found.length <= limit || last === undefined) return { body, headers: {} }
  const { headers, originalUrl } = yield* HttpServerRequest.HttpServerRequest
  const { pathname, searchParams } = new URL(withoutHost(originalUrl, headers.host), "http://localhost")
  searchParams.set("limit", String(limit))
  searchParams.set("after", String(last.id))
  return { body, headers: { link: `<${pathname}?${searchParams}>; rel="next"` } }
})

/** Hazard: the caller chooses `Host`, which may not be valid in an address, or may be a whole address itself. */
const withoutHost = (url: string, host: string | undefined): string => {
  const [scheme = ""] = /^https?:\/\//i.exec(url) ?? []
  if (scheme === "") return url
  const rest = url.slice(scheme.length)
  return host !== undefined && rest.startsWith(host) ? rest.slice(host.length) : rest.replace(/^[^/?#]*/, "")
}

/** The id that a page of a newest-first list begins below. */
export const before = ({ after }: Query): number => after ?? Number.MAX_SAFE_INTEGER
