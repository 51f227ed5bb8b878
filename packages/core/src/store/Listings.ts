/** How far the full listing of each user has come. A listing without a position begins again. */
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { interval, now } from "./sql.ts"

export interface Listing {
  /** The address of the page that comes next. */
  readonly next: string
  /** The validator of the first page, as it was when the listing began. */
  readonly etag: string | null
  /** Pages read so far. */
  readonly pages: number
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    /** The position of a listing that went on within the last day. */
    find: (user: UserKey) =>
      Effect.map(
        orDatabaseError(sql<Listing>`
          select next, etag, pages from listings
          where user_key = ${user} and updated_at > ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}`),
        (found) => Option.fromNullishOr(found[0])
      ),
    put: (user: UserKey, { etag, next, pages }: Listing) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into listings (user_key, next, etag, pages, updated_at)
          values (${user}, ${next}, ${etag}, ${pages}, ${now(sql)})
          on conflict (user_key) do update set next = excluded.next, etag = excluded.etag, pages = excluded.pages,
            updated_at = excluded.updated_at`)
      ),
    remove: (user: UserKey) => orDatabaseError(Effect.asVoid(sql`delete from listings where user_key = ${user}`))
  }
})
