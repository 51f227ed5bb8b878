/** Users who wait for reasons of their own, longer with each failure in a row. Instants are in epoch milliseconds. */
import { Duration } from "effect"
import * as Timing from "../domain/Timing.ts"

/** Users of whom all files failed in a row, at most this many; the oldest go first. */
const capacity = 2_000

/** How long a user of whom nothing is due is not asked for again. */
const idle = Duration.toMillis(Duration.seconds(15))

export const make = () => {
  const users = new Map<number, { readonly until: number; readonly blocks: number }>()
  const those = (isIn: (until: number) => boolean) =>
    [...users].filter(([, { until }]) => isIn(until)).map(([user]) => user)

  return {
    all: (): ReadonlyArray<number> => [...users.keys()],
    /** Users who wait. */
    blocked: (now: number) => those((until) => until > now),
    /** Users whose wait is over, and of whom nothing has succeeded since. */
    over: (now: number) => those((until) => until <= now),
    isBlocked: (user: number, now: number): boolean => (users.get(user)?.until ?? 0) > now,
    /** When the first wait ends. */
    nextEnd: (now: number): number | undefined => {
      const ends = [...users.values()].map(({ until }) => until).filter((until) => until > now)
      return ends.length === 0 ? undefined : Math.min(...ends)
    },
    block: (user: number, now: number): void => {
      const present = users.get(user)
      // A request that was under way when the wait began fails for the same reason, and is no further sign.
      if (present !== undefined && present.until > now) return
      const blocks = (present?.blocks ?? 0) + 1
      users.delete(user)
      users.set(user, { until: now + Duration.toMillis(Timing.outageDelay(blocks)), blocks })
      const [oldest] = users.keys()
      if (users.size > capacity && oldest !== undefined) users.delete(oldest)
    },
    /** Notes that nothing of this user was due. */
    idled: (user: number, now: number): void => {
      const present = users.get(user)
      if (present !== undefined) users.set(user, { ...present, until: now + idle })
    },
    end: (user: number): void => void users.delete(user),
    clear: (): void => users.clear()
  }
}
