/**
 * A clock that runs faster than the wall's, shared by the harness, every server process and the database, so that leases
 * of minutes end within seconds and nothing of the program is changed for it.
 */
import { Clock, Duration, Effect } from "effect"

export interface Time {
  readonly speed: number
  /** Epoch milliseconds, scaled. */
  readonly now: () => number
  /** The world is so much later at once: the harness, its stand-ins and every process started from now on. */
  readonly jump: (scaledMillis: number) => void
  /** How long a scaled time takes in real milliseconds. */
  readonly real: (scaled: Duration.Input) => number
  /** For `preload.ts` in a server process that is started now. */
  readonly env: () => Readonly<Record<string, string>>
  /** For what runs in the harness itself: the stand-ins. */
  readonly clock: Clock.Clock
  /**
   * SQL after which a database's `clock_timestamp()` tells this time. Functions of `pg_catalog` come first unless the
   * search path names it, so naming it last lets the one in `public` win.
   */
  readonly sql: (database: string) => ReadonlyArray<string>
}

export const make = (speed: number): Time => {
  const startReal = Date.now()
  const monotonicStart = performance.now()
  let jumped = 0
  const now = () => startReal + jumped + (performance.now() - monotonicStart) * speed
  const real = (scaled: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(scaled)) / speed
  const millis = () => Math.floor(now())
  const nanos = () => BigInt(Math.floor(now() * 1_000)) * 1_000n
  const wall = Clock.Clock.defaultValue()
  return {
    speed,
    now,
    jump: (millis) => {
      jumped += millis
    },
    real,
    env: () => ({ CHAOS_SPEED: String(speed), CHAOS_START: String(startReal), CHAOS_SKEW: String(jumped) }),
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) => wall.sleep(Duration.millis(real(duration)))
    },
    sql: (database) => [
      `create or replace function public.clock_timestamp() returns timestamptz language sql volatile as $$
        select to_timestamp(${startReal / 1_000} +
          (extract(epoch from pg_catalog.clock_timestamp())::float8 - ${startReal / 1_000}) * ${speed}) $$`,
      `alter database ${database} set search_path = public, pg_catalog`
    ]
  }
}
