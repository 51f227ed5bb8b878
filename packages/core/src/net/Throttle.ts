/**
 * The door that every request to one service with one credential goes through, so that a limit is obeyed before it is
 * hit. It knows four things: how many requests may be under way, how many the service takes within a sliding window,
 * what the service's own headers say is left, and until when the service has closed the door altogether.
 *
 * A request's place in the window is free again that long after its answer came, not after it left: when the service
 * counted it is not known, but it was before the answer. So no window of the service is ever overrun, however long
 * requests travel.
 *
 * A wait up to `patience` is waited here, in order of arrival. A longer one fails at once with `Throttled`, so that the
 * caller can say so and do something else; one that has nothing else to do waits for a place in the window, which is no
 * limit but the own pace. Headers always win over own counts: the budget may be shared with others.
 *
 * Where other processes go through the same door, the window is theirs as well. Each asks for places in it, and sends no
 * more than it was granted (see `Neighbours.ts`).
 *
 * Effect's `RateLimiter` is not used since it counts alone: it cannot be told what the answers say.
 */
import { Clock, Data, Duration, Effect, Latch, Semaphore } from "effect"
import * as Timing from "../domain/Timing.ts"
import { type Quota, patience as quotaPatience, renewal, type Window } from "./SharedQuota.ts"

/**
 * The door stays closed longer than the gate's patience. `until` is in epoch milliseconds. `pace`: the service has not said
 * so, it is the own pace that keeps this process out.
 */
export class Throttled extends Data.TaggedError("Throttled")<{
  readonly until: number
  readonly why: string
  readonly enforcedBy: "service" | "self"
}> {}

export interface ThrottleState {
  /** Requests left by the service's last word, and when they are renewed (epoch milliseconds). */
  readonly budget: { readonly limit: number; readonly remaining: number; readonly resetAt: number } | undefined
  /** Epoch milliseconds; in the past when the door is open. */
  readonly blockedUntil: number
  readonly why: string
}

export interface Throttle {
  /**
   * Runs the effect when its turn has come. `pace`: whether a place in the window is waited for, however long. `free`: it
   * costs nothing of the budget.
   */
  readonly run: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: { readonly whenFull: "wait" | "fail" }
  ) => Effect.Effect<A, E | Throttled, R>
  /** Notes what an answer's headers said. `resetAt` is in epoch milliseconds. */
  readonly learn: (facts: { readonly limit: number; readonly remaining: number; readonly resetAt: number }) => void
  /** Sets how many requests the service takes within `millis`. */
  readonly setWindow: (window: Window) => void
  /**
   * The same for a service whose headers tell of that sliding window itself. What own requests do not explain is others'
   * use, for which places are left until `resetAt`. `startedAt` is when the answered request left.
   */
  readonly learnWindow: (facts: {
    readonly limit: number
    readonly millis: number
    readonly remaining: number
    readonly resetAt: number
    readonly startedAt: number
  }) => void
  /** Closes the door for everybody, at least until then. */
  readonly block: (until: number, why: string) => void
  readonly state: () => ThrottleState
}

