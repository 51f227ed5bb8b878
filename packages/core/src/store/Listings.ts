/** How far the full listing of each user has come. Only ever a saving: without a position a listing begins again. */
import { Duration, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"

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
    /** The position of a listing that was going on within the last day. */
    find: (user: UserKey, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Listing>`
          select next, etag, pages from listings
          where user_key = ${user} and updated_at > ${new Date(now.getTime() - Duration.toMillis(Timing.fullListingInterval))}`),
        (found) => Option.fromNullishOr(found[0])
      ),
    put: (user: UserKey, { etag, next, pages }: Listing, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into listings (user_key, next, etag, pages, updated_at)
          values (${user}, ${next}, ${etag}, ${pages}, ${now})
          on conflict (user_key) do update set next = excluded.next, etag = excluded.etag, pages = excluded.pages,
            updated_at = excluded.updated_at`)
      ),
    remove: (user: UserKey) => orDatabaseError(Effect.asVoid(sql`delete from listings where user_key = ${user}`))
  }
})
