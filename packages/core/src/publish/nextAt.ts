/** When the next file can be published, as far as is known, by this process's clock. */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import type { Among } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import type { Allowance } from "./allowance.ts"
import type { Pauses } from "./Pause.ts"

export const make = ({
  allowance,
  pauses,
  publications
}: {
  readonly allowance: Effect.Effect<Allowance>
  readonly pauses: Pauses
  readonly publications: Store["Service"]["publications"]
}) => {
  /** When a publication is due, in milliseconds by this process's clock. */
  const due = Effect.fnUntraced(function* (among: Among) {
    const next = yield* publications.nextDue(among)
    const at = yield* Clock.currentTimeMillis
    return Option.getOrUndefined(Option.map(next, ({ wait }) => at + Duration.toMillis(wait)))
  })

  return Effect.gen(function* () {
    const next = pauses.next(yield* Clock.currentTimeMillis)
    const { except } = next
    const { wait } = yield* allowance
    if (next._tag === "Paused") {
      if (!Number.isFinite(next.probesAt)) return earliest(next.endsAt)
      const untried = yield* due({ which: Option.isNone(wait) ? "all" : "fresh", except })
      return earliest(next.endsAt, untried === undefined ? undefined : Math.max(untried, next.probesAt))
    }
    return Option.isNone(wait)
      ? earliest(yield* due({ except }), next.endsAt)
      : earliest(yield* due({ which: "fresh", except }), wait.value.until.epochMilliseconds, next.endsAt)
  })
}

/** The first of several instants, of which some are not known. */
const earliest = (...times: ReadonlyArray<number | undefined>): Option.Option<DateTime.Utc> => {
  const known = times.filter((time): time is number => time !== undefined && Number.isFinite(time))
  return known.length === 0 ? Option.none() : Option.some(DateTime.makeUnsafe(Math.min(...known)))
}
