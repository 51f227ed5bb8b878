/** A database as it is after years with very many users: made once, kept in a directory, opened again by each script. */
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { tables } from "../../src/database/stateTables.ts"
import { startPostgres } from "../../test/postgres.ts"
import { print, rounded } from "../support/bench.ts"

export const options = (() => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      users: { type: "string", default: "20000" },
      files: { type: "string", default: "400000" },
      directory: { type: "string" },
      minutes: { type: "string", default: "3" }
    }
  })
  const [users, files] = [Number(values.users), Number(values.files)]
  return {
    users,
    files,
    /** Positional arguments. */
    rest: positionals,
    minutes: Number(values.minutes),
    directory: values.directory ?? join(tmpdir(), `gitpip-size-${users}-${files}`)
  }
})()

/** PostgreSQL's defaults, with the memory of a machine with 8 GB. */
export const asInOperation = ["-c", "shared_buffers=2GB", "-c", "effective_cache_size=6GB", "-c", "max_wal_size=4GB"]

/** Nothing is durable while the database is made. Everything is once the server has stopped cleanly. */
const whileMaking = [
  ...asInOperation,
  ...["fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off"].flatMap(
    (flag) => ["-c", flag]
  ),
  ...["maintenance_work_mem=1GB", "work_mem=512MB", "max_wal_size=32GB", "checkpoint_timeout=1h"].flatMap((flag) => [
    "-c",
    flag
  ])
]

const run = (flags: ReadonlyArray<string>, onLog: (text: string) => void = () => undefined) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startPostgres(flags, { kept: options.directory, onLog })),
      ({ stop }) => Effect.promise(stop)
    ),
    ({ url }) => url
  )

/** The address of a running server with the database, which is made first when it is missing. */
export const database = Effect.fnUntraced(function* (
  flags: ReadonlyArray<string> = [],
  onLog?: (text: string) => void
) {
  yield* Effect.scoped(
    Effect.gen(function* () {
      const url = yield* run(whileMaking)
      yield* Effect.provide(make, Layer.fresh(Database.layerServer(Redacted.make(url))))
    })
  )
  return yield* run([...asInOperation, ...flags], onLog)
})

const step = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = performance.now()
    const result = yield* effect
    print(`${what.padEnd(44)} ${rounded((performance.now() - start) / 1_000, 1).padStart(8)} s`)
    return result
  })

/** The tables whose indexes and checks are made after their rows. */
const large = ["gist_files", "publications", "attempts", "visits", "deals"]

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [present] = yield* sql<{ n: number }>`select count(*) as n from (select from users limit 1) u`
  if (present?.n !== 0) return
  const { files, users } = options
  print(`${rounded(users)} users, ${rounded(files)} files, in ${options.directory}`)
  yield* sql.withTransaction(fill(users, files))
  yield* step("vacuum, analyze", sql`vacuum (analyze)`)
})

