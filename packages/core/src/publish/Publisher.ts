/**
 * Drains the outbox into the sink: claims the publications that are due, and attempts each.
 *
 * - claiming.ts: which publications come next
 * - batch.ts: several attempts at a time
 * - attempt.ts: one attempt, with reconcile.ts and read.ts
 * - evidence.ts, failures.ts: the scope of a failure
 * - outcome.ts, githubOutcome.ts: the decision after a failure, which settle.ts stores
 * - Pauses.ts, pausing.ts: who waits
 * - duplicates.ts: audits, and the deletion of items that were created twice
 *
 * Guarantees: a graceful stop loses no response, and releases what was not sent. A kill leaves `sent_at` behind, and the
 * next holder of the row runs a lookup before it sends.
 *
 * A backlog leaves half of each budget, GitHub's hour and the sink's day, to new files (see allowance.ts).
 */
import { Clock, Context, type DateTime, Effect, Layer, Option, Semaphore } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { ContentCache } from "../github/ContentCache.ts"
import { Github } from "../github/Github.ts"
import { RequestedFor } from "../limits/evidence.ts"
import { Limits } from "../limits/Limits.ts"
import type { Claim } from "../store/Publications.ts"
import { Store } from "../store/Store.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { allowanceOf } from "./allowance.ts"
import * as Attempt from "./attempt.ts"
import { attemptAll } from "./batch.ts"
import * as Claiming from "./claiming.ts"
import * as Duplicates from "./duplicates.ts"
import { nobody } from "./evidence.ts"
import * as Failures from "./failures.ts"
import * as Pausing from "./pausing.ts"
import { Sink } from "./Sink.ts"
import * as Settling from "./settle.ts"
import type { Pause, SharedPause } from "./sharedPause.ts"

export type { Pause, SharedPause } from "./sharedPause.ts"

/** The result of one drain. */
export interface Drained {
  readonly published: number
  /** Refused, or attempted too often: visible and retryable. */
  readonly failed: number
  /** Deleted on GitHub, or made secret, before they were published. */
  readonly gone: number
  /** Left out by a rule, once the gist was read. */
  readonly skipped: number
  /** Due again later. */
  readonly snoozed: number
}

const nothing: Drained = { published: 0, failed: 0, gone: 0, skipped: 0, snoozed: 0 }

/** Publishes what is pending: each file once, under a lease. */
export class Publisher extends Context.Service<
  Publisher,
  {
    /** Publishes all files that are due, until none is or publishing pauses. One drain at a time: a second call waits. */
    readonly drain: Effect.Effect<Drained, DatabaseError>
    /** Until when and why nothing is sent. */
    readonly pause: Effect.Effect<Option.Option<Pause>>
    /** The pause as every process on the database with the same credentials shows it. */
    readonly sharedPause: Effect.Effect<Option.Option<SharedPause>, DatabaseError>
    /** When the next drain has something to do, as far as is known, by this process's clock. */
    readonly nextAt: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** When the next publication is due, by the database's clock. Users who wait for reasons of their own are left out. */
    readonly nextDue: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** Until when and why a backlog waits although publishing is not paused. */
    readonly backlogHold: Effect.Effect<Option.Option<Pause>>
    /** Why nothing is ever sent. */
    readonly off: Option.Option<string>
    /** What the settings of the sink name and the service does not have. */
    readonly fault: Effect.Effect<Option.Option<string>>
  }
>()("gitpip/Publisher") {
  static readonly layer: Layer.Layer<Publisher, never, Store | Limits | Github | Sink | ContentCache | ScanSpans> =
    Layer.effect(
      Publisher,
      Effect.gen(function* () {
        const { publications } = yield* Store
        const limits = yield* Limits
        const github = yield* Github
        const sink = yield* Sink
        const scanSpans = yield* ScanSpans
        const contents = yield* ContentCache
        const one = yield* Semaphore.make(1)

        const pausing = Pausing.make({ github, limits, sink })
        const { pauses } = pausing
        const settling = Settling.make({ pausing, publications, sink })
        const failures = Failures.make({ github, pausing, settling, sink })
        const attempt = yield* Attempt.make({ contents, failures, github, pausing, publications, settling, sink })
        const duplicates = Duplicates.make({ failures, publications, sink })

        /** The part of both budgets that a backlog may use now. */
        const allowance = Effect.gen(function* () {
          const { budget: requests } = yield* limits.requests
          return allowanceOf(
            { tokens: yield* limits.tokens, price: sink.price, requests },
            yield* Clock.currentTimeMillis
          )
        })
        const claiming = Claiming.make({ allowance, pauses, publications, sink })

        /** Checks what the sink's settings name: without that nothing is sent. */
        const prepare = Effect.catchTag(sink.prepare ?? Effect.void, "SinkError", (error) =>
          failures.ofUpkeep(error, { user: nobody, key: "settings" })
        )

        const publish = (claim: Claim, isProbe: boolean) =>
          Effect.tap(attempt(claim, { isProbe }), (state) =>
            Effect.annotateCurrentSpan(Telemetry.attributes.outcome, state)
          ).pipe(
            Effect.provideService(RequestedFor, { user: `${claim.userKey}`, thing: `${claim.key}` }),
            Telemetry.inSpan("Publisher.publish", () => spanOf(claim, scanSpans))
          )

        const drain = Effect.gen(function* () {
          const total = { ...nothing }
          yield* pausing.restore
          if (Option.isNone(yield* pausing.current)) yield* prepare
          if (Option.isNone(yield* pausing.current)) yield* duplicates.audit
          if (Option.isNone(yield* pausing.current)) yield* duplicates.deleteAll
          for (;;) {
            const isProbe = Option.isSome(yield* pausing.current)
            const claims = yield* claiming.next
            if (claims.length === 0) return total
            const concurrency = yield* claiming.concurrency
            yield* attemptAll(claims, {
              concurrency,
              attempt: (claim) => publish(claim, isProbe),
              more: (held) => claiming.more({ concurrency, held }),
              release: claiming.release,
              onEnd: (state) => total[state === "pending" ? "snoozed" : state]++
            })
            yield* settling.takeBack
          }
        })

        return Publisher.of({
          drain: Option.isSome(sink.off)
            ? Effect.succeed(nothing)
            : one.withPermit(drain).pipe(Effect.withSpan("Publisher.drain")),
          pause: pausing.current,
          sharedPause: pausing.shared,
          nextAt: Claiming.makeNextAt({ allowance, pauses, publications }),
          nextDue: Effect.suspend(() =>
            Effect.map(
              publications.nextDue({ except: pauses.waiting() }),
              Option.map(({ at }) => at)
            )
          ),
          backlogHold: Effect.map(allowance, ({ wait }) => wait),
          off: sink.off,
          fault: sink.fault ?? Effect.succeedNone
        })
      })
    )
}

/** The span of an attempt points back to the span of the scan which found the file. */
const spanOf = (claim: Claim, scanSpans: ScanSpans["Service"]) => ({
  attributes: {
    [Telemetry.attributes.scan]: claim.scanKey,
    [Telemetry.attributes.user]: claim.username,
    [Telemetry.attributes.publication]: claim.key,
    [Telemetry.attributes.file]: claim.htmlUrl
  },
  links: Option.toArray(Option.map(scanSpans.find(claim.scanKey), (span) => ({ span, attributes: {} })))
})
