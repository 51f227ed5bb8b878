/** How many new files a second a large database takes: many users in one transaction, beside one user after the other. */
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { UserKey } from "../../src/domain/User.ts"
import type { Intake } from "../../src/store/GistFiles.ts"
import { Store } from "../../src/store/Store.ts"
import { measure, median, print, rounded } from "../support/bench.ts"
import { beside, database, options, sizes } from "./database.ts"

const rounds = 3
/** Files stored in each measurement. */
const goal = 60_000

/** Runs begin at different numbers, so that each stores gists of its own. */
let made = Date.now() * 1_000

/** New files of that many users, as lists of their gists show them. `files`: new files of each user. */
const intakes = ({
  files,
  from,
  scanKey,
  users
}: Readonly<Record<"from" | "users" | "files" | "scanKey", number>>): ReadonlyArray<Intake> =>
  Array.from({ length: users }, (_, at) => {
    const user = 1 + (((from + at) * 7_919) % options.users)
    return {
      userKey: user as UserKey,
      scanKey,
      files: Array.from({ length: files }, (_, n) => {
        const gistId = (made++).toString(16).split("").reverse().join("").padEnd(32, "0123456789abcdef")
        return {
          gistId,
          filename: `notes-${n % 3}.md`,
          htmlUrl: `https://gist.github.com/user-${user}/${gistId}?file=notes-${n % 3}.md#file-notes-${n % 3}-md`,
          rawUrl: `https://gist.githubusercontent.com/user-${user}/${gistId}/raw/${gistId}01234567/notes-${n % 3}.md`,
          description: n % 4 > 0 ? `What I keep forgetting about number ${n}` : null,
          language: "Markdown",
          type: "text/markdown",
          size: 1_000 + n,
          createdAt: `2026-01-01T00:${String(Math.floor(n / 60) % 60).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}Z`,
          updatedAt: "2026-01-02T00:00:00Z"
        }
      }),
      githubId: user,
      etag: `W/"${made}"`,
      pages: 1,
      isFullListing: true,
      backfill: "all"
    }
  })

const main = Effect.gen(function* () {
  const url = yield* database()
  yield* Effect.gen(function* () {
    const { files } = yield* Store
    const sql = yield* SqlClient.SqlClient
    yield* sizes
    const settings = yield* sql<{ name: string; setting: string }>`
      select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size', 'wal_compression')`
    print(settings.map(({ name, setting }) => `${name}=${setting}`).join(", "))
    const [scan] = yield* sql<{ key: number }>`
      insert into scans (kind, state, requested_at) values ('requested', 'done', now()) returning key`
    let from = 0

    /** Files a second. `each`: files of each of the `users` of a batch; `atOnce`: batches at a time. */
    const rate = Effect.fnUntraced(function* ({
      atOnce,
      each,
      users,
      whole = goal
    }: Readonly<Record<"each" | "users" | "atOnce", number>> & { readonly whole?: number }) {
      const batches = Array.from({ length: Math.ceil(whole / (each * users)) }, () => {
        from += users
        return intakes({ from, users, files: each, scanKey: scan?.key ?? 1 })
      })
      const [before] = yield* sql<{ lsn: string }>`select pg_current_wal_insert_lsn()::text as lsn`
      const { cpu, result, wall } = yield* measure(
        Effect.forEach(batches, (batch) => (users === 1 ? Effect.forEach(batch, files.add) : files.addAll(batch)), {
          concurrency: atOnce
        })
      )
      const stored = result.flat().reduce((sum, count) => sum + count, 0)
      if (stored !== batches.length * users * each) yield* Effect.die(new Error(`${stored} files were stored`))
      const [wal] = yield* sql<{ bytes: number }>`
        select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), ${before?.lsn ?? ""}::pg_lsn)::float8 as bytes`
      return { perSecond: stored / wall, cpu: (cpu / stored) * 1e6, wal: (wal?.bytes ?? 0) / stored }
    })

    const line = Effect.fnUntraced(function* (what: string, run: ReturnType<typeof rate>) {
      const runs: Array<Effect.Success<typeof run>> = []
      for (let round = 0; round < rounds; round++) runs.push(yield* run)
      const perSecond = median(runs.map((one) => one.perSecond))
      print(
        `${what.padEnd(60)} ${rounded(perSecond).padStart(8)} files/s  ${rounded(median(runs.map(({ cpu }) => cpu)), 1)} µs of this process and ${rounded(median(runs.map(({ wal }) => wal)))} bytes of log a file`
      )
      return perSecond
    })

    // Warm: statements are prepared, code is compiled.
    yield* rate({ each: 3, users: 200, atOnce: 2, whole: 6_000 })
    const apart3 = yield* line(
      "3 files a user, a transaction each, 16 at a time",
      rate({ each: 3, users: 1, atOnce: 16, whole: goal / 4 })
    )
    const apart100 = yield* line(
      "100 files a user, a transaction each, 16 at a time",
      rate({ each: 100, users: 1, atOnce: 16 })
    )
    for (const atOnce of [1, 2, 4]) {
      const few = yield* line(
        `3 files a user, 500 users a transaction, ${atOnce} at a time`,
        rate({ each: 3, users: 500, atOnce })
      )
      const lots = yield* line(
        `100 files a user, 30 users a transaction, ${atOnce} at a time`,
        rate({ each: 100, users: 30, atOnce })
      )
      print(
        `    ${rounded(few / apart3, 2)} and ${rounded(lots / apart100, 2)} times as many as one user after the other`
      )
    }
  }).pipe(Effect.provide(Layer.provideMerge(Store.layer, beside(url))))
})

await Effect.runPromise(Effect.scoped(main))
