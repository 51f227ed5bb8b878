/** Rows that came after given keys, for the reporting of changes. Each query reads a handful of index entries. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rows } from "../database/Database.ts"
import { PublicationState } from "../domain/Publication.ts"
import { Scan } from "../domain/Scan.ts"
import { Username } from "../domain/User.ts"
import { scanColumns, scanTables } from "./Scans.ts"

/** The newest keys. */
const Position = Schema.Struct({ file: Schema.Int, attempt: Schema.Int, scan: Schema.Int })
export type Position = typeof Position.Type

const NewFiles = Schema.Struct({ login: Username, files: Schema.Int })
const Tried = Schema.Struct({ id: Schema.Int, login: Username, state: PublicationState })

/** Rows of a kind that one query answers. Of a flood, subscribers get a part. */
const maxRows = 200

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  return {
    position: Effect.map(
      rows(Position)(sql`
        select coalesce((select max(key) from gist_files), 0) as file,
          coalesce((select max(key) from attempts), 0) as attempt, coalesce((select max(key) from scans), 0) as scan`),
      (found) => found[0] ?? { file: 0, attempt: 0, scan: 0 }
    ),
    files: (after: number, until: number) =>
      rows(NewFiles)(sql`
        select u.username as login, count(*) as files from (
          select user_key from gist_files where key > ${after} and key <= ${until} order by key desc limit 5000
        ) f join users u on u.key = f.user_key group by u.username limit ${maxRows}`),
    publications: (after: number, until: number) =>
      rows(Tried)(sql`
        select p.key as id, u.username as login, p.state from publications p join users u on u.key = p.user_key
        where p.key in (
          select publication_key from attempts where key > ${after} and key <= ${until} order by key desc limit ${maxRows}
        )`),
    /** Scans after a key, running scans, and the given ones. */
    scans: (after: number, underWay: ReadonlyArray<number>) =>
      rows(Scan)(sql`
        select ${sql.literal(scanColumns)} from ${sql.literal(scanTables)} where s.key in (
          (select key from scans where key > ${after} order by key desc limit ${maxRows})
          union all (select key from scans where state = 'running' limit ${maxRows})
          union all select unnest(${underWay}::bigint[])
        ) order by s.key`)
  }
})
