/**
 * Drains the outbox into the sink: claim, look if something of unknown fate may be there, read, send, record.
 *
 * Whose trouble a failure is: publish/evidence.ts. What becomes of the file: publish/outcome.ts. Who waits: publish/Pause.ts.
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
  Semaphore
} from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import { ContentCache } from "../github/ContentCache.ts"
import { Github, type GithubError } from "../github/Github.ts"
import { RequestedFor, type Requester } from "../net/limitEvidence.ts"
import type { Among, Claim, Setback } from "../store/Publications.ts"
import { Store } from "../store/Store.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import { allowance } from "./allowance.ts"
import type { Failure, Verdict } from "./evidence.ts"
import {
  afterGithubError,
  afterSinkError,
  type Block,
  beforeResend,
  contentInPlaceOf,
  contentLater,
  type Decision,
  type Due,
  isEvidence,
  isExhausted,
  missing,
  notThereYet,
  type Outcome,
  type Step,
  sendsContent,
  signatureOf
} from "./outcome.ts"
import type { Pause, Service, SharedPause } from "./Pause.ts"
import * as Pauses from "./Pause.ts"
import { type Delivery, Sink, type SinkError } from "./Sink.ts"

export type { Pause, SharedPause } from "./Pause.ts"

import * as Telemetry from "../telemetry/Telemetry.ts"

/** What one drain did. */
export interface Drained {
  readonly published: number
  /** Refused, or tried too often: visible and retryable. */
  readonly failed: number
  /** Deleted on GitHub before they could be read. */
  readonly gone: number
  /** Put off: due again later. */
  readonly snoozed: number
}

/** How many publications are worked on at a time. */
const concurrency = 12

/** Claimed at once: enough to keep everybody busy, few enough to be done well within the lease. */
const batch = concurrency * 2

