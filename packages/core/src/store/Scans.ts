/** Scans: queued, running under a lease, ended; with the users that failed in each. */
import { Duration, Effect, Option, Schema } from "effect"
import { SqlClient, type SqlError, SqlSchema } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { findAll, findFirst, hasRows } from "../database/statements.ts"
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
  /** New files that the checks stored. */
  readonly files: number
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

/** The columns of `Scan`, from `scans s`. */
export const scanColumns = `s.key as id, s.kind, (select username from users where key = s.user_key) as login, s.state,
    s.requested_at, s.started_at, s.finished_at, s.users, s.unchanged, s.failed, s.files, s.reason, s.message, s.resume_at`

/** Milliseconds by the database's clock. */
const LastStart = Schema.Struct({
  startedAgo: Schema.Finite,
  resumeIn: Schema.NullOr(Schema.Finite),
  state: ScanState
})
/** How long ago the last full scan began, its state, and how long until the next one may go on. */
export type LastStart = typeof LastStart.Type

const Started = Schema.Struct({ key: ScanId, userKey: Schema.NullOr(Schema.Int) })

const Key = Schema.Struct({ key: ScanId })

/** Where a full scan that has ended had come to. */
const Place = Schema.Struct({ cursor: Schema.Int, state: ScanState })

/** A scan of the feed's users, or of new ones, is no full scan. */
const isFullScan = "user_key is null and kind in ('scheduled', 'requested')"

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  ...starting(sql),
  ...leased(sql),
  ...found(sql)
}))

/** Makes statements that start a scan. Of full scans one runs at a time. */
const starter = (sql: SqlClient.SqlClient) => {
  const findRunning = findFirst(
    Key,
    () => sql`select key from scans where state = 'running' and ${sql.literal(isFullScan)}`
  )
  return <Request>(statement: (request: Request) => Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) => {
    const find = SqlSchema.findOneOption({
      Request: Schema.Any,
      Result: Schema.toType(Started),
      execute: statement
    })
    return Effect.fnUntraced(function* (request: Request) {
      const found = yield* find(request).pipe(
        Effect.catchReason("SqlError", "UniqueViolation", () => Effect.succeed("running" as const)),
        orDatabaseError
      )
      if (found !== "running") return found
      const running = yield* findRunning()
      return yield* new ScanRunning({ scan: Option.isSome(running) ? running.value.key : 0 })
    })
  }
}

/** Ways to begin a scan. */
const starting = (sql: SqlClient.SqlClient) => {
  const lease = inFuture(sql, Timing.scanLease)
  const started = starter(sql)
  const startOne = started(
    ({ kind, userKey }: { readonly kind: ScanKind; readonly userKey: UserKey | null }) => sql`
        insert into scans (kind, user_key, state, requested_at, started_at, lease_until)
        values (${kind}, ${userKey}, 'running', ${now(sql)}, ${now(sql)}, ${lease}) returning key, user_key`
  )
  const queue = findFirst(
    Key,
    (userKey: UserKey | null) => sql`
          insert into scans (kind, user_key, state, requested_at) values ('requested', ${userKey}, 'queued', ${now(sql)})
          on conflict ((true)) where state = 'queued' and user_key is null do nothing returning key`
  )
  const findQueued = findFirst(
    Key,
    () => sql`
          select key from scans where state = 'queued' and user_key is null`
  )

  return {
    /** Queues a scan. A full scan that is queued already is answered instead of a second one. */
    request: Effect.fnUntraced(function* (userKey: UserKey | null) {
      for (;;) {
        const inserted = yield* queue(userKey)
        if (Option.isSome(inserted)) return inserted.value.key
        const queued = yield* findQueued()
        // The queued scan has begun meanwhile and may have checked users already, so another one is queued.
        if (Option.isSome(queued)) return queued.value.key
      }
    }),
    /** Starts the oldest queued scan of a single user, or of all users. */
    startQueued: started(
      (which: "single" | "all") => sql`
        update scans set state = 'running', started_at = ${now(sql)}, lease_until = ${lease}
        where key = (
          select key from scans where state = 'queued' and (user_key is not null) = ${which === "single"}
          order by key limit 1 for update skip locked
        ) returning key, user_key`
    ),
    /** Starts a scan at once. */
    start: (kind: ScanKind, userKey: UserKey | null) => startOne({ kind, userKey })
  }
}

