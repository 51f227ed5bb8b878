/** Pages of lists, by id. */
import { Effect } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiSchema } from "effect/http-api"
import { defaultLimit } from "./parameters.ts"

interface Query {
  readonly limit?: number
  readonly after?: number
}

/**
 * Reads one row more than the page has, which shows whether there is a next page. The link has the caller's address with
 * all of its parameters.
 */
export const paged = Effect.fnUntraced(function* <A extends { readonly id: number }, E, R>(
  query: Query,
  read: (limit: number) => Effect.Effect<ReadonlyArray<A>, E, R>
) {
  const limit = query.limit ?? defaultLimit
  const found = yield* read(limit + 1)
  const body = found.slice(0, limit)
  const last = body.at(-1)
  if (found.length <= limit || last === undefined) return HttpApiSchema.withHeaders({ body, headers: {} })
  const { headers, originalUrl } = yield* HttpServerRequest.HttpServerRequest
  const { pathname, searchParams } = new URL(withoutHost(originalUrl, headers.host), "http://localhost")
  searchParams.set("limit", String(limit))
  searchParams.set("after", String(last.id))
  return HttpApiSchema.withHeaders({ body, headers: { link: `<${pathname}?${searchParams}>; rel="next"` } })
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
