/** How much the database grows in a year: bytes of a row in each table, measured, times rows that are assumed below. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { print, rounded } from "../support/bench.ts"
import { beside, database } from "./database.ts"

/** What a user and an installation do. Change these to your own. */
const assumed = {
  filesPerUserAndYear: 12,
  attemptsPerFile: 1.1,
  /** Visitors of each user. Each of them is shown each file by a visit of its own. */
  visitorsPerUser: 2,
  /** One every five minutes. */
  fullScansPerDay: 288,
  /** At most one each poll of the feed, which is every 30 seconds with a token. */
  feedScansPerDay: 2_880,
  /** A failing user is checked once a day in the end. */
  failingUsers: 0.01,
  daysOfHistory: 90
}

/** Rows after a year, with history that is kept for some days of it. */
const rowsAfterYear = (users: number, daysKept: number): Readonly<Record<string, number>> => {
  const files = users * assumed.filesPerUserAndYear
  const kept = Math.min(daysKept, 365) / 365
  const scans = (assumed.fullScansPerDay + assumed.feedScansPerDay) * 365
  // A scan that found a file stays. A scan of the feed begins only when the feed shows a tracked user.
  const withFiles = Math.min(files, scans)
  const without = Math.max(assumed.fullScansPerDay * 365 - withFiles, 0)
  return {
    users,
    deals: users,
    persons: users,
    visitor_positions: users * assumed.visitorsPerUser,
    gist_files: files,
    publications: files,
    attempts: files * assumed.attemptsPerFile * kept,
    visits: files * assumed.visitorsPerUser * kept,
    scans: withFiles + without * kept,
    scan_failures: users * assumed.failingUsers * 365 * kept
  }
}

/** Rows that the other scripts do not need. */
const addScans = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into scans (kind, state, requested_at, started_at, finished_at, cursor, users, unchanged, files)
    select 'scheduled', 'done', now(), now(), now(), 1000, 1000, 1000, n % 2 from generate_series(1, 100000) n`
  yield* sql`insert into scan_failures (scan_key, user_key, reason, message, retry_at)
    select s.key, u.key, 'UserNotFound', 'GitHub knows no user of the name somebody-' || u.key, now()
    from (select key from scans order by key desc limit 100) s, (select key from users order by key limit 1000) u`
  // The state of a publication changes twice, and each change leaves an old version behind.
  yield* sql`update publications set state = 'sending', lease_until = now() where state = 'pending'`
  yield* sql`update publications set state = 'pending', lease_until = null where state = 'sending'`
})

const bytesPerRow = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const measured: Record<string, number> = {}
  for (const table of Object.keys(rowsAfterYear(1, 1))) {
    yield* sql.unsafe(`vacuum analyze ${table}`)
    const [found] = yield* sql<{ rows: number; bytes: number }>`
      select (select count(*) from ${sql(table)}) as rows, pg_total_relation_size(${table}::text::regclass) as bytes`
    measured[table] = Number(found?.bytes ?? 0) / Math.max(Number(found?.rows ?? 0), 1)
  }
  return measured
})

const mb = (bytes: number) =>
  bytes < 1e9 ? `${rounded(bytes / 1e6, bytes < 1e7 ? 1 : 0)} MB` : `${rounded(bytes / 1e9, 1)} GB`

const report = (measured: Readonly<Record<string, number>>) => {
  const cases = [1_000, 1_000_000].flatMap((users) =>
    [assumed.daysOfHistory, 365].map((days) => ({ users, days, rows: rowsAfterYear(users, days) }))
  )
  print(`| | bytes a row |${cases.map(({ days, users }) => ` ${rounded(users)} users, ${days} days |`).join("")}`)
  print(`|---|---:|${cases.map(() => "---:|").join("")}`)
  for (const [table, bytes] of Object.entries(measured)) {
    print(
      `| \`${table}\` | ${rounded(bytes)} |${cases.map(({ rows }) => ` ${mb((rows[table] ?? 0) * bytes)} |`).join("")}`
    )
  }
  const total = (rows: Readonly<Record<string, number>>) =>
    Object.entries(measured).reduce((sum, [table, bytes]) => sum + (rows[table] ?? 0) * bytes, 0)
  print(`| all | |${cases.map(({ rows }) => ` ${mb(total(rows))} |`).join("")}`)
}

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* database()
      report(yield* Effect.provide(Effect.andThen(addScans, bytesPerRow), beside(url)))
    })
  )
)