/** What a process does with the scan that it runs. */
const leased = (sql: SqlClient.SqlClient) => {
  const lease = inFuture(sql, Timing.scanLease)

  const addFailures = (scan: ScanId, failures: Progress["failures"]) => sql`
              insert into scan_failures (scan_key, user_key, reason, message, retry_at)
              select ${scan}, user_key, reason, message, clock_timestamp() + retry_in * interval '1 second'
              from jsonb_to_recordset(${JSON.stringify(
                failures.map((failure) => ({
                  user_key: failure.userKey,
                  reason: failure.reason,
                  message: failure.message,
                  retry_in: Duration.toSeconds(failure.retryIn)
                }))
              )}::jsonb) as l(user_key bigint, reason text, message text, retry_in float8)
              -- A user may have been forgotten meanwhile.
              where exists (select 1 from users u where u.key = l.user_key for key share)
              on conflict do nothing`

  const progress = Effect.fnUntraced(function* (scan: ScanId, { cursor, failures, files, unchanged, users }: Progress) {
    yield* sql`
              update scans set cursor = ${cursor}, users = users + ${users},
                unchanged = unchanged + ${unchanged}, failed = failed + ${failures.length}, files = files + ${files},
                lease_until = ${lease}
              where key = ${scan} and state = 'running'`
    if (failures.length > 0) yield* addFailures(scan, failures)
  })

  /**
   * Ends a running scan, and counts its files. The lock waits for open transactions that add files (their foreign key locks
   * the scan's row), so that the count sees these files. Later transactions count their own: see `intake.ts`.
   */
  const end = Effect.fnUntraced(function* (scan: ScanId, ending: Ending, which = sql.literal("true")) {
    const held = yield* sql`select 1 from scans where key = ${scan} and state = 'running' and ${which} for update`
    if (held.length === 0) return
    yield* sql`
      update scans set state = ${ending.state}, finished_at = ${now(sql)}, lease_until = null, reason = ${ending.reason},
        message = ${ending.message}, resume_at = ${ending.resumeIn === null ? null : inFuture(sql, ending.resumeIn)},
        files = (select count(*) from gist_files where scan_key = ${scan})
      where key = ${scan}`
  })

  const isLost = sql.literal("lease_until < clock_timestamp()")
  const findLost = findAll(Key, () => sql`select key from scans where state = 'running' and ${isLost} order by key`)
  const lost: Ending = {
    state: "interrupted",
    reason: null,
    message: "the process that ran it was lost",
    resumeIn: null
  }

  return {
    /** Ends the scans whose process was lost, so that the next one can begin. */
    reap: Effect.flatMap(findLost(), (scans) =>
      Effect.forEach(scans, ({ key }) => orDatabaseError(sql.withTransaction(end(key, lost, isLost))), {
        discard: true
      })
    ),
    /** Renews the lease. `false` when the lease was lost. */
    renew: (scan: ScanId) =>
      hasRows(sql`update scans set lease_until = ${lease} where key = ${scan} and state = 'running' returning 1 as ok`),
    progress: (scan: ScanId, added: Progress) => orDatabaseError(sql.withTransaction(progress(scan, added))),
    end: (scan: ScanId, ending: Ending) => orDatabaseError(sql.withTransaction(end(scan, ending)))
  }
}

/** Scans as they are stored. */
const found = (sql: SqlClient.SqlClient) => {
  const columns = sql.literal(scanColumns)
  const isFull = sql.literal(isFullScan)
  const find = findFirst(Scan, (id: number) => sql`select ${columns} from scans s where s.key = ${id}`)
  const failures = findAll(
    ScanFailure,
    ({ id, limit }: { readonly id: number; readonly limit: number }) => sql`
        select u.username as login, f.reason, f.message, f.retry_at from scan_failures f join users u on u.key = f.user_key
        where f.scan_key = ${id} order by f.user_key limit ${limit}`
  )
  const lastPlace = findFirst(
    Place,
    () => sql`select cursor, state from scans where ${isFull} and state not in ('queued', 'running')
        order by key desc limit 1`
  )

  return {
    /** The key after which the next full scan begins: the cursor of the last one unless it was done. */
    resumeAfter: Effect.map(lastPlace(), (last) =>
      Option.isNone(last) || last.value.state === "done" ? 0 : last.value.cursor
    ),
    /** The last full scan that has begun, with the wait that GitHub asked for. */
    lastStart: findFirst(
      LastStart,
      () => sql`
        select -${millisUntil(sql, sql.literal("started_at"))} as started_ago,
          ${millisUntil(sql, sql.literal("resume_at"))} as resume_in, state
        from scans where ${isFull} and started_at is not null order by key desc limit 1`
    )(),
    find: Effect.fnUntraced(function* (id: number) {
      const scan = yield* find(id)
      return Option.isSome(scan) ? scan.value : yield* new ScanNotFound({ scan: id })
    }),
    /** Newest first, from before `before` on. */
    list: findAll(
      Scan,
      (page: { readonly before: number; readonly limit: number }) =>
        sql`select ${columns} from scans s where s.key < ${page.before} order by s.key desc limit ${page.limit}`
    ),
    /** The last full scan that has ended, in whichever state. */
    lastEnded: findFirst(
      Scan,
      () => sql`select ${columns} from scans s where s.user_key is null and s.kind in ('scheduled', 'requested') and s.state not in ('queued', 'running')
          order by s.key desc limit 1`
    )(),
    /** The last full scan that was done. */
    lastDone: findFirst(
      Scan,
      () =>
        sql`select ${columns} from scans s where s.user_key is null and s.kind in ('scheduled', 'requested') and s.state = 'done' order by s.key desc limit 1`
    )(),
    failures: (id: number, limit: number) => failures({ id, limit })
  }
}
