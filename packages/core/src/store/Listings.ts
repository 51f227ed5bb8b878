/** How far the full listing of each user has come. A listing without a position begins again. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execute, findFirst } from "../database/statements.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { interval, now } from "./sql.ts"

const Listing = Schema.Struct({
  /** The address of the page that comes next. */
  next: Schema.String,
  /** The validator of the first page, as it was when the listing began. */
  etag: Schema.NullOr(Schema.String),
  /** Pages read so far. */
  pages: Schema.Int
})
export type Listing = typeof Listing.Type

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    /** The position of a listing that went on within the last day. */
    find: findFirst(
      Listing,
      (user: UserKey) => sql`
          select next, etag, pages from listings
          where user_key = ${user} and updated_at > ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}`
    ),
    put: (user: UserKey, { etag, next, pages }: Listing) =>
      execute(sql`
          insert into listings (user_key, next, etag, pages, updated_at)
          select key, ${next}, ${etag}, ${pages}::int, ${now(sql)} from users where key = ${user} for key share
          on conflict (user_key) do update set next = excluded.next, etag = excluded.etag, pages = excluded.pages,
            updated_at = excluded.updated_at`),
    remove: (user: UserKey) => execute(sql`delete from listings where user_key = ${user}`)
  }
})
