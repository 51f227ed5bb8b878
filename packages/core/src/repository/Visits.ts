/** Who looked at whose new files, and up to where. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rows } from "../Database.ts"
import type { UserKey } from "../domain/User.ts"
import { VisitId, Visitor } from "../domain/Visit.ts"

/** This user has no visit of this id. */
export class VisitNotFound extends Schema.TaggedError<VisitNotFound>()("VisitNotFound", { visit: Schema.Int }) {
  override get message(): string {
    return `There is no visit ${this.visit} of this user`
  }
}

/** A visit by the range of files it showed. */
const VisitRow = Schema.Struct({
  id: VisitId,
  visitor: Visitor,
  visitedAt: Schema.DateTimeUtc,
  /** The visit showed files with `after < id <= until`. */
  after: Schema.Int,
  until: Schema.Int
})
export type VisitRow = typeof VisitRow.Type

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal("key as id, visitor, visited_at, after_file as after, until_file as until")
  const visits = rows(VisitRow)

  const record = Effect.fnUntraced(function* (userKey: UserKey, visitor: Visitor, now: Date) {
    // The lock must be a statement of its own: the next one then sees everything that was committed before it was given,
    // and no scan can commit a smaller key afterwards.
    yield* sql`select 1 from users where key = ${userKey} for update`
    return yield* sql`
      with last as (
        select coalesce((select until_file from visits where user_key = ${userKey} and visitor = ${visitor}
          order by key desc limit 1), 0) as file
      )
      insert into visits (user_key, visitor, after_file, until_file, visited_at)
      select ${userKey}, ${visitor}, last.file, greatest(last.file, coalesce((select max(key) from gist_files where user_key = ${userKey}), 0)), ${now}
      from last returning ${columns}`
  })

  return {
    /** Records a visit from where the visitor's last one ended to the newest file. */
    record: (userKey: UserKey, visitor: Visitor, now: Date) =>
      Effect.map(visits(sql.withTransaction(record(userKey, visitor, now))), (found) => found[0] as VisitRow),
    find: Effect.fnUntraced(function* (userKey: UserKey, visit: number) {
      const [found] = yield* visits(sql`select ${columns} from visits where key = ${visit} and user_key = ${userKey}`)
      if (found === undefined) return yield* new VisitNotFound({ visit })
      return found
    })
  }
})
