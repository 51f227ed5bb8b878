/** Who looked at whose new files, and up to where. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../Database.ts"
import type { UserKey } from "../domain/User.ts"
import { VisitId, type Visitor } from "../domain/Visit.ts"

/** This user has no visit of this id. */
export class VisitNotFound extends Schema.TaggedError<VisitNotFound>()("VisitNotFound", { visit: Schema.Int }) {
  override get message(): string {
    return `There is no visit ${this.visit} of this user`
  }
}

/** A visit by the range of files it showed. */
export interface VisitRow {
  readonly id: VisitId
  readonly visitor: string
  readonly visitedAt: string
  readonly after: number
  readonly until: number
}

interface Row {
  readonly key: number
  readonly visitor: string
  readonly visited_at: string
  readonly after_file: number
  readonly until_file: number
}

const fromRow = (row: Row): VisitRow => ({
  id: VisitId.make(row.key),
  visitor: row.visitor,
  visitedAt: row.visited_at,
  after: row.after_file,
  until: row.until_file
})

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const record = Effect.fnUntraced(function* (userKey: UserKey, visitor: Visitor, now: Date) {
    // The lock must be a statement of its own: the next one then sees everything that was committed before it was given,
    // and no scan can commit a smaller key afterwards.
    yield* sql`select 1 from users where key = ${userKey} for update`
    return yield* sql<Row>`
      with last as (
        select coalesce((select until_file from visits where user_key = ${userKey} and visitor = ${visitor}
          order by key desc limit 1), 0) as file
      )
      insert into visits (user_key, visitor, after_file, until_file, visited_at)
      select ${userKey}, ${visitor}, last.file, greatest(last.file, coalesce((select max(key) from gist_files where user_key = ${userKey}), 0)), ${now}
      from last returning key, visitor, visited_at, after_file, until_file`
  })

  return {
    /** Records a visit from where the visitor's last one ended to the newest file. */
    record: (userKey: UserKey, visitor: Visitor, now: Date) =>
      Effect.map(orDatabaseError(sql.withTransaction(record(userKey, visitor, now))), (found) =>
        fromRow(found[0] as Row)
      ),
    find: Effect.fnUntraced(function* (userKey: UserKey, visit: number) {
      const [found] = yield* orDatabaseError(sql<Row>`
        select key, visitor, visited_at, after_file, until_file from visits
        where key = ${visit} and user_key = ${userKey}`)
      if (found === undefined) return yield* new VisitNotFound({ visit })
      return fromRow(found)
    })
  }
})