export const make = (options: {
  readonly concurrency: number
  readonly patience: Duration.Input
  /** This process's part of the window; without it, all of it. */
  readonly quota?: Quota | undefined
}): Throttle => {
  const { quota } = options
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience))
  const places = Semaphore.makeUnsafe(options.concurrency)
  let underWay = 0
  let windowBudget: ThrottleState["budget"]
  let budget: ThrottleState["budget"]
  let lowest: { readonly remaining: number; readonly resetAt: number } | undefined
  let window: Window | undefined
  let blockedUntil = 0
  let why = ""
  /** Requests that may still be in the window, in the order they left. `endedAt` is infinite while one is under way. */
  let recent: Array<Passage> = []
  let others = { places: 0, until: 0 }

  /** What was granted of the window, when, and whether it was all that was wanted. */
  let granted = { slots: 0, at: Number.NEGATIVE_INFINITY, whole: true, others: 0 }
  /** The most own requests in the window since then. */
  let most = 0
  const oneRenewal = Semaphore.makeUnsafe(1)
  /** Open from the first answer on. */
  const answered = Latch.makeUnsafe(false)

  const forget = (now: number, { millis }: Window): void => {
    recent = recent.filter(({ endedAt }) => endedAt > now - millis)
  }

  let askedAt = Number.NEGATIVE_INFINITY
  /** After the clock was set back, every earlier instant is wrong. */
  const notice = (now: number): void => {
    if (Timing.clockWentBack(askedAt, now)) {
      blockedUntil = 0
      budget = undefined
      windowBudget = undefined
      lowest = undefined
      recent = []
    }
    askedAt = now
  }

  /** When the service lets anybody in again, by its own word; `now` when it does already. */
  const opensAt = (now: number): number => {
    notice(now)
    if (blockedUntil > now) return blockedUntil
    if (budget !== undefined && now >= budget.resetAt) budget = undefined
    return budget !== undefined && budget.remaining <= 0 ? budget.resetAt : now
  }

  /** When there is a place in the window. */
  const placeAt = (now: number): number => {
    if (window === undefined) return now
    const { limit, millis } = window
    forget(now, window)
    const taken = others.until > now ? others.places : 0
    const own = Math.min(limit - taken, quota === undefined ? limit : granted.slots)
    if (recent.length < own) return now
    const othersLeave = taken > 0 ? others.until : Number.POSITIVE_INFINITY
    // Another grant only helps where others have what is missing. The last one is old when the database was slow.
    const nextGrant = own < limit - taken ? Math.max(granted.at + renewal, now + 1) : Number.POSITIVE_INFINITY
    // So many have to leave the window first. One still under way leaves it no sooner than its whole length from now.
    const ends = recent.map(({ endedAt }) => endedAt).sort((a, b) => a - b)
    return Math.min(Math.min(ends[recent.length - own] ?? now, now) + millis, othersLeave, nextGrant)
  }

  /** When a request may leave, and whether it is only the own pace that it waits for. */
  const turnAt = (now: number) => {
    const opens = opensAt(now)
    const isPace = opens <= now
    return { at: isPace ? placeAt(now) : opens, isPace }
  }

  const tooFar = (now: number, { at, isPace }: ReturnType<typeof turnAt>) =>
    new Throttled({
      until: at,
      enforcedBy: isPace ? "self" : "service",
      why: isPace
        ? "as many requests as it takes at a time have been sent"
        : blockedUntil > now
          ? why
          : "the budget of requests is used up"
    })

  /** Whether all that was granted is used, and more may be had. */
  const isShort = (now: number): boolean => {
    if (window === undefined || !granted.whole || granted.slots >= window.limit) return false
    forget(now, window)
    return recent.length > 0 && recent.length >= granted.slots
  }

  const mustRenew = (now: number): boolean => now < granted.at || now >= granted.at + renewal || isShort(now)

  /** Asks for a part of the window when it is time to: no request has to ask by itself. */
  const renew = (quota: Quota) =>
    oneRenewal.withPermit(
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (!mustRenew(now)) return
        if (window !== undefined) forget(now, window)
        // Somewhat more than was needed, and not all that there is: who comes next finds room without waiting for it. Of a
        // long window only a little, which one that is killed keeps for its whole length: many may be, one after the other.
        const wants = window === undefined ? 1 : Math.min(most + headroom(window), window.limit)
        // Until an answer says less, what was granted is used: the answer to this question may be lost.
        const believed = now >= granted.at && now < granted.at + quotaPatience ? granted.slots : 0
        const answer = yield* quota.renew({ window, sent: Math.max(recent.length, believed), wants })
        // One that was under way for so long may tell of places that have been given to others since.
        const late = (yield* Clock.currentTimeMillis) - now
        const grant = late >= 0 && late < quotaPatience ? answer : undefined
        if (grant === undefined) {
          if (now >= granted.at && now < granted.at + quotaPatience) return
          return yield* new Throttled({
            until: now + renewal,
            enforcedBy: "self",
            why: "the database does not tell what other servers leave of the limit"
          })
        }
        window ??= grant.window
        granted = { slots: grant.slots, at: now, whole: grant.slots >= wants, others: grant.others }
        most = recent.length
        if (grant.blocked !== undefined) block(grant.blocked.until, grant.blocked.why)
      })
    )

  const block = (until: number, reason: string): void => {
    if (until > blockedUntil) {
      blockedUntil = until
      why = reason
    }
  }

  const enter = Effect.fnUntraced(function* (
    interruptibly: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>,
    whenFull: "wait" | "fail"
  ) {
    const arrived = yield* Clock.currentTimeMillis
    for (;;) {
      if (quota !== undefined) {
        if (mustRenew(yield* Clock.currentTimeMillis)) yield* interruptibly(renew(quota))
        // Nobody knows the window yet, and others may be about to send as well: one request finds out.
        if (window === undefined && granted.others > 0 && underWay > 0 && !answered.isOpen()) {
          yield* interruptibly(answered.await)
          continue
        }
      }
      const now = yield* Clock.currentTimeMillis
      const turn = turnAt(now)
      const { at, isPace } = turn
      if (at <= now) {
        if (budget !== undefined) budget = { ...budget, remaining: budget.remaining - 1 }
        const passage: Passage = { startedAt: now, endedAt: Number.POSITIVE_INFINITY }
        recent.push(passage)
        if (window === undefined && recent.length > unpaced) recent.shift()
        underWay++
        most = Math.max(most, recent.length)
        return passage
      }
      // A share comes in small steps, which would be waited for one by one without end.
      const waited = quota === undefined ? 0 : now - arrived
      if (at - now + waited > patience && !(isPace && whenFull === "wait")) {
        return yield* tooFar(now, turn)
      }
      yield* interruptibly(Effect.sleep(at - now))
    }
  })

  /** Those who wait for the window may have all places at the door: whoever will not wait is told before it. */
  const early = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const turn = turnAt(now)
    const known = quota === undefined || !mustRenew(now)
    return known && turn.at - now > patience ? Effect.fail(tooFar(now, turn)) : Effect.void
  })

  /** Tells of the places of requests that are long under way: nobody else may, while all of them wait for answers. */
  const whileKept = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    quota === undefined
      ? effect
      : Effect.flatMap(
          Effect.forkChild(renew(quota).pipe(Effect.ignore, Effect.delay(quotaPatience), Effect.forever)),
          (keeping) =>
            Effect.ensuring(
              effect,
              Effect.sync(() => keeping.interruptUnsafe())
            )
        )

  const leave = (passage: Passage) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      underWay--
      passage.endedAt = now
      answered.openUnsafe()
    })

  return {
    run: (effect, { whenFull } = { whenFull: "fail" }) =>
      Effect.andThen(
        whenFull === "fail" ? early : Effect.void,
        places.withPermit(
          // Counting in and out cannot be cut apart, but whoever waits at the door can leave at once.
          Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(enter(restore, whenFull), (passage) =>
              Effect.ensuring(whileKept(restore(effect)), leave(passage))
            )
          )
        )
      ),
    learn: (facts) => {
      // Answers overtake each other: of two about the same renewal, the one with less left is the newer one.
      lowest = lowest?.resetAt === facts.resetAt && lowest.remaining < facts.remaining ? lowest : facts
      // Requests still under way may not be counted by the service yet, except the one this answer belongs to.
      budget = { ...facts, remaining: lowest.remaining - Math.max(underWay - 1, 0) }
    },
    setWindow: (next) => {
      if (window?.limit !== next.limit || window.millis !== next.millis) window = next
    },
    learnWindow: ({ limit, millis, remaining, resetAt, startedAt }) => {
      window = { limit, millis }
      windowBudget = { limit, remaining, resetAt }
      const own = recent.filter((one) => one.startedAt <= startedAt).length
      others = { places: Math.max(limit - remaining - own, 0), until: resetAt }
    },
    block,
    state: () => ({ budget: budget ?? windowBudget, blockedUntil, why })
  }
}

interface Passage {
  readonly startedAt: number
  endedAt: number
}

/** Places that are asked for beyond those in use. More are asked for as soon as they are used. */
const headroom = ({ limit }: Window): number => Math.max(Math.ceil(limit / 16), Math.min(5, limit))

/** So many requests are remembered before a window is known: no fewer than can be under way when its size is told. */
const unpaced = 100
