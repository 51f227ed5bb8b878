/** Scans: queued, running under a lease, ended; with the users that failed in each. */
import { Duration, Effect, Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { orDatabaseError, rows } from "../database/Database.ts"
import { Scan, ScanFailure, ScanId, type ScanKind, ScanState } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { inFuture, millisUntil, now } from "./sql.ts"

/** There is no scan of this id. */
export class ScanNotFound extends Schema.TaggedError<ScanNotFound>()("ScanNotFound", { scan: Schema.Int }) {
  override get message(): string {
    return `There is no scan ${this.scan}`
  }
}

/** Another full scan runs, here or in another process. */
export class ScanRunning extends Schema.TaggedError<ScanRunning>()("ScanRunning", { scan: Schema.Int }) {
  override get message(): string {
    return `Scan ${this.scan} is running already. Wait for it, or scan single users by name`
  }
}

/** What the checks of one page of users add to a running scan. */
export interface Progress {
  readonly cursor: number
  readonly users: number
  readonly unchanged: number
  readonly failures: ReadonlyArray<{
    readonly userKey: UserKey
    readonly reason: string
    readonly message: string
    /** The wait for the user's next check. */
    readonly retryIn: Duration.Duration
  }>
}

/** How a scan ended. */
export interface Ending {
  readonly state: "done" | "stopped" | "interrupted"
  readonly reason: string | null
  readonly message: string | null
  /** The wait for the next full scan, when GitHub named one. */
  readonly resumeIn: Duration.Duration | null
}

/** The columns of `Scan`, from `scanTables`. */
export const scanColumns = `s.key as id, s.kind, u.username as login, s.state, s.requested_at, s.started_at, s.finished_at,
    s.users, s.unchanged, s.failed, s.files, s.reason, s.message, s.resume_at`
export const scanTables = "scans s left join users u on u.key = s.user_key"

/** Milliseconds by the database's clock. */
const LastStart = Schema.Struct({
  startedAgo: Schema.Finite,
  resumeIn: Schema.NullOr(Schema.Finite),
  state: ScanState
})
export type LastStart = typeof LastStart.Type

const Started = Schema.Struct({ key: ScanId, userKey: Schema.NullOr(Schema.Int) })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal(scanColumns)
  const from = sql.literal(scanTables)
  const scans = rows(Scan)
  const lease = inFuture(sql, Timing.scanLease)

  /** A scan of the feed's users is no full scan. */
  const isFullScan = sql.literal("user_key is null and kind <> 'feed'")

  const running = Effect.map(
    orDatabaseError(sql<{ key: number }>`select key from scans where state = 'running' and ${isFullScan}`),
    (found) => found[0]?.key ?? 0
  )

  /** Ends the scans whose process was lost, so that the next one can begin. */
  const reap = orDatabaseError(
    Effect.asVoid(sql`
        update scans set state = 'interrupted', finished_at = ${now(sql)}, message = 'the process that ran it was lost'
        where state = 'running' and lease_until < clock_timestamp()`)
  )

  /** Runs a statement that starts a scan. Of full scans one runs at a time. */
  const start = Effect.fnUntraced(function* (statement: Effect.Effect<ReadonlyArray<object>, SqlError.SqlError>) {
    const started = yield* statement.pipe(
      Effect.catchReason("SqlError", "UniqueViolation", () => Effect.succeed("running" as const)),
      orDatabaseError
    )
    if (started === "running") return yield* new ScanRunning({ scan: yield* running })
    const [found] = yield* rows(Started)(Effect.succeed(started))
    return Option.fromUndefinedOr(found)
  })

  return {
    reap,
    /** Queues a scan. A full scan that is queued already is answered instead of a second one. */
    request: Effect.fnUntraced(function* (userKey: UserKey | null) {
      for (;;) {
        const [inserted] = yield* orDatabaseError(sql<{ key: number }>`
          insert into scans (kind, user_key, state, requested_at) values ('requested', ${userKey}, 'queued', ${now(sql)})
          on conflict ((true)) where state = 'queued' and user_key is null do nothing returning key`)
        if (inserted !== undefined) return ScanId.make(inserted.key)
        const [queued] = yield* orDatabaseError(sql<{ key: number }>`
          select key from scans where state = 'queued' and user_key is null`)
        // The queued scan has begun meanwhile and may have checked users already, so another one is queued.
        if (queued !== undefined) return ScanId.make(queued.key)
      }
    }),
    /** Starts the oldest queued scan of a single user, or of all users. */
    startQueued: (which: "single" | "all") =>
      start(sql`
        update scans set state = 'running', started_at = ${now(sql)}, lease_until = ${lease}
        where key = (
          select key from scans where state = 'queued' and (user_key is not null) = ${which === "single"}
          order by key limit 1 for update skip locked
        ) returning key, user_key`),
    /** Starts a scan at once. */
    start: (kind: ScanKind, userKey: UserKey | null) =>
      start(sql`
        insert into scans (kind, user_key, state, requested_at, started_at, lease_until)
        values (${kind}, ${userKey}, 'running', ${now(sql)}, ${now(sql)}, ${lease}) returning key, user_key`),
    /** The key after which the next full scan begins: the cursor of the last one unless it was done. */
    resumeAfter: Effect.map(
      orDatabaseError(sql<{ cursor: number; state: string }>`
        select cursor, state from scans where ${isFullScan} and state not in ('queued', 'running')
        order by key desc limit 1`),
      (found) => (found[0] === undefined || found[0].state === "done" ? 0 : found[0].cursor)
    ),
    /** The last full scan that has begun, with the wait that GitHub asked for. */
    lastStart: Effect.map(
      rows(LastStart)(sql`
        select -${millisUntil(sql, sql.literal("started_at"))} as started_ago,
          ${millisUntil(sql, sql.literal("resume_at"))} as resume_in, state
        from scans where ${isFullScan} and started_at is not null order by key desc limit 1`),
      (found) => Option.fromNullishOr(found[0])
    ),
    /** Renews the lease. `false` when the lease was lost. */
    renew: (scan: ScanId) =>
      Effect.map(
        orDatabaseError(
          sql`update scans set lease_until = ${lease} where key = ${scan} and state = 'running' returning 1 as ok`
        ),
        (found) => found.length > 0
      ),
    progress: (scan: ScanId, progress: Progress) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`
              update scans set cursor = ${progress.cursor}, users = users + ${progress.users},
                unchanged = unchanged + ${progress.unchanged}, failed = failed + ${progress.failures.length},
                lease_until = ${lease}
              where key = ${scan} and state = 'running'`
            if (progress.failures.length === 0) return
            yield* sql`
              insert into scan_failures (scan_key, user_key, reason, message, retry_at)
              select ${scan}, user_key, reason, message, clock_timestamp() + retry_in * interval '1 second'
              from jsonb_to_recordset(${JSON.stringify(
                progress.failures.map((failure) => ({
                  user_key: failure.userKey,
                  reason: failure.reason,
                  message: failure.message,
                  retry_in: Duration.toSeconds(failure.retryIn)
                }))
              )}::jsonb) as l(user_key bigint, reason text, message text, retry_in float8)
              on conflict do nothing`
          })
        )
      ),
    end: (scan: ScanId, ending: Ending) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update scans set state = ${ending.state}, finished_at = ${now(sql)}, lease_until = null, reason = ${ending.reason},
            message = ${ending.message}, resume_at = ${ending.resumeIn === null ? null : inFuture(sql, ending.resumeIn)}
          where key = ${scan} and state = 'running'`)
      ),
    find: Effect.fnUntraced(function* (id: number) {
      const [scan] = yield* scans(sql`select ${columns} from ${from} where s.key = ${id}`)
      if (scan === undefined) return yield* new ScanNotFound({ scan: id })
      return scan
    }),
    /** Newest first, from before `before` on. */
    list: (page: { readonly before: number; readonly limit: number }) =>
      scans(sql`select ${columns} from ${from} where s.key < ${page.before} order by s.key desc limit ${page.limit}`),
    /** The last full scan that has ended, in whichever state. */
    lastEnded: Effect.map(
      scans(
        sql`select ${columns} from ${from} where s.user_key is null and s.kind <> 'feed' and s.state not in ('queued', 'running')
          order by s.key desc limit 1`
      ),
      (found) => Option.fromNullishOr(found[0])
    ),
    /** The last full scan that was done. */
    lastDone: Effect.map(
      scans(
        sql`select ${columns} from ${from} where s.user_key is null and s.kind <> 'feed' and s.state = 'done' order by s.key desc limit 1`
      ),
      (found) => Option.fromNullishOr(found[0])
    ),
    failures: (id: number, limit: number) =>
      rows(ScanFailure)(sql`
        select u.username as login, f.reason, f.message, f.retry_at from scan_failures f join users u on u.key = f.user_key
        where f.scan_key = ${id} order by f.user_key limit ${limit}`)
  }
})