const fill = Effect.fnUntraced(function* (users: number, files: number) {
  const sql = yield* SqlClient.SqlClient
  yield* step(
    "users, scans",
    sql`
      insert into users (id, username, github_id, tracked_at, baselined_at, etag, pages, listed_at, checked_at, failures,
        retry_at, error_reason, error_message)
      select n, 'user-' || n, 1000 + n, t, t, 'W/"' || md5(n::text) || '"', 1, t, now(), bad, 
        case when bad > 0 then now() + interval '1 hour' end, case when bad > 0 then 'UserNotFound' end,
        case when bad > 0 then 'GitHub knows no such user' end
      from generate_series(1, ${users}::int) n, lateral (select now() - interval '2 years' as t,
        case when n % 200 = 0 then 1 + n % 5 else 0 end as bad) one order by n`
  )
  yield* sql`
    insert into scans (kind, state, requested_at, started_at, finished_at, cursor, users, unchanged, files)
    select 'scheduled', 'done', t, t, t + interval '1 minute', ${users}::int, ${users}::int, ${users}::int, 5
    from generate_series(1, 5000) n, lateral (select now() - (5001 - n) * interval '10 minutes' as t) one`

  // Few users have most files: files by user follow a Lomax distribution. Some users have none, one has very many.
  yield* step(
    "how many files whom",
    sql`create temporary table plan as
      select key as user_key, username, round(${files}::float8 / ${users}::float8 * 0.3
        * (power((key * 7919 % ${users}::int + 1)::float8 / ${users}::float8, -1 / 1.3) - 1))::int as files
      from users`
  )
  const indexes = yield* sql<{ name: string; make: string; drop: string }>`
    select coalesce(c.conname, i.relname)::text as name,
      case when c.oid is null then pg_get_indexdef(i.oid)
        else format('alter table %I add constraint %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) end as make,
      case when c.oid is null then format('drop index %I', i.relname)
        else format('alter table %I drop constraint %I cascade', t.relname, c.conname) end as drop
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      left join pg_constraint c on c.conindid = i.oid and c.contype in ('p', 'u')
    where t.relname in ${sql.in(large)} order by coalesce(c.contype, 'z'), name`
  const references = yield* sql<{ name: string; make: string; drop: string }>`
    select c.conname::text as name,
      format('alter table %I add constraint %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) as make,
      format('alter table %I drop constraint %I', t.relname, c.conname) as drop
    from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
    where c.contype = 'f' and (t.relname in ${sql.in(large)} or f.relname in ${sql.in(large)})`

  // Rows in a table that the same transaction emptied need no write-ahead log.
  yield* sql.unsafe(`truncate ${large.join(", ")}, duplicates`)
  for (const { drop } of [...references, ...indexes]) yield* sql.unsafe(drop)
  /** The first full listing put most files of a user side by side. Later files lie among those of all users. */
  const insertFiles = (which: "first" | "later") => sql`
        insert into gist_files (user_key, scan_key, gist_id, filename, html_url, raw_url, description, language, type, size,
          created_at, updated_at, found_at)
        select p.user_key, ${sql.literal(which === "first" ? "1" : "2 + (p.user_key * 31 + n * 17) % 4999")}, g,
          'notes-' || n % 3 || '.md', 'https://gist.github.com/' || p.username || '/' || g || '?file=notes-' || n % 3 ||
          '.md#file-notes-' || n % 3 || '-md', 'https://gist.githubusercontent.com/' || p.username || '/' || g || '/raw/' ||
          g || '00000000/notes-' || n % 3 || '.md', case when n % 4 > 0 then 'What I keep forgetting about number ' || n end,
          'Markdown', 'text/markdown', 100 + n % 5000, t, t, t
        from plan p, generate_series(${sql.literal(which === "first" ? "1" : "p.files * 4 / 5 + 1")}, 
            ${sql.literal(which === "first" ? "p.files * 4 / 5" : "p.files")}) n,
          lateral (select md5(p.user_key || '-' || n / 3) as g,
            now() - interval '1 year' + n % 500 * interval '10 minutes' as t) one
        order by ${sql.literal(which === "first" ? "p.user_key, n" : "n % 500, p.user_key * 7919 % 1000, p.user_key, n")}`
  yield* step("files of first listings", insertFiles("first"))
  yield* step("files found later", insertFiles("later"))
  yield* step(
    "publications",
    sql`
          insert into publications (file_key, user_key, state, start_tag, due_at, epoch, target, remote_id, attempts, error_reason,
            error_message, created_at, published_at, backlog)
          select key, user_key, state, key, found_at, 1, case when state = 'published' then user_key::text end,
            case when state = 'published' then (5000000 + key)::text end, 1,
            case when state in ('failed', 'gone') then 'ItemRefused' end,
            case when state in ('failed', 'gone') then 'Pipedrive says no' end, found_at,
            case when state = 'published' then now() - interval '400 days' * ((key * 7919) % 100000) / 100000 end,
            state = 'pending' and key % 100 > 0
          from gist_files, lateral (select case when key % 20 = 7 then 'pending' when key % 1000 = 1 then 'failed'
            when key % 1000 = 2 then 'gone' else 'published' end as state) one order by key`
  )
  yield* step(
    "attempts",
    sql`insert into attempts (publication_key, at, outcome)
          select key, created_at, case when state = 'published' then 'published' else 'ItemRefused' end from publications
          where state <> 'pending' order by key`
  )
  yield* step(
    "visits, deals",
    sql`insert into visits (user_key, visitor, after_file, until_file, visited_at)
          select user_key, visitor, 0, last, now() - interval '1 day'
          from (select user_key, max(key) as last from gist_files group by 1) f,
            unnest(array['default', 'eve']) visitor where visitor = 'default' or user_key % 10 = 0`
  )
  yield* sql`insert into visitor_positions (user_key, visitor, until_file) select user_key, visitor, until_file from visits`
  yield* sql`insert into deals (user_key, deal_id) select user_key, user_key from plan where files > 0`
  for (const { make, name } of [...indexes, ...references]) yield* step(name, sql.unsafe(make))
  yield* sql`drop table plan`
})

/** How large each table is, and each of its indexes. */
export const sizes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const found = yield* sql<{ name: string; rows: number; heap: number; indexes: number }>`
    select relname::text as name, reltuples::bigint as rows, pg_table_size(oid) as heap, pg_indexes_size(oid) as indexes
    from pg_class where relname in ${sql.in(tables.map(({ name }) => name))} order by pg_total_relation_size(oid) desc`
  const mb = (bytes: number) => `${rounded(bytes / 1024 / 1024)} MB`
  for (const { heap, indexes, name, rows } of found) {
    print(
      `${name.padEnd(16)} ${rounded(rows).padStart(12)} rows ${mb(heap).padStart(12)} + ${mb(indexes).padStart(12)} of indexes`
    )
  }
  const [whole] = yield* sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`
  print(`the database: ${mb(whole?.bytes ?? 0)}`)
})

/** A separate connection, to read the database beside Gitpip. */
export const beside = (url: string) => Layer.fresh(Database.layerServer(Redacted.make(url)))
