/** How far the full listing of each user has come. A listing without a position begins again. */
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execute, findAll } from "../database/statements.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { grouped } from "./grouped.ts"
import { arrayOf, interval, now } from "./sql.ts"

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
  const find = findAll(
    Schema.Struct({ ...Listing.fields, userKey: UserKey }),
    (users: ReadonlyArray<UserKey>) => sql`
        select user_key, next, etag, pages from listings
        where user_key = any(${arrayOf(sql, users, "bigint")})
          and updated_at > ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}`
  )
  return {
    /** The position of a listing that went on within the last day. */
    find: grouped((users: ReadonlyArray<UserKey>) =>
      Effect.map(find(users), (found) => {
        const byUser = new Map(found.map((listing) => [listing.userKey, listing]))
        return users.map((user): Option.Option<Listing> => Option.fromUndefinedOr(byUser.get(user)))
      })
    ),
    /**
     * Stores a position, unless another check has stored a further one: the files of all pages before that are stored as well.
     * The further one keeps its validator, so a first page that has changed since is read by the next check.
     */
    put: (user: UserKey, { etag, next, pages }: Listing) =>
      execute(sql`
          insert into listings (user_key, next, etag, pages, updated_at)
          select key, ${next}, ${etag}, ${pages}::int, ${now(sql)} from users where key = ${user} for key share
          on conflict (user_key) do update set next = excluded.next, etag = excluded.etag, pages = excluded.pages,
            updated_at = excluded.updated_at
          where listings.pages <= excluded.pages
            or listings.updated_at <= ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}`),
    remove: (user: UserKey) => execute(sql`delete from listings where user_key = ${user}`)
  }
})