/** Refusals that are remembered, in case everybody is refused alike. */
const refusedCapacity = 100

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
    /** The same, as any process on the database with the same credentials knows it. */
    readonly sharedPause: Effect.Effect<Option.Option<SharedPause>, DatabaseError>
    /** When there will be something to do again, as far as is known. */
    readonly nextAt: Effect.Effect<Option.Option<DateTime.Utc>, DatabaseError>
    /** When the next publication is due, without those of users who wait for reasons of their own. */
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
      const { publications, limits } = yield* Store
      const github = yield* Github
      const sink = yield* Sink
      const kept = yield* ContentCache
      const scanSpans = yield* ScanSpans
      const pauses = Pauses.make()
      /** Deals that were given up for another since their user's last success. */
      const replaced = new Map<number, string>()
      /** Failed as refused, since the last success. When everybody is refused alike, it was not their fault. */
      let refused: ReadonlyArray<{ readonly key: number; readonly signature: string }> = []
      /** Those of them that everybody's trouble made fail: they are taken back when the batch is stored. */
      let wronglyFailed: typeof refused = []
      /** Services whose refusal is stored, by this process or by another one. */
      const refusing = new Set<Service>()
      /** When the refusal of a service was last tried, in epoch milliseconds. */
      const probedAt: Record<Service, number> = { github: Number.NEGATIVE_INFINITY, sink: Number.NEGATIVE_INFINITY }
      const one = yield* Semaphore.make(1)
      const large = yield* Semaphore.make(1)

      /** Files of one gist are claimed next to each other: they share one read. */
      const gists = yield* Cache.makeWith(github.contents, {
        capacity: 16,
        timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
      })

      const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

      const block = Effect.fnUntraced(function* (
        made: Block,
        { service, signature, user }: { readonly service: Service; readonly signature?: string; readonly user: number }
      ) {
        const at = yield* now
        const begun = pauses.block(made, { service, user }, at.getTime())
        if (made.scope === "service" && made.cause === "suspicion") {
          wronglyFailed = [...wronglyFailed, ...refused.filter((one) => one.signature === signature)]
          refused = refused.filter((one) => one.signature !== signature)
        }
        if (begun === undefined) return
        yield* Telemetry.log("Warn", "publisher.paused", {
          until: DateTime.formatIso(begun.until),
          detail: begun.message
        })
        const shared = Pauses.sharedAs(made.cause, begun.until.epochMilliseconds - at.getTime())
        if (shared === "limit") yield* limits.close(limitKeyOf(service), begun.until, begun.message, at)
        if (shared !== "refusal") return
        refusing.add(service)
        probedAt[service] = at.getTime()
        yield* limits.refuse(limitKeyOf(service), begun, at)
      })

      const limitKeyOf = (service: Service) => (service === "sink" ? sink.limitKey : github.limitKey)

      /** Something succeeded at the service. */
      const accepted = Effect.fnUntraced(function* (service: Service) {
        if (!refusing.has(service)) return
        yield* limits.accept(limitKeyOf(service))
        refusing.delete(service)
      })

      const currentPause = Effect.map(Clock.currentTimeMillis, (at) => Option.fromUndefinedOr(pauses.current(at)))

      const allowed = Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        const { budget: requests } = yield* github.limits
        const tokens = yield* sink.budget
        return allowance(
          [
            ...Option.toArray(
              Option.map(tokens, ({ left, limit, period, renewsAt }) => ({
                what: "Pipedrive's tokens for the day",
                left,
                limit,
                renewsAt: renewsAt.epochMilliseconds,
                period,
                cost: sink.price?.perFile ?? Timing.createCost
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
          ],
          at
        )
      })

      const dueAt = Effect.fnUntraced(function* (due: Due) {
        const at = yield* Clock.currentTimeMillis
        switch (due._tag) {
          case "Now":
          case "Growing":
            return new Date(at)
          case "After":
            return new Date(at + Duration.toMillis(due.wait))
          case "At":
            return new Date(Math.min(due.instant.epochMilliseconds, at + Duration.toMillis(due.atMost)))
          case "Backoff": {
            const wait = Timing.jittered(Timing.publicationRetryDelay(due.failures), yield* Random.next)
            const told = Math.min((due.notBefore?.epochMilliseconds ?? at) - at, Duration.toMillis(Timing.maxPutOff))
            return new Date(at + Math.max(Duration.toMillis(wait), Duration.toMillis(due.atLeast), told))
          }
        }
      })

      /** The one place where the outcome of an attempt is stored. */
      const settle = Effect.fnUntraced(function* (claim: Claim, outcome: Outcome) {
        if (outcome._tag === "published") {
          const { how, remoteId } = outcome
          pauses.succeeded("sink", thingOf(claim))
          refused = []
          const won = yield* publications.published(claim, outcome, yield* now)
          yield* accepted("sink")
          yield* Metric.update(Telemetry.attempts(won ? how : "duplicate"), 1)
          yield* Telemetry.log("Info", won ? "publication.published" : "publication.duplicate", {
            publication: claim.key,
            file: claim.htmlUrl,
            remote_id: remoteId,
            outcome: how
          })
          return "published" as const
        }
        const setback = yield* setbackOf(claim, outcome)
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

      const setbackOf = Effect.fnUntraced(function* (
        claim: Claim,
        outcome: Exclude<Outcome, { readonly _tag: "published" }>
      ): Effect.fn.Return<Setback> {
        const { _tag, message, reason } = outcome
        const due: Due = "due" in outcome ? outcome.due : { _tag: "Now" }
        const isUncertain = "isUncertain" in outcome ? outcome.isUncertain : _tag === "release" && claim.sentAt !== null
        const setback = { reason, message, uncertain: isUncertain, dueAt: yield* dueAt(due) }
        switch (_tag) {
          case "retry":
            return {
              ...setback,
              state: "pending",
              counts: outcome.counts ? "try" : "outage",
              // It keeps no place at the head of the queue.
              isLast: due._tag === "Backoff" && due.failures > 1
            }
          case "snooze":
          case "release":
            return { ...setback, state: "pending", counts: "nothing" }
          case "fail":
            return { ...setback, state: "failed", counts: "try" }
          case "discard":
            return { ...setback, state: "gone", counts: "try" }
        }
      })

      const decide = Effect.fnUntraced(function* (
        claim: Claim,
        { service, signature }: { readonly service: Service; readonly signature: string },
        { block: made, outcome }: Decision
      ) {
        if (outcome._tag === "fail" && !outcome.isUncertain) {
          refused = [...refused, { key: claim.key, signature }].slice(-refusedCapacity)
        }
        const state = yield* settle(claim, outcome)
        if (made !== undefined) yield* block(made, { service, signature, user: claim.userKey })
        return state
      })

      /** Whose failure it is. While nothing else tells, a cheap read does. */
      const judge = Effect.fnUntraced(function* (
        service: Service,
        failed: Omit<Failure, "at">,
        probe: Effect.Effect<unknown, unknown> | undefined
      ) {
        const failure = { ...failed, at: yield* Clock.currentTimeMillis }
        const verdict = pauses.failed(service, failure)
        if (verdict.isProven || !verdict.isAlone || probe === undefined) return verdict
        if (Exit.isFailure(yield* Effect.exit(probe))) return verdict
        pauses.proved(service, failure.thing)
        return { ...verdict, isProven: true }
      })

      const onGithubError = Effect.fnUntraced(function* (claim: Claim, error: GithubError) {
        const signature = signatureOf(error)
        // A refusal is final, so the proof comes before it; whatever may pass is tried once more without.
        const isFinal = error.reason._tag === "Blocked"
        // The user's other files are not asked for one after the other.
        const isLimit = error.reason._tag === "RateLimited"
        const verdict = isEvidence(error)
          ? yield* judge(
              "github",
              { thing: { user: claim.userKey, key: claim.gistId }, signature, isUserWide: isLimit },
              (isFinal || claim.errorReason !== null) && error.reason._tag !== "RateLimited" ? github.check : undefined
            )
          : noVerdict
        return yield* decide(claim, { service: "github", signature }, afterGithubError(claim, error, verdict))
      })

      const onSinkError = Effect.fnUntraced(function* (
        claim: Claim,
        error: SinkError,
        { step, target }: { readonly step: Step; readonly target?: string }
      ) {
        const { _tag } = error.reason
        const signature = signatureOf(error)
        const user = claim.userKey
        if (_tag === "TargetGone" && target !== undefined && (replaced.get(user) ?? target) === target) {
          // One that takes its place and is gone as well was not the fault of the first one.
          replaced.set(user, target)
          yield* Effect.ignore(sink.forget(claim, target))
        } else if (_tag !== "Paused" && _tag !== "NotYet") {
          const isOfDeal = step === "target" || _tag === "TargetGone"
          const isLimit = _tag === "ItemLimited"
          const verdict = yield* judge(
            "sink",
            {
              thing: { user, key: isOfDeal ? `deal of ${user}` : String(claim.key) },
              signature,
              // The user's other files are not sent one after the other against a limit.
              isUserWide: isOfDeal || isLimit
            },
            // A read may fit into a limit that leaves no room for more.
            claim.errorReason === null || isLimit ? undefined : sink.probe
          )
          return yield* decide(claim, { service: "sink", signature }, afterSinkError(claim, error, { step, verdict }))
        }
        return yield* decide(
          claim,
          { service: "sink", signature },
          afterSinkError(claim, error, { step, verdict: noVerdict })
        )
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
        const thing = { user: claim.userKey, key: claim.gistId }
        const asked = Cache.get(gists, claim.gistId)
        // The gist's own answer alone says whether it is public. Large ones are read one at a time, for memory's sake.
        const gist = yield* claim.gistSize > wholeGist ? large.withPermit(asked) : asked
        pauses.succeeded("github", thing)
        // When the database does not take it, the next answer tries again.
        yield* Effect.ignore(accepted("github"))
        const found = yield* github.contentOf(gist, { filename: claim.filename, maxBytes: rawBytes }).pipe(
          Effect.catchTag("GithubError", (error) => {
            const omitted = contentInPlaceOf(claim, error, { isWhole: false })
            return omitted === undefined ? Effect.fail(error) : Effect.succeed(Option.some(omitted))
          })
        )
        // Kept from before the file was added, perhaps: the next try reads anew.
        if (Option.isNone(found)) yield* Cache.invalidate(gists, claim.gistId)
        return Option.map(found, (content) => ({
          content,
          description: gist.description,
          // A batch does not tell it.
          type: type ?? gist.types.get(claim.filename) ?? null
        }))
      })

      /** A sink that makes one thing by several requests may have been cut off between them. */
      const finish = Effect.fnUntraced(function* (claim: Claim, remoteId: string) {
        if (sink.finish === undefined)
          return yield* settle(claim, { _tag: "published", remoteId, how: "adopted", remark: null })
        const contents = yield* Effect.result(read(claim))
        if (contents._tag === "Failure" && contents.failure.isGlobal) {
          return yield* settle(claim, contentLater(contents.failure.message))
        }
        const found = contents._tag === "Success" ? contents.success : Option.none()
        const finished = yield* Effect.result(
          sink.finish(
            remoteId,
            claim,
            Option.match(found, {
              onNone: () => ({ _tag: "Omitted", why: "GitHub does not show it any more" }),
              onSome: ({ content }) => contentFor(claim, content)
            })
          )
        )
        if (finished._tag === "Success") {
          const { remark = null } = finished.success
          return yield* settle(claim, { _tag: "published", how: "adopted", remoteId, remark })
        }
        const { message, reason } = finished.failure
        return reason._tag !== "Paused" && isExhausted(claim)
          ? yield* settle(claim, { _tag: "published", how: "adopted", remoteId, remark: `Not complete: ${message}` })
          : yield* onSinkError(claim, finished.failure, { step: "lookup" })
      })

      const publishOne = Effect.fnUntraced(function* (claimed: Claim, isProbe: boolean) {
        let claim = claimed
        const at = yield* Clock.currentTimeMillis
        const pause = pauses.current(at)
        if (pause !== undefined && !isProbe) {
          return yield* settle(claim, { _tag: "release", reason: "Paused", message: pause.message })
        }
        if (pauses.isBlocked(claim.userKey, at)) {
          const message = claim.errorMessage ?? "The last files of this user failed, one after the other"
          return yield* settle(claim, { _tag: "release", reason: claim.errorReason ?? "Paused", message })
        }

        let delivery: Delivery = claim
        if (rules.lookupBeforeResend && claim.sentAt !== null && claim.target !== null) {
          // Something may be there. Only what Pipedrive shows decides.
          const found = yield* Effect.result(sink.find(claim.target, delivery, claim.sentAt))
          if (found._tag === "Failure") {
            // The deal itself is no more, and what hung on it with it: there is nothing to find.
            if (found.failure.reason._tag !== "TargetGone") {
              return yield* onSinkError(claim, found.failure, { step: "lookup" })
            }
          } else {
            const [first, ...doubles] = found.success
            if (first !== undefined) {
              yield* publications.addDuplicates(claim, doubles, yield* now)
              return yield* finish(claim, first)
            }
            const early = Duration.toMillis(Timing.certainDelay) - Math.max(claim.sentAgo ?? 0, 0) * 1_000
            if (early > 0) return yield* settle(claim, notThereYet(Duration.millis(early)))
          }
          yield* publications.absent(claim)
          // Whatever comes now, nothing is there to be looked for.
          claim = { ...claim, sentAt: null }
          const given = beforeResend(claim)
          if (given !== undefined) return yield* settle(claim, given)
        }

        const contents = yield* Effect.result(read(claim))
        if (contents._tag === "Failure") return yield* onGithubError(claim, contents.failure)
        if (Option.isNone(contents.success)) {
          return yield* settle(claim, missing(claim, "FileNotFound", "FileGone", "The gist no longer has this file"))
        }
        const { description, type } = contents.success.value
        const content = contentFor(claim, contents.success.value.content)
        delivery = { ...delivery, description, type }

        const target = yield* Effect.result(sink.target(delivery))
        if (target._tag === "Failure") return yield* onSinkError(claim, target.failure, { step: "target" })

        // Right before the request, behind every wait: a process that was paused past its lease must not send.
        const begin = Effect.catch(publications.beginSend(claim, target.success), () => Effect.succeed(false))
        return yield* Effect.uninterruptible(
          Effect.gen(function* () {
            const sent = yield* Effect.result(sink.create(target.success, delivery, content, begin))
            if (sent._tag === "Failure") {
              return yield* onSinkError(claim, sent.failure, { step: "create", target: target.success })
            }
            const { remoteId, remark = null } = sent.success
            replaced.delete(claim.userKey)
            return yield* settle(claim, { _tag: "published", how: "published", remoteId, remark })
          })
        )
      })

      /** Its span points back to the scan that found the file. */
      const publish = (claim: Claim, isProbe: boolean) =>
        Effect.tap(publishOne(claim, isProbe), (state) =>
          Effect.annotateCurrentSpan(Telemetry.attributes.outcome, state)
        ).pipe(
          Effect.provideService(RequestedFor, requester(claim)),
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
            const found = yield* sink
              .find(due.target, due, due.resentSince)
              .pipe(Effect.provideService(RequestedFor, requester(due)), Effect.result)
            if (found._tag === "Failure") {
              const { reason } = found.failure
              if (reason._tag === "Paused") {
                const { block: made } = afterSinkError({ attempts: 0, errorReason: null }, found.failure, {
                  step: "lookup",
                  verdict: noVerdict
                })
                if (made !== undefined) yield* block(made, { service: "sink", user: due.userKey })
                return
              }
              if (reason._tag !== "TargetGone") return
            }
            const present = found._tag === "Success" ? found.success : []
            // Without the one on record a person has tidied up, and what is there is theirs to keep.
            const doubles = present.includes(due.remoteId)
              ? present.filter((remoteId) => remoteId !== due.remoteId)
              : []
            yield* publications.audited(due, doubles, yield* now)
          }
          if (audits.length === 0) return
        }
      })

      const retract = Effect.gen(function* () {
        for (const remoteId of yield* publications.duplicates) {
          const by = { user: remoteId, thing: remoteId }
          const deleted = yield* sink.retract(remoteId).pipe(Effect.provideService(RequestedFor, by), Effect.result)
          if (deleted._tag === "Failure") {
            const { _tag } = deleted.failure.reason
            // One that is refused is no reason to leave the others.
            if (_tag === "ItemRefused" || _tag === "ItemLimited" || _tag === "Forbidden") continue
            if (_tag !== "TargetGone") return
          }
          yield* publications.duplicateDeleted(remoteId)
        }
      })

      /** How each service answers a cheap read. */
      const probe: Record<Service, Effect.Effect<Probed>> = {
        sink: Effect.map(Effect.result(sink.probe ?? Effect.void), (probed) =>
          probed._tag === "Success"
            ? { isAccepted: true }
            : afterSinkError(nothingTried, probed.failure, { step: "create", verdict: unproven })
        ),
        github: Effect.map(Effect.result(github.check), (probed) =>
          probed._tag === "Success" ? { isAccepted: true } : afterGithubError(nothingTried, probed.failure, unproven)
        )
      }

      /** What other processes, or an earlier one, were told. */
      const restore = Effect.gen(function* () {
        const at = yield* now
        const stored = yield* limits.known([sink.limitKey, github.limitKey], at)
        for (const [service, { limit }] of pairs(stored)) {
          if (limit === undefined) continue
          yield* (service === "sink" ? sink : github).close(limit.until, limit.message)
          const until: Due = { _tag: "At", instant: limit.until, atMost: Timing.maxClosure }
          yield* block({ scope: "service", until, message: limit.message, cause: "restored" }, { service, user: 0 })
        }
        for (const [service, { refusal }] of pairs(stored)) {
          if (refusal !== undefined) yield* restoreRefusal(service)
        }
      })

      /** A stored refusal is neither forgotten nor obeyed: a cheap probe decides. */
      const restoreRefusal = Effect.fnUntraced(function* (service: Service) {
        refusing.add(service)
        const at = yield* Clock.currentTimeMillis
        const isProbed = at < probedAt[service] + Duration.toMillis(Timing.credentialDelay)
        if (isProbed || pauses.current(at) !== undefined) return
        probedAt[service] = at
        const probed = yield* probe[service]
        if (probed.isAccepted) yield* accepted(service)
        if (probed.block !== undefined) yield* block(probed.block, { service, user: 0 })
      })

      const sharedPause = Effect.gen(function* () {
        const stored = yield* limits.known([sink.limitKey, github.limitKey], yield* now)
        const own = pauses.current(yield* Clock.currentTimeMillis)
        return Option.fromUndefinedOr(
          Pauses.sharedPause(
            pairs(stored).map(([service, known]) => ({ ...known, own: own?.service === service ? own : undefined }))
          )
        )
      })

      /** What is tried next: while nothing is wrong as much as a batch holds, after trouble one file at a time. */
      const claimNext = Effect.gen(function* () {
        const at = yield* now
        const turn = pauses.turn(at.getTime())
        if (turn._tag === "Nobody") return []
        const { files } = yield* allowed
        const which = files > 0 ? "all" : "fresh"
        const claim = (limit: number, among: Among) =>
          publications.claim(files > 0 ? Math.min(limit, files) : limit, Timing.publicationLease, at, {
            which,
            ...among
          })
        if (turn._tag === "Probe") return yield* claim(1, { except: turn.except })
        const tried: Array<Claim> = []
        if (turn._tag === "One") {
          tried.push(...(yield* claim(1, { except: turn.except })))
          if (tried.length > 0) return tried
        }
        for (const user of turn.over.slice(0, concurrency)) {
          const claims = yield* claim(1, { only: user })
          if (claims.length === 0) pauses.idled(user, at.getTime())
          tried.push(...claims)
          if (turn._tag === "One" && tried.length > 0) return tried
        }
        if (turn._tag === "One") return yield* claim(1, { except: turn.blocked })
        return [...tried, ...(yield* claim(batch, { except: turn.except }))]
      })

      const drain = Effect.gen(function* () {
        const total = { published: 0, failed: 0, gone: 0, snoozed: 0 }
        yield* restore
        if (Option.isNone(yield* currentPause)) yield* audit
        if (Option.isNone(yield* currentPause)) yield* retract
        for (;;) {
          const isProbe = Option.isSome(yield* currentPause)
          const claims = yield* claimNext
          if (claims.length === 0) break
          const states = yield* Effect.forEach(claims, (claim) => publish(claim, isProbe), { concurrency }).pipe(
            // Cut off: whatever has not ended is handed back as it was. What was sent has been recorded.
            Effect.onError(() => Effect.ignore(Effect.flatMap(now, (at) => publications.release(claims, at))))
          )
          if (wronglyFailed.length > 0) {
            yield* publications.takeBack(
              wronglyFailed.map(({ key }) => key),
              yield* now
            )
            wronglyFailed = []
          }
          for (const state of states) {
            total[state === "pending" ? "snoozed" : state]++
          }
        }
        return total
      })

      return Publisher.of({
        drain: Option.isSome(sink.off)
          ? Effect.succeed({ published: 0, failed: 0, gone: 0, snoozed: 0 })
          : one.withPermit(drain).pipe(Effect.withSpan("Publisher.drain")),
        pause: currentPause,
        sharedPause,
        nextAt: Effect.gen(function* () {
          const at = yield* Clock.currentTimeMillis
          const next = pauses.next(at)
          const earliest = (...times: ReadonlyArray<number | undefined>) => {
            const known = times.filter((time) => time !== undefined && Number.isFinite(time)) as ReadonlyArray<number>
            return known.length === 0 ? Option.none() : Option.some(DateTime.makeUnsafe(Math.min(...known)))
          }
          const due = (among: Among) =>
            Effect.map(publications.nextDue(among), (found) =>
              Option.getOrUndefined(Option.map(found, ({ epochMilliseconds }) => epochMilliseconds))
            )
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
        }),
        nextDue: Effect.suspend(() => publications.nextDue({ except: pauses.waiting() })),
        withheld: Effect.map(allowed, ({ wait }) => wait),
        off: sink.off
      })
    })
  )
}

/** For errors that say themselves whose they are. */
const noVerdict: Verdict = { scope: "thing", isProven: true, failures: 1, userFailures: 1, isAlone: false }

/** For a read of no thing in particular. */
const unproven: Verdict = { ...noVerdict, isProven: false }
const nothingTried = { attempts: 0, errorReason: null }

interface Probed {
  readonly isAccepted?: true
  readonly block?: Block
}

/** In the order in which the keys were asked for. */
const pairs = <A>([ofSink, ofGithub]: ReadonlyArray<A>): ReadonlyArray<readonly [Service, A]> => [
  ...(ofSink === undefined ? [] : [["sink", ofSink] as const]),
  ...(ofGithub === undefined ? [] : [["github", ofGithub] as const])
]

const requester = ({ key, userKey }: { readonly key: number; readonly userKey: number }): Requester => ({
  user: `${userKey}`,
  thing: `${key}`
})

const thingOf = (claim: Claim) => ({ user: claim.userKey, key: String(claim.key) })

const contentFor = (claim: Claim, content: Content): Content => (sendsContent(claim) ? content : contentRefused)
