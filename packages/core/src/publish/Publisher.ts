/**
 * Drains the outbox into the sink: claims what is due, and attempts it.
 *
 * One attempt: attempt.ts. Whose failure it is: evidence.ts. What becomes of the file: outcome.ts, stored by settle.ts.
 * Who waits: Pause.ts and pausing.ts. What was created twice: duplicates.ts.
 *
 * Guarantees: a graceful stop loses no response, and releases what was not sent. A kill leaves `sent_at` behind, and the
 * next holder of the row runs a lookup before it sends.
 *
 * A backlog leaves half of each budget, GitHub's hour and the sink's day, to new files (see allowance.ts).
 */
import { Clock, Context, DateTime, Duration, Effect, Layer, Option, Semaphore } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { ContentCache } from "../github/ContentCache.ts"
import { Github } from "../github/Github.ts"
import { RequestedFor } from "../net/limitEvidence.ts"
import type { Among, Claim } from "../store/Publications.ts"
import { Store } from "../store/Store.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { allowanceOf } from "./allowance.ts"
import * as Attempt from "./attempt.ts"
import * as Duplicates from "./duplicates.ts"
import * as Failures from "./failures.ts"
import type { Pause, SharedPause } from "./Pause.ts"
import * as Pausing from "./pausing.ts"
import { Sink } from "./Sink.ts"
import * as Settling from "./settle.ts"

export type { Pause, SharedPause } from "./Pause.ts"

/** What one drain did. */
export interface Drained {
  readonly published: number
  /** Refused, or tried too often: visible and retryable. */
  readonly failed: number
  /** Deleted on GitHub before they could be read. */
  readonly gone: number
  /** Due again later. */
  readonly snoozed: number
}

/** How many publications are attempted at a time. */
const concurrency = 12

/** Claimed at once: enough to keep all attempts busy, few enough to end well within the lease. */
const batch = concurrency * 2

export class Publisher extends Context.Service<
  Publisher,
  {
    /** Publishes whatever is due, until nothing is or the sink pauses. One at a time: a second call waits. */
    readonly drain: Effect.Effect<Drained, DatabaseError>
    /** Until when and why nothing is sent. */
    readonly pause: Effect.Effect<Option.Option<Pause>>
    /** The pause as every process on the database with the same credentials shows it. */
    readonly sharedPause: Effect.Effect<Option.Option<SharedPause>, DatabaseError>
    /** When something can be done again, as far as is known, by this process's clock. */
    readonly nextAt: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** When the next publication is due, by the database's clock. Users who wait for reasons of their own are left out. */
    readonly nextDue: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** Why a backlog waits although there is no pause. */
    readonly withheld: Effect.Effect<Option.Option<Pause>>
    /** Why nothing is ever sent. */
    readonly off: Option.Option<string>
  }
