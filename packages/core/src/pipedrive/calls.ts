/** The kinds of calls that the API consists of: create, delete, list, and read. */
import { Effect, Option, type Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Begin } from "./send.ts"
import type * as Transport from "./transport.ts"
import { pageOf, read, WireCreated, wireOne, wirePage, wireSearch } from "./wire.ts"

/** A page of 500 activities with notes of 100 KB each would be 50 MB; Pipedrive offers no other way to read it. */
const maxListBytes = 64 * 1024 * 1024

export type Query = Record<string, string | number>

/** The query of a list of the newest items, from `cursor` on. */
export const newestFirst = (cursor: Option.Option<string>) => ({
  sort_by: "add_time",
  sort_direction: "desc",
  limit: 500,
  ...(Option.isSome(cursor) ? { cursor: cursor.value } : {})
})

export const make = ({
  origin,
  transport
}: {
  readonly origin: string
  readonly transport: ReturnType<typeof Transport.make>
}) => {
  const url = (path: string) => `${origin}/api/${path}`
  const get = (path: string, query: Query = {}) => HttpClientRequest.get(url(path), { urlParams: query })
  const post = (path: string, body: unknown) =>
    HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(url(path)), body)

  return {
    get,
    /** Sends a body by `POST`, and answers the body of the response. */
    send: (
      path: string,
      body: unknown,
      { begin, cost }: { readonly cost: number; readonly begin?: Begin | undefined }
    ) => transport.call(post(path, body), { cost, begin }),
    /** Answers the new item's id, and its owner when the answer has it. */
    create: (
      path: string,
      body: unknown,
      { begin, cost }: { readonly cost: number; readonly begin?: Begin | undefined }
    ) =>
      transport.call(post(path, body), { cost, begin }).pipe(
        Effect.flatMap(read(WireCreated)),
        Effect.map(({ data }) => ({
          id: data.id,
          ownerId: typeof data.owner_id === "number" ? data.owner_id : undefined
        }))
      ),
    /** Creates something that has no number, and answers it. */
    add: <A, I>(schema: Schema.Codec<A, I>, path: string, { body, cost }: { cost: number; body: unknown }) =>
      Effect.map(Effect.flatMap(transport.call(post(path, body), { cost }), read(wireOne(schema))), ({ data }) => data),
    /** 3 tokens in version 2. An item that is gone already counts as deleted. */
    remove: (path: string, cost = 3) =>
      transport.call(HttpClientRequest.delete(url(path)), { cost }).pipe(
        Effect.asVoid,
        Effect.catchReason("PipedriveError", "NotFound", () => Effect.void)
      ),
    /** 1 token. `None` when the item is deleted, or hidden from the token's user. */
    one: <A extends { readonly is_deleted?: boolean | null | undefined }, I>(
      schema: Schema.Codec<A, I>,
      path: string
    ) =>
      transport.call(get(path), { cost: 1 }).pipe(
        Effect.flatMap(read(wireOne(schema))),
        Effect.map(({ data }) => (data.is_deleted === true ? Option.none<A>() : Option.some(data))),
        Effect.catchReason("PipedriveError", "NotFound", () => Effect.succeedNone)
      ),
    /** Searches have a window of their own. */
    search: <A, I>(schema: Schema.Codec<A, I>, path: string, { cost, query }: { cost: number; query: Query }) =>
      transport.call(get(path, query), { cost, isSearch: true, maxBytes: maxListBytes }).pipe(
        Effect.flatMap(read(wireSearch(schema))),
        Effect.map(({ additional_data, data }) => pageOf({ data: data.items.map(({ item }) => item), additional_data }))
      ),
    /** The body of a list's page. */
    page: (path: string, { cost, query }: { readonly cost: number; readonly query: Query }) =>
      transport.call(get(path, query), { cost, maxBytes: maxListBytes }),
    list: <A, I>(schema: Schema.Codec<A, I>, path: string, { cost, query = {} }: { cost: number; query?: Query }) =>
      transport
        .call(get(path, query), { cost, maxBytes: maxListBytes })
        .pipe(Effect.flatMap(read(wirePage(schema))), Effect.map(pageOf<A>))
  }
}
