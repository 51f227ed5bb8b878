/**
 * One exchange with Pipedrive: behind the throttle, with the token, and with what the response proves noted.
 *
 * Guarantees: the token travels in a header and to the configured origin only; no redirect is followed; no request is
 * repeated. Pipedrive has no idempotency key, so only the caller, who can run a lookup first, may try again.
 */
import { Clock, DateTime, Duration, Effect, Option, Redacted, Schema } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import * as Timing from "../domain/Timing.ts"
import { type Answer, type ExchangeError, exchange, json } from "../net/exchange.ts"
import * as LimitEvidence from "../net/limitEvidence.ts"
import { RequestedFor, type Requester } from "../net/limitEvidence.ts"
import type { Quotas } from "../net/SharedQuota.ts"
import * as Throttle from "../net/Throttle.ts"
import type { PipedriveSettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { classify, isSpent, unreadable } from "./classify.ts"
import {
  BudgetSpent,
  BurstLimited,
  ItemLimited,
  OutcomeUnknown,
  PipedriveError,
  Unreachable,
  Withdrawn
} from "./errors.ts"
import { type DayBudget, dayBudgetOf, growingWait, maxBurst, searchWindow, windowOf } from "./limits.ts"
import { WireSuccess } from "./wire.ts"

/** Runs right before the request leaves, behind every wait. With `false` the request does not leave. */
export type Begin = Effect.Effect<boolean>

/** How a call is made. */
export interface CallOptions {
  /** The price in tokens of the company's day. */
  readonly cost: number
  readonly begin?: Begin | undefined
  /** Searches have a window of their own. */
  readonly isSearch?: boolean
  readonly maxBytes?: number
  readonly timeout?: Duration.Duration
  /** How long a refusal of this call pauses all calls, at most. When it is shorter than `maxBurst`, its limits are not believed. */
  readonly maxPause?: Duration.Duration
}

/** Fewer than the burst of the smallest plan (20 in two seconds), so that the first responses report the true one. */
const concurrency = 12
const patience = Duration.seconds(15)

/** One item: its note has 100 KB at most, and JSON writes no character with more than six. */
const maxItemBytes = 1024 * 1024

const durations = Telemetry.requestsTo("pipedrive")

const fail = (reason: PipedriveError["reason"]) => Effect.fail(new PipedriveError({ reason }))

const itemLimited = (message: string, until: number) =>
  new ItemLimited({ message, resumeAt: DateTime.makeUnsafe(until) })

export const make = ({
  client,
  limitKey,
  quotas,
  settings
}: {
  readonly client: HttpClient.HttpClient
  readonly limitKey: string
  readonly quotas: Quotas
  readonly settings: PipedriveSettings
}) => {
  const throttle = Throttle.make({ concurrency, patience, quota: quotas.quota(limitKey) })
  const searchThrottle = Throttle.make({
    concurrency: searchWindow.limit,
    patience,
    quota: quotas.quota(`${limitKey}:searches`)
  })
  searchThrottle.setWindow(searchWindow)
  let budget: DayBudget | undefined
  let evidence = LimitEvidence.none
  /** 429s in a row that may be global: how many, when the last one came, and the price of the cheapest call among them. */
  let refusals = { times: 0, at: Number.NEGATIVE_INFINITY, cost: Number.POSITIVE_INFINITY }

  /** Notes what the headers report. A search's headers report its own window. */
  const note = Effect.fnUntraced(function* ({ headers }: Answer, startedAt: number, isSearch: boolean) {
    const now = yield* Clock.currentTimeMillis
    budget = dayBudgetOf(headers, now) ?? budget
    const window = isSearch ? undefined : windowOf(headers, now)
    if (window !== undefined) throttle.learnWindow({ ...window, startedAt })
  })

  /** Sends the request behind the throttle. `undefined`: the caller withdrew it. */
  const send = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    {
      begin = Effect.succeed(true),
      isSearch = false,
      maxBytes = maxItemBytes,
      maxPause = maxBurst,
      timeout = Timing.createTimeout
    }: CallOptions
  ) {
    const authorized = HttpClientRequest.setHeaders(request, {
      "x-api-token": Redacted.value(settings.token),
      accept: "application/json",
      "user-agent": "gitpip"
    })
    const sent = throttle.run(
      Effect.gen(function* () {
        if (!(yield* begin)) return undefined
        const startedAt = yield* Clock.currentTimeMillis
        const answer = yield* exchange(client, authorized, { timeout, maxBytes, durations })
        if (answer.status < 300 || maxPause === maxBurst) yield* note(answer, startedAt, isSearch)
        return { answer, startedAt }
      })
    )
    return yield* (isSearch ? searchThrottle.run(sent) : sent).pipe(
      Effect.catchTags({
        ExchangeError: (error: ExchangeError) =>
          fail(
            error.sent
              ? new OutcomeUnknown({ message: `Pipedrive: ${error.message}` })
              : new Unreachable({ message: `Pipedrive cannot be reached: ${error.message}` })
          ),
        Throttled: ({ enforcedBy, until, why }) => {
          const Reason = enforcedBy === "self" ? BurstLimited : BudgetSpent
          return fail(
            new Reason({
              message: `Pipedrive is not asked again yet: ${why}`,
              resumeAt: DateTime.makeUnsafe(until)
            })
          )
        }
      })
    )
  })

  /** Notes that the request was not limited. */
  const noteAnswered = (thing: string | undefined, startedAt: number, cost: number): void => {
    evidence = LimitEvidence.answered(evidence, { thing, startedAt })
    // A cheaper call can fit into what is left of a day.
    if (cost >= refusals.cost) refusals = { ...refusals, times: 0, cost: Number.POSITIVE_INFINITY }
  }

  /** Notes a 429, makes others wait when it may be global, and answers the error's reason. */
  const noteLimited = Effect.fnUntraced(function* (
    reason: BurstLimited | BudgetSpent,
    {
      by,
      isStated,
      maxPause = maxBurst,
      startedAt,
      cost,
      times
    }: {
      readonly by: Requester | undefined
      readonly isStated: boolean
      readonly startedAt: number
      readonly times: number
    } & Pick<CallOptions, "maxPause" | "cost">
  ) {
    const { message } = reason
    const now = yield* Clock.currentTimeMillis
    const stated = reason.resumeAt.epochMilliseconds
    const limit = LimitEvidence.refused(evidence, {
      by,
      isStated,
      startedAt,
      now,
      statedUntil: stated,
      minWait: (n) => growingWait(n) * 1_000
    })
    evidence = limit.evidence
    const until = LimitEvidence.blockedUntil(limit.scope, stated, now)
    if (until === undefined) return itemLimited(message, limit.until)
    refusals = {
      times,
      at: times > refusals.times ? now : refusals.at,
      cost: Math.min(refusals.cost, cost)
    }
    throttle.block(maxPause === maxBurst ? until : Math.min(until, now + Duration.toMillis(maxPause)), message)
    // A day that is not known to be spent limits no other process.
    const Reason = limit.scope === "global" && reason._tag === "BudgetSpent" ? BudgetSpent : BurstLimited
    return new Reason({ message, resumeAt: DateTime.makeUnsafe(until) })
  })

  const call = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    options: CallOptions
  ): Effect.fn.Return<unknown, PipedriveError> {
    const { cost } = options
    const requester = yield* RequestedFor
    const by = requester && { ...requester, thing: `${request.method} ${request.url} ${requester.thing}` }
    const held = LimitEvidence.heldUntil(evidence, by?.thing, yield* Clock.currentTimeMillis)
    if (held !== undefined) return yield* fail(itemLimited("Pipedrive's limit of requests is reached", held))
    const sent = yield* send(request, options)
    if (sent === undefined) return yield* fail(new Withdrawn({ message: "The request was not sent in time" }))
    const { answer, startedAt } = sent
    const body = json(answer)
    if (answer.status !== 429) noteAnswered(by?.thing, startedAt, cost)
    if (answer.status >= 200 && answer.status < 300) {
      // A 2xx alone proves nothing: only a body that says so does.
      if (Schema.is(WireSuccess)(body) && !answer.cut) return body
      return yield* fail(unreadable(answer, body))
    }
    // Several requests that were under way together count as one refusal.
    const times = refusals.times + (startedAt > refusals.at ? 1 : 0)
    const reason = classify(answer, body, { refusals: times, cost, now: yield* Clock.currentTimeMillis })
    if (reason._tag !== "BurstLimited" && reason._tag !== "BudgetSpent") return yield* fail(reason)
    const isStated = isSpent(answer, cost)
    return yield* Effect.flatMap(noteLimited(reason, { ...options, by, isStated, startedAt, times }), fail)
  })

  return {
    call,
    limits: Effect.sync(throttle.state),
    /** The company's tokens of the day. A budget of yesterday's no longer holds. */
    budget: Effect.map(DateTime.now, (now) =>
      Option.filter(Option.fromUndefinedOr(budget), ({ renewsAt }) => DateTime.isLessThan(now, renewsAt))
    ),
    block: (until: DateTime.Utc, why: string) => Effect.sync(() => throttle.block(until.epochMilliseconds, why))
  }
}