>()("gitpip/Publisher") {
  static readonly layer: Layer.Layer<Publisher, never, Store | Github | Sink | ContentCache | ScanSpans> = Layer.effect(
    Publisher,
    Effect.gen(function* () {
      const { limits, publications } = yield* Store
      const github = yield* Github
      const sink = yield* Sink
      const scanSpans = yield* ScanSpans
      const pausing = Pausing.make({ github, limits, sink })
      const { pauses } = pausing
      const settling = Settling.make({ pausing, publications })
      const failures = Failures.make({ github, pausing, settling, sink })
      const attempt = yield* Attempt.make({
        contents: yield* ContentCache,
        failures,
        github,
        pausing,
        publications,
        settling,
        sink
      })
      const duplicates = Duplicates.make({ failures, publications, sink })
      const one = yield* Semaphore.make(1)

      const allowed = Effect.gen(function* () {
        const { budget: requests } = yield* github.limits
        return allowanceOf({ tokens: yield* sink.budget, price: sink.price, requests }, yield* Clock.currentTimeMillis)
      })

      /** An attempt in a span that points back to the scan which found the file. */
      const publish = (claim: Claim, isProbe: boolean) =>
        Effect.tap(attempt(claim, { isProbe }), (state) =>
          Effect.annotateCurrentSpan(Telemetry.attributes.outcome, state)
        ).pipe(
          Effect.provideService(RequestedFor, { user: `${claim.userKey}`, thing: `${claim.key}` }),
          Effect.withSpan("Publisher.publish", {
            attributes: {
              [Telemetry.attributes.scan]: claim.scanKey,
              [Telemetry.attributes.user]: claim.username,
              [Telemetry.attributes.publication]: claim.key,
              [Telemetry.attributes.file]: claim.htmlUrl
            },
            links: Option.toArray(Option.map(scanSpans.find(claim.scanKey), (span) => ({ span, attributes: {} })))
          })
        )

      /** What is attempted next: a batch while nothing is wrong, one file at a time after a failure. */
      const claimNext = Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        const next = pauses.candidates(at)
        if (next._tag === "Nobody") return []
        const { files } = yield* allowed
        const which = files > 0 ? "all" : "fresh"
        const claim = (limit: number, among: Among) =>
          publications.claim(files > 0 ? Math.min(limit, files) : limit, Timing.publicationLease, { which, ...among })
        if (next._tag === "Probe") return yield* claim(1, { except: next.except })
        const claimed: Array<Claim> = []
        if (next._tag === "One") {
          claimed.push(...(yield* claim(1, { except: next.except })))
          if (claimed.length > 0) return claimed
        }
        for (const user of next.over.slice(0, concurrency)) {
          const claims = yield* claim(1, { only: user })
          if (claims.length === 0) pauses.idled(user, at)
          claimed.push(...claims)
          if (next._tag === "One" && claimed.length > 0) return claimed
        }
        if (next._tag === "One") return yield* claim(1, { except: next.blocked })
        return [...claimed, ...(yield* claim(batch, { except: next.except }))]
      })

      /** Releases what an interrupted batch has not settled. Whatever was sent is settled already. */
      const release = (claims: ReadonlyArray<Claim>) =>
        Effect.forEach(claims, (claim) => publications.settle(claim, { _tag: "release" }), {
          concurrency,
          discard: true
        })

      const drain = Effect.gen(function* () {
        const total = { published: 0, failed: 0, gone: 0, snoozed: 0 }
        yield* pausing.restore
        if (Option.isNone(yield* pausing.current)) yield* duplicates.audit
        if (Option.isNone(yield* pausing.current)) yield* duplicates.deleteAll
        for (;;) {
          const isProbe = Option.isSome(yield* pausing.current)
          const claims = yield* claimNext
          if (claims.length === 0) return total
          const states = yield* Effect.forEach(claims, (claim) => publish(claim, isProbe), { concurrency }).pipe(
            Effect.onError(() => Effect.ignore(release(claims)))
          )
          yield* settling.takeBack
          for (const state of states) total[state === "pending" ? "snoozed" : state]++
        }
      })

      /** When a publication is due, in milliseconds by this process's clock. */
      const due = Effect.fnUntraced(function* (among: Among) {
        const next = yield* publications.nextDue(among)
        const at = yield* Clock.currentTimeMillis
        return Option.getOrUndefined(Option.map(next, ({ wait }) => at + Duration.toMillis(wait)))
      })

      const nextAt = Effect.gen(function* () {
        const next = pauses.next(yield* Clock.currentTimeMillis)
        const { except } = next
        const { wait } = yield* allowed
        if (next._tag === "Paused") {
          if (!Number.isFinite(next.probesAt)) return earliest(next.endsAt)
          const untried = yield* due({ which: Option.isNone(wait) ? "all" : "fresh", except })
          return earliest(next.endsAt, untried === undefined ? undefined : Math.max(untried, next.probesAt))
        }
        return Option.isNone(wait)
          ? earliest(yield* due({ except }), next.endsAt)
          : earliest(yield* due({ which: "fresh", except }), wait.value.until.epochMilliseconds, next.endsAt)
      })

      return Publisher.of({
        drain: Option.isSome(sink.off)
          ? Effect.succeed({ published: 0, failed: 0, gone: 0, snoozed: 0 })
          : one.withPermit(drain).pipe(Effect.withSpan("Publisher.drain")),
        pause: pausing.current,
        sharedPause: pausing.shared,
        nextAt,
        nextDue: Effect.suspend(() =>
          Effect.map(
            publications.nextDue({ except: pauses.waiting() }),
            Option.map(({ at }) => at)
          )
        ),
        withheld: Effect.map(allowed, ({ wait }) => wait),
        off: sink.off
      })
    })
  )
}

/** The first of several instants, of which some are not known. */
const earliest = (...times: ReadonlyArray<number | undefined>): Option.Option<DateTime.Utc> => {
  const known = times.filter((time): time is number => time !== undefined && Number.isFinite(time))
  return known.length === 0 ? Option.none() : Option.some(DateTime.makeUnsafe(Math.min(...known)))
}
