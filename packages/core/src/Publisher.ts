/**
 * Drains the outbox into the sink: claim, look if something of unknown fate may be there, read, send, record.
 *
 * Guarantees: whatever ends a try, the row says truthfully whether something may have been created. The request and the
 * recording of its outcome cannot be interrupted, so a graceful stop loses no answer; a kill leaves `sent_at` behind,
 * and the next holder of the row looks before it sends. A look that finds nothing is believed only after
 * `Timing.certainDelay`, and a file that was sent again is looked for once more later, so that even what shows up after
 * all that is deleted.
 *
 * A backlog leaves half of each budget, GitHub's hour and the sink's day, to new files (see `Timing.reserve`).
 */
import {
  Cache,
  Clock,
  Context,
  DateTime,
  Duration,
  Effect,
  Exit,
  Layer,
  Metric,
  Option,
  Random,
  Ref,
  Semaphore
} from "effect"
import type { DatabaseError } from "./Database.ts"
import type { Content } from "./domain/GistFile.ts"
import * as Timing from "./domain/Timing.ts"
import { Github, type GithubError } from "./Github.ts"
import { Contents } from "./internal/Contents.ts"
import { ScanSpans } from "./internal/ScanSpans.ts"
import { Repository } from "./Repository.ts"
import type { Claim, Setback } from "./repository/Publications.ts"
import { type Delivery, type Paused, Sink, type SinkError } from "./Sink.ts"
import * as Telemetry from "./Telemetry.ts"

/** Nothing is sent before `until`. */
export interface Pause {
  readonly until: DateTime.Utc
  readonly message: string
}

/** What one drain did. */
export interface Drained {
  readonly published: number
  /** Refused, or tried too often: visible and retryable. */
  readonly failed: number
  /** Deleted on GitHub before they could be read. */
  readonly gone: number
  /** Put off: due again later. */
  readonly postponed: number
}

/** How many publications are worked on at a time. */
export const concurrency = 12

/** Claimed at once: enough to keep everybody busy, few enough to be done well within the lease. */
const batch = concurrency * 2

/** So many troubles in a row are an outage, not one file's bad luck. */
const outage = 3

/** A gist of more bytes is large: the answer for it may be as long. */
const wholeGist = 4 * 1024 * 1024

/** As much of a file as can fit into a note, escaped or not. */
const rawBytes = 128 * 1024

export class Publisher extends Context.Service<
  Publisher,
  {
    /** Publishes whatever is due, until nothing is or the sink pauses. One at a time: a second call waits. */
    readonly drain: Effect.Effect<Drained, DatabaseError>
    /** Since when and why nothing is sent. */
    readonly pause: Effect.Effect<Option.Option<Pause>>
    /** When there will be something to do again, as far as is known. */
    readonly nextAt: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** Why a backlog waits although there is no pause. */
    readonly withheld: Effect.Effect<Option.Option<Pause>>
    /** Why nothing is ever sent. */
    readonly off: Option.Option<string>
  }
