/** Which publications are claimed next, and when: a batch while all is well, one file at a time after a failure. */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Among, Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import type { Allowance } from "./allowance.ts"
import type { Candidates, Pauses } from "./Pauses.ts"

/** How many publications are attempted at a time. */
export const concurrency = 12

/** Claimed at once: enough to keep all attempts busy, few enough to end well within the lease. */
const batch = concurrency * 2

type Claiming = (limit: number, among: Among) => ReturnType<Store["Service"]["publications"]["claim"]>

interface Parts {
  readonly allowance: Effect.Effect<Allowance>
  readonly pauses: Pauses
  readonly publications: Store["Service"]["publications"]
}

/** Claims for one publisher, as far as pauses and the backlog allowance permit. */
export const make = ({ allowance, pauses, publications }: Parts) => {
  /** One file of each user whose wait is over. `first`: of the first such user with a file alone. */
  const ofWaitingUsers = Effect.fnUntraced(function* (
    claim: Claiming,
    users: ReadonlyArray<number>,
    { first }: { readonly first: boolean }
  ) {
    const at = yield* Clock.currentTimeMillis
    const claimed: Array<Claim> = []
    for (const user of users.slice(0, concurrency)) {
      const claims = yield* claim(1, { only: user })
      if (claims.length === 0) pauses.idled(user, at)
      claimed.push(...claims)
      if (first && claimed.length > 0) return claimed
    }
    return claimed
  })

  const claimOf = Effect.fnUntraced(function* (candidates: Exclude<Candidates, { _tag: "Nobody" }>, claim: Claiming) {
    switch (candidates._tag) {
      case "Probe":
        return yield* claim(1, { except: candidates.except })
      case "All": {
        const { except, over } = candidates
        return [...(yield* ofWaitingUsers(claim, over, { first: false })), ...(yield* claim(batch, { except }))]
      }
      case "One": {
        const { blocked, except, over } = candidates
        const untried = yield* claim(1, { except })
        if (untried.length > 0) return untried
        const waiting = yield* ofWaitingUsers(claim, over, { first: true })
        return waiting.length > 0 ? waiting : yield* claim(1, { except: blocked })
      }
    }
  })

  return {
    /** Claims the publications to attempt next. Empty when none is due, or none may be tried. */
    next: Effect.gen(function* () {
      const candidates = pauses.candidates(yield* Clock.currentTimeMillis)
      if (candidates._tag === "Nobody") return []
      const { files } = yield* allowance
      const which = files > 0 ? "all" : "fresh"
      return yield* claimOf(candidates, (limit, among) =>
        publications.claim(files > 0 ? Math.min(limit, files) : limit, Timing.publicationLease, { which, ...among })
      )
    }),
    /** Releases what an interrupted batch has not settled. Whatever was sent is settled already. */
    release: (claims: ReadonlyArray<Claim>) =>
      Effect.forEach(claims, (claim) => publications.settle(claim, { _tag: "release" }), {
        concurrency,
        discard: true
      })
  }
}

/** When the next file can be published, as far as is known, by this process's clock. */
export const makeNextAt = ({ allowance, pauses, publications }: Parts) => {
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
