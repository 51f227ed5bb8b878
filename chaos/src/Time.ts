/**
 * A clock shared by the harness, all server processes and the database. The clock runs like the machine's, and `Driver.ts`
 * advances it to the next timer whenever nothing has work to do. So leases of minutes end at once, and a slow machine only
 * takes longer.
 */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, Duration, Effect } from "effect"
import * as Timers from "./timers.ts"

export interface Time {
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly sleep: (duration: Duration.Input) => Promise<void>
  /** Milliseconds until the next sleep of the harness ends. */
  readonly wait: () => number
  /** Moves the clock of the harness, the database and each process that starts from now on. */
  readonly advance: (millis: number) => void
  /** For `preload.ts` in a server process that is started now. */
  readonly env: () => Readonly<Record<string, string>>
  /** For the fakes, which run in the harness itself. */
  readonly clock: Clock.Clock
  /**
   * SQL after which a database's `clock_timestamp()` returns this time. Functions of `pg_catalog` come first unless the
   * search path names it, so naming it last lets the one in `public` win.
   */
  readonly sql: (database: string) => ReadonlyArray<string>
  readonly close: () => void
}

export const make = (): Time => {
  const begin = Date.now()
  const monotonicBegin = performance.now()
  const timers = Timers.make({ now: () => performance.now() - monotonicBegin, setTimeout, clearTimeout })
  let advanced = 0
  const directory = mkdtempSync(join(tmpdir(), "gitpip-chaos-time-"))
  // PostgreSQL may run as another user.
  chmodSync(directory, 0o755)
  const file = join(directory, "advanced")
  const write = () => {
    // In one step: PostgreSQL may read it at any moment.
    writeFileSync(`${file}.next`, `${advanced} milliseconds`, { mode: 0o644 })
    renameSync(`${file}.next`, file)
  }
  write()
  const now = () => begin + timers.now()
  const millis = () => Math.floor(now())
  const nanos = () => BigInt(Math.floor(now() * 1_000)) * 1_000n
  return {
    now,
    sleep: (duration) =>
      new Promise((resolve) => void timers.add(Duration.toMillis(Duration.fromInputUnsafe(duration)), resolve)),
    wait: timers.wait,
    advance: (millis) => {
      advanced += millis
      write()
      timers.advance(millis)
    },
    env: () => ({ CHAOS_NOW: String(now()), CHAOS_STARTED: String(Date.now()) }),
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.callback((resume) => {
          const timer = timers.add(Duration.toMillis(duration), () => resume(Effect.void))
          return Effect.sync(() => timers.remove(timer))
        })
    },
    sql: (database) => [
      `create or replace function public.clock_timestamp() returns timestamptz language sql volatile as $$
        select pg_catalog.clock_timestamp() + pg_catalog.pg_read_file('${file}')::interval $$`,
      `alter database ${database} set search_path = public, pg_catalog`
    ],
    close: () => {
      timers.clear()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
