/** Rows that came after given keys, for the reporting of changes. Each query reads a handful of index entries. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findAll, findOne } from "../database/statements.ts"
import { PublicationState } from "../domain/Publication.ts"
import { Scan } from "../domain/Scan.ts"
import { Username } from "../domain/User.ts"
import { scanColumns } from "./Scans.ts"

/** The newest keys. */
const Position = Schema.Struct({ file: Schema.Int, attempt: Schema.Int, scan: Schema.Int })
export type Position = typeof Position.Type

const NewFiles = Schema.Struct({ login: Username, files: Schema.Int })
const Tried = Schema.Struct({ id: Schema.Int, login: Username, state: PublicationState })

/** Rows of a kind that one query answers. Of a flood, subscribers get a part. */
const maxRows = 200

/** Keys with `after < key <= until`. */
interface Range {
  readonly after: number
  readonly until: number
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const position = findOne(
    Position,
    () => sql`
        select coalesce((select max(key) from gist_files), 0) as file,
          coalesce((select max(key) from attempts), 0) as attempt, coalesce((select max(key) from scans), 0) as scan`
  )
  const files = findAll(
    NewFiles,
    ({ after, until }: Range) => sql`
        select u.username as login, count(*) as files from (
          select user_key from gist_files where key > ${after} and key <= ${until} order by key desc limit 5000
        ) f join users u on u.key = f.user_key group by u.username limit ${maxRows}`
  )
  const publications = findAll(
    Tried,
    ({ after, until }: Range) => sql`
        select p.key as id, u.username as login, p.state from publications p join users u on u.key = p.user_key
        where p.key in (
          select publication_key from attempts where key > ${after} and key <= ${until} order by key desc limit ${maxRows}
        )`
  )
  const scans = findAll(
    Scan,
    ({ after, underWay }: { readonly after: number; readonly underWay: ReadonlyArray<number> }) => sql`
        select ${sql.literal(scanColumns)} from scans s where s.key in (
          (select key from scans where key > ${after} order by key desc limit ${maxRows})
          union all (select key from scans where state = 'running' limit ${maxRows})
          union all select unnest(${underWay}::bigint[])
        ) order by s.key`
  )

  return {
    position: position(),
    files: (after: number, until: number) => files({ after, until }),
    publications: (after: number, until: number) => publications({ after, until }),
    /** Scans after a key, running scans, and the given ones. */
    scans: (after: number, underWay: ReadonlyArray<number>) => scans({ after, underWay })
  }
})
