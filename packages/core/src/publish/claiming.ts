/** Which publications are claimed next, and when: a batch while all is well, one file at a time after a failure. */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Among, Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import type { Allowance } from "./allowance.ts"
import { full } from "./batch.ts"
import type { Candidates, Pauses } from "./Pauses.ts"
import type { Sink } from "./Sink.ts"

/** How many publications are attempted at a time by a sink that does not say how many it takes. */
const usualConcurrency = 12

type Claiming = (limit: number, among: Among) => ReturnType<Store["Service"]["publications"]["claim"]>

interface Parts {
  readonly allowance: Effect.Effect<Allowance>
  readonly pauses: Pauses
  readonly publications: Store["Service"]["publications"]
  readonly sink: Pick<Sink["Service"], "concurrency">
}

/** Claims for one publisher, as far as pauses and the backlog allowance permit. */
export const make = ({ allowance, pauses, publications, sink }: Parts) => {
  const concurrency = sink.concurrency ?? Effect.succeed(usualConcurrency)

  /** One file of each user whose wait is over. `first`: of the first such user with a file alone. */
  const ofWaitingUsers = Effect.fnUntraced(function* (
    claim: Claiming,
    users: ReadonlyArray<number>,
    { first }: { readonly first: boolean }
  ) {
    const at = yield* Clock.currentTimeMillis
    const claimed: Array<Claim> = []
    for (const user of users.slice(0, usualConcurrency)) {
      const claims = yield* claim(1, { only: user })
      if (claims.length === 0) pauses.idled(user, at)
      claimed.push(...claims)
      if (first && claimed.length > 0) return claimed
    }
    return claimed
  })

  /** Claims of candidates, within the backlog allowance. `held`: claims that are not settled yet. */
  const claimWithin = Effect.fnUntraced(function* (held: number) {
    const { files } = yield* allowance
    const which = files > held ? "all" : "fresh"
    return (limit: number, among: Among) =>
      publications.claim(which === "all" ? Math.min(limit, files - held) : limit, Timing.publicationLease, {
        which,
        ...among
      })
  })

  const claimOf = Effect.fnUntraced(function* (candidates: Exclude<Candidates, { _tag: "Nobody" }>, limit: number) {
    const claim = yield* claimWithin(0)
    switch (candidates._tag) {
      case "Probe":
        return yield* claim(1, { except: candidates.except })
      case "All": {
        const { except, over } = candidates
        return [...(yield* ofWaitingUsers(claim, over, { first: false })), ...(yield* claim(limit, { except }))]
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
    concurrency,
    /** Claims the publications to attempt next. Empty when none is due, or none may be tried. */
    next: Effect.gen(function* () {
      const candidates = pauses.candidates(yield* Clock.currentTimeMillis)
      return candidates._tag === "Nobody" ? [] : yield* claimOf(candidates, full(yield* concurrency))
    }),
    /**
     * Claims more for a batch that holds `held` claims. None when the batch has to end: after a failure, when a user's wait has
     * ended, and when the concurrency has changed. Then `next` decides what follows.
     */
    more: Effect.fnUntraced(function* (batch: { readonly concurrency: number; readonly held: number }) {
      const candidates = pauses.candidates(yield* Clock.currentTimeMillis)
      if (candidates._tag !== "All" || candidates.over.length > 0) return []
      if (batch.concurrency !== (yield* concurrency)) return []
      const claim = yield* claimWithin(batch.held)
      return yield* claim(full(batch.concurrency) - batch.held, { except: candidates.except })
    }),
    /** Releases what an interrupted batch has not settled. Whatever was sent is settled already. */
    release: (claims: ReadonlyArray<Claim>) =>
      Effect.forEach(claims, (claim) => publications.settle(claim, { _tag: "release" }), {
        concurrency: usualConcurrency,
        discard: true
      })
  }
}

/** When the next file can be published, as far as is known, by this process's clock. */
export const makeNextAt = ({ allowance, pauses, publications }: Omit<Parts, "sink">) => {
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