>()("gitpip/Publisher") {
  static readonly layer: Layer.Layer<Publisher, never, Repository | Github | Sink | Contents | ScanSpans> =
    Layer.effect(
      Publisher,
      Effect.gen(function* () {
        const { publications, doors } = yield* Repository
        const github = yield* Github
        const sink = yield* Sink
        const kept = yield* Contents
        const scanSpans = yield* ScanSpans
        const paused = yield* Ref.make(Option.none<Pause>())
        /** Tries in a row, since the last that succeeded, that ended in a service's trouble rather than a file's. */
        let troubles = 0
        const one = yield* Semaphore.make(1)
        const large = yield* Semaphore.make(1)

        /** Files of one gist are claimed next to each other: they share one read. */
        const gists = yield* Cache.makeWith(github.contents, {
          capacity: 16,
          timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
        })

        const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

        /** `limit`: others must wait as well. `pace`: nothing is wrong, there are others to be left room for. */
        const pauseUntil = Effect.fnUntraced(function* (door: string, pause: Pause, cause: "limit" | "fault" | "pace") {
          const present = yield* Ref.get(paused)
          if (Option.isSome(present) && DateTime.isGreaterThanOrEqualTo(present.value.until, pause.until)) return
          yield* Ref.set(paused, Option.some(pause))
          if (cause !== "pace") troubles = Math.max(troubles, 1)
          yield* Telemetry.log("Warn", "publisher.paused", {
            until: DateTime.formatIso(pause.until),
            detail: pause.message
          })
          if (cause === "limit") yield* doors.close(door, pause.until, pause.message, yield* now)
        })

        const pauseSink = ({ binding, message, until }: Paused) =>
          pauseUntil(sink.door, { until, message }, binding ? "limit" : "fault")

        const currentPause = Effect.gen(function* () {
          const present = yield* Ref.get(paused)
          if (Option.isNone(present)) return present
          if (DateTime.isLessThan(yield* DateTime.now, present.value.until)) return present
          yield* Ref.set(paused, Option.none())
          return Option.none()
        })

        /** How much a backlog may use up of the budget that is shortest, and when there will be more. */
        const spare = Effect.gen(function* () {
          const at = yield* Clock.currentTimeMillis
          const { budget: requests } = yield* github.limits
          const budgets = [
            ...Option.toArray(
              Option.map(yield* sink.budget, ({ left, limit, period, renewsAt }) => ({
                what: "Pipedrive's tokens for the day",
                left,
                limit,
                renewsAt: renewsAt.epochMilliseconds,
                period,
                cost: Timing.createCost
              }))
            ),
            ...(requests === undefined
              ? []
              : [
                  {
                    what: "GitHub's requests for the hour",
                    left: requests.remaining,
                    limit: requests.limit,
                    renewsAt: requests.resetAt,
                    period: Duration.hours(1),
                    cost: 1
                  }
                ])
          ]
          let files = Number.POSITIVE_INFINITY
          let wait = Option.none<Pause>()
          for (const { cost, left, limit, period, renewsAt, what } of budgets) {
            const over = left - Timing.reserve({ limit, renewsAt, period, now: at })
            const affordable = Math.max(Math.floor(over / cost), 0)
            if (affordable >= files) continue
            files = affordable
            // The reserve shrinks by half the limit within a period.
            const until = Math.min(at + ((cost - over) * 2 * Duration.toMillis(period)) / limit, renewsAt)
            const message = `${what} are kept for new files: ${left} of ${limit} are left`
            wait =
              affordable > 0 ? Option.none() : Option.some({ until: DateTime.makeUnsafe(Math.ceil(until)), message })
          }
          return { files, wait }
        })

        /** One more sign of an outage. From the third in a row on, everybody waits: each try may cost a look of 10 tokens. */
        const struggle = Effect.fnUntraced(function* (door: string, message: string) {
          // What was under way when the pause began fails for the same reason: it is no further sign.
          if (Option.isSome(yield* currentPause)) return
          troubles++
          if (troubles < outage) return
          const until = DateTime.addDuration(yield* DateTime.now, Timing.outageDelay(troubles - outage + 1))
          yield* pauseUntil(door, { until, message }, "fault")
        })

        const retryAt = Effect.fnUntraced(function* (claim: Claim) {
          const delay = Timing.jittered(Timing.publicationRetryDelay(claim.attempts), yield* Random.next)
          return new Date((yield* Clock.currentTimeMillis) + Duration.toMillis(delay))
        })

        const setBack = Effect.fnUntraced(function* (claim: Claim, setback: Setback) {
          yield* publications.setBack(claim, setback, yield* now)
          if (setback.counts === "nothing") return setback.state
          yield* Metric.update(Telemetry.attempts(setback.reason), 1)
          yield* Telemetry.log("Warn", "publication.set_back", {
            publication: claim.key,
            file: claim.htmlUrl,
            state: setback.state,
            reason: setback.reason,
            detail: setback.message
          })
          return setback.state
        })

        /** Again later, or failed when it has been tried often enough. */
        const again = Effect.fnUntraced(function* (claim: Claim, reason: string, message: string) {
          const exhausted = claim.attempts >= Timing.maxAttempts
          return yield* setBack(claim, {
            state: exhausted ? "failed" : "pending",
            reason,
            message,
            dueAt: yield* retryAt(claim),
            uncertain: false,
            counts: "try"
          })
        })

        /** Again later, however often: a service does not answer. Nothing of this file was sent unless that is `uncertain`. */
        const waitOut = Effect.fnUntraced(function* (
          claim: Claim,
          door: string,
          reason: string,
          message: string,
          uncertain = false
        ) {
          yield* struggle(door, message)
          const dueAt = yield* retryAt(claim)
          return yield* setBack(claim, { state: "pending", reason, message, dueAt, uncertain, counts: "outage" })
        })

        const ended = Effect.fnUntraced(function* (
          claim: Claim,
          state: "failed" | "gone",
          reason: string,
          message: string
        ) {
          return yield* setBack(claim, { state, reason, message, dueAt: yield* now, uncertain: false, counts: "try" })
        })

        /** Back to its place, untouched, since nothing can be done for anybody. */
        const handBack = (claim: Claim, reason: string, message: string) =>
          Effect.flatMap(now, (dueAt) => putOff(claim, reason, message, dueAt, claim.sentAt !== null))

        /** Not now, for a reason that is no trouble. Does not count as a try. */
        const putOff = (claim: Claim, reason: string, message: string, dueAt: Date, uncertain: boolean) =>
          setBack(claim, { state: "pending", reason, message, dueAt, uncertain, counts: "nothing" })

        /** A gist's own page can lag behind the list: what is missing once is no proof. */
        const missing = Effect.fnUntraced(function* (claim: Claim, once: string, twice: string, message: string) {
          if (claim.errorReason === once) return yield* ended(claim, "gone", twice, message)
          const dueAt = new Date((yield* Clock.currentTimeMillis) + Duration.toMillis(Timing.goneDelay))
          return yield* setBack(claim, {
            state: "pending",
            reason: once,
            message,
            dueAt,
            uncertain: false,
            counts: "try"
          })
        })

        const onGithubError = Effect.fnUntraced(function* (claim: Claim, error: GithubError) {
          const { concernsEverybody, reason, retryAt, scope } = error
          switch (reason._tag) {
            case "GistNotFound":
            case "UserNotFound":
              return yield* missing(claim, "GistNotFound", "GistGone", reason.message)
            case "NotPublic":
              return yield* ended(claim, "gone", reason._tag, reason.message)
            case "Blocked":
              return yield* ended(claim, "failed", reason._tag, reason.message)
            case "RateLimited":
              if (scope === "host") {
                return yield* putOff(claim, reason._tag, reason.message, DateTime.toDate(reason.resumeAt), false)
              }
              yield* pauseUntil(
                github.door,
                { until: reason.resumeAt, message: reason.message },
                reason.binding ? "limit" : "pace"
              )
              return yield* handBack(claim, reason._tag, reason.message)
            case "Unauthorized":
              yield* pauseUntil(
                github.door,
                { until: retryAt ?? (yield* inMinutes(5)), message: reason.message },
                "fault"
              )
              return yield* handBack(claim, reason._tag, reason.message)
            default:
              return concernsEverybody
                ? yield* waitOut(claim, github.door, reason._tag, reason.message)
                : yield* again(claim, reason._tag, reason.message)
          }
        })

        const onSinkError = Effect.fnUntraced(function* (
          claim: Claim,
          delivery: Delivery,
          { reason }: SinkError,
          target: Option.Option<string>
        ) {
          switch (reason._tag) {
            case "ItemRefused":
              return yield* ended(claim, "failed", reason._tag, reason.message)
            case "TargetGone":
              if (Option.isSome(target)) yield* Effect.ignore(sink.forget(delivery, target.value))
              return yield* again(claim, reason._tag, reason.message)
            case "NotSent":
              return yield* again(claim, reason._tag, reason.message)
            case "NotYet": {
              const farthest = DateTime.addDuration(yield* DateTime.now, Timing.longestPutOff)
              const dueAt = DateTime.toDate(DateTime.min(reason.retryAt, farthest))
              return yield* putOff(claim, reason._tag, reason.message, dueAt, false)
            }
            case "SinkOutcomeUnknown": {
              yield* struggle(sink.door, reason.message)
              const dueAt = new Date((yield* Clock.currentTimeMillis) + Duration.toMillis(Timing.settleDelay))
              return yield* setBack(claim, {
                state: "pending",
                reason: "OutcomeUnknown",
                message: reason.message,
                dueAt,
                uncertain: true,
                counts: "outage"
              })
            }
            case "Paused":
              yield* pauseSink(reason)
              return yield* handBack(claim, reason._tag, reason.message)
          }
        })

        const read = Effect.fnUntraced(function* (
          claim: Claim
        ): Effect.fn.Return<
          Option.Option<{ content: Content; description: string | null; type: string | null }>,
          GithubError
        > {
          const { type } = claim
          const cameAlong = yield* kept.take(claim)
          if (Option.isSome(cameAlong)) {
            const { description, text } = cameAlong.value
            return Option.some({ content: { _tag: "Text", text, partial: false }, description, type })
          }
          const asked = Cache.get(gists, claim.gistId)
          // The gist's own answer alone says whether it is public. Large ones are read one at a time, for memory's sake.
          const gist = yield* claim.gistSize > wholeGist ? large.withPermit(asked) : asked
          const found = yield* github.contentOf(gist, { filename: claim.filename, maxBytes: rawBytes })
          // Kept from before the file was added, perhaps: the next try reads anew.
          if (Option.isNone(found)) yield* Cache.invalidate(gists, claim.gistId)
          return Option.map(found, (content) => ({
            content,
            description: gist.description,
            // A batch does not tell it.
            type: type ?? gist.types.get(claim.filename) ?? null
          }))
        })

        const record = Effect.fnUntraced(function* (claim: Claim, receipt: string, outcome: "published" | "adopted") {
          troubles = 0
          const won = yield* publications.published(claim, receipt, outcome, yield* now)
          yield* Metric.update(Telemetry.attempts(won ? outcome : "retracted"), 1)
          yield* Telemetry.log("Info", won ? "publication.published" : "publication.retracted", {
            publication: claim.key,
            file: claim.htmlUrl,
            receipt,
            outcome
          })
          return "published" as const
        })

        const publishOne = Effect.fnUntraced(function* (claimed: Claim) {
          let claim = claimed
          const pause = yield* currentPause
          if (Option.isSome(pause)) return yield* handBack(claim, "Paused", pause.value.message)

          let delivery: Delivery = claim
          if (claim.sentAt !== null && claim.target !== null) {
            // Something may be there. Only what Pipedrive shows decides.
            const found = yield* Effect.result(sink.find(claim.target, delivery, claim.sentAt))
            if (found._tag === "Failure") {
              const { reason } = found.failure
              if (reason._tag === "Paused") return yield* onSinkError(claim, delivery, found.failure, Option.none())
              // The deal itself is no more, and what hung on it with it: there is nothing to find.
              if (reason._tag !== "TargetGone") {
                return yield* waitOut(claim, sink.door, "LookFailed", reason.message, true)
              }
            } else {
              const [first, ...doubles] = found.success
              if (first !== undefined) {
                yield* publications.retract(claim, doubles, yield* now)
                return yield* record(claim, first, "adopted")
              }
              const early = Duration.toMillis(Timing.certainDelay) - Math.max(claim.sentAgo ?? 0, 0) * 1_000
              if (early > 0) {
                const dueAt = new Date((yield* Clock.currentTimeMillis) + early)
                return yield* putOff(claim, "NotThereYet", "It does not show in Pipedrive yet", dueAt, true)
              }
            }
            yield* publications.absent(claim)
            // Whatever comes now, nothing is there to be looked for.
            claim = { ...claim, sentAt: null }
          }

          const contents = yield* Effect.result(read(claim))
          if (contents._tag === "Failure") return yield* onGithubError(claim, contents.failure)
          if (Option.isNone(contents.success)) {
            return yield* missing(claim, "FileNotFound", "FileGone", "The gist no longer has this file")
          }
          const { content, description, type } = contents.success.value
          delivery = { ...delivery, description, type }

          const target = yield* Effect.result(sink.target(delivery))
          if (target._tag === "Failure") {
            const { reason } = target.failure
            // Whatever became of the deal, nothing of this file was sent. A service that does not answer is no fault of the
            // file's, however often that happens.
            return reason._tag === "SinkOutcomeUnknown"
              ? yield* waitOut(claim, sink.door, "DealUnknown", reason.message)
              : yield* onSinkError(claim, delivery, target.failure, Option.none())
          }

          // Right before the request, behind every wait: a process that was paused past its lease must not send.
          const begin = Effect.catch(publications.beginSend(claim, target.success), () => Effect.succeed(false))
          return yield* Effect.uninterruptible(
            Effect.gen(function* () {
              const sent = yield* Effect.result(sink.create(target.success, delivery, content, begin))
              return sent._tag === "Success"
                ? yield* record(claim, sent.success, "published")
                : yield* onSinkError(claim, delivery, sent.failure, Option.some(target.success))
            })
          )
        })

        /** Its span points back to the scan that found the file. */
        const publish = (claim: Claim) =>
          Effect.tap(publishOne(claim), (state) =>
            Effect.annotateCurrentSpan(Telemetry.attributes.outcome, state)
          ).pipe(
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

        /** What was sent again is looked for once more: a first activity may have shown up after all. */
        const audit = Effect.gen(function* () {
          for (;;) {
            const audits = yield* publications.audits(10, yield* now)
            for (const due of audits) {
              const found = yield* Effect.result(sink.find(due.target, due, due.resentSince))
              if (found._tag === "Failure") {
                const { reason } = found.failure
                if (reason._tag === "Paused") {
                  return yield* pauseSink(reason)
                }
                if (reason._tag !== "TargetGone") return
              }
              const present = found._tag === "Success" ? found.success : []
              // Without the one on record a person has tidied up, and what is there is theirs to keep.
              const doubles = present.includes(due.receipt) ? present.filter((receipt) => receipt !== due.receipt) : []
              yield* publications.audited(due, doubles, yield* now)
            }
            if (audits.length === 0) return
          }
        })

        const retract = Effect.gen(function* () {
          for (const receipt of yield* publications.retractions) {
            const deleted = yield* Effect.result(sink.retract(receipt))
            if (deleted._tag === "Failure") {
              const { _tag } = deleted.failure.reason
              // One that is refused is no reason to leave the others.
              if (_tag === "ItemRefused") continue
              if (_tag !== "TargetGone") return
            }
            yield* publications.retracted(receipt)
          }
        })

        /** What an earlier process was told to wait for. */
        const recall = Effect.gen(function* () {
          const at = yield* now
          for (const [door, service] of [[sink.door, sink] as const, [github.door, github] as const]) {
            const closed = yield* doors.closed(door, at)
            if (Option.isNone(closed)) continue
            yield* service.close(closed.value.closedUntil, closed.value.message)
            yield* pauseUntil(door, { until: closed.value.closedUntil, message: closed.value.message }, "fault")
          }
        })

        const drain = Effect.gen(function* () {
          const total = { published: 0, failed: 0, gone: 0, postponed: 0 }
          yield* recall
          if (Option.isNone(yield* currentPause)) yield* audit
          if (Option.isNone(yield* currentPause)) yield* retract
          while (Option.isNone(yield* currentPause)) {
            const { files } = yield* spare
            // After trouble, one request at a time tries the door until something succeeds again.
            const limit = troubles === 0 ? batch : 1
            const claims =
              files > 0
                ? yield* publications.claim(Math.min(limit, files), Timing.publicationLease, yield* now)
                : yield* publications.claim(limit, Timing.publicationLease, yield* now, "fresh")
            if (claims.length === 0) break
            const states = yield* Effect.forEach(claims, publish, { concurrency }).pipe(
              // Cut off: whatever has not ended is handed back as it was. What was sent has been recorded.
              Effect.onError(() => Effect.ignore(Effect.flatMap(now, (at) => publications.release(claims, at))))
            )
            for (const state of states) {
              total[state === "pending" ? "postponed" : state]++
            }
          }
          return total
        })

        return Publisher.of({
          drain: Option.isSome(sink.off)
            ? Effect.succeed({ published: 0, failed: 0, gone: 0, postponed: 0 })
            : one.withPermit(drain).pipe(Effect.withSpan("Publisher.drain")),
          pause: currentPause,
          nextAt: Effect.gen(function* () {
            const pause = yield* currentPause
            if (Option.isSome(pause)) return Option.some(pause.value.until)
            const { wait } = yield* spare
            if (Option.isNone(wait)) return yield* publications.nextDue("all")
            const fresh = yield* publications.nextDue("fresh")
            return Option.some(
              Option.match(fresh, {
                onNone: () => wait.value.until,
                onSome: (due) => DateTime.min(due, wait.value.until)
              })
            )
          }),
          withheld: Effect.map(spare, ({ wait }) => wait),
          off: sink.off
        })
      })
    )
}

const inMinutes = (minutes: number) =>
  Effect.map(DateTime.now, (now) => DateTime.addDuration(now, Duration.minutes(minutes)))
