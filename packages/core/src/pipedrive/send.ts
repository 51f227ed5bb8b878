/** Sends one request to Pipedrive behind the throttle, with the token, and notes what the response's headers report. */
import { Clock, DateTime, type Duration, Effect, Option, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import * as Timing from "../domain/Timing.ts"
import type { Quotas } from "../limits/SharedQuota.ts"
import * as Throttle from "../limits/Throttle.ts"
import type { Throttled } from "../limits/Throttled.ts"
import { type ExchangeError, exchange, type Head } from "../net/exchange.ts"
import type { PipedriveSettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { BudgetSpent, BurstLimited, OutcomeUnknown, PipedriveError, Unreachable } from "./errors.ts"
import {
  concurrencyFor,
  type DayBudget,
  dayBudgetOf,
  firstConcurrency,
  maxBurst,
  patience,
  searchWindow,
  windowOf
} from "./limits.ts"

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

export interface Options {
  readonly client: HttpClient.HttpClient
  readonly limitKey: string
  readonly quotas: Quotas
  readonly settings: PipedriveSettings
  /** For all requests with the token. */
  readonly throttle: Throttle.Throttle
}

/** One item: its note has 100 KB at most, and JSON writes no character with more than six. */
const maxItemBytes = 1024 * 1024

const durations = Telemetry.requestsTo("pipedrive")

const fail = (reason: PipedriveError["reason"]) => Effect.fail(new PipedriveError({ reason }))

const ofExchange = ({ message, sent }: ExchangeError) =>
  fail(
    sent
      ? new OutcomeUnknown({ message: `Pipedrive: ${message}` })
      : new Unreachable({ message: `Pipedrive cannot be reached: ${message}` })
  )

const ofThrottle = ({ enforcedBy, isStored, until, why }: Throttled) => {
  const Reason = enforcedBy === "self" ? BurstLimited : BudgetSpent
  const message = `Pipedrive is not asked again yet: ${why}`
  return fail(new Reason({ message, resumeAt: DateTime.makeUnsafe(until), throttling: { why, isStored } }))
}

export const make = ({ client, limitKey, quotas, settings, throttle }: Options) => {
  const searches = Throttle.make({
    concurrency: searchWindow.limit,
    patience,
    quota: quotas.quota(`${limitKey}:searches`)
  })
  searches.setWindow(searchWindow)
  let budget: DayBudget | undefined
  let concurrency = firstConcurrency

  /** Notes what the headers report. A search's headers report its own window. */
  const note = Effect.fnUntraced(function* (
    { headers }: Head,
    { isSearch, startedAt }: { readonly isSearch: boolean; readonly startedAt: number }
  ) {
    const now = yield* Clock.currentTimeMillis
    budget = dayBudgetOf(headers, now) ?? budget
    const window = isSearch ? undefined : windowOf(headers, now)
    if (window === undefined) return
    throttle.learnWindow({ ...window, startedAt })
    if (concurrency === concurrencyFor(window)) return
    concurrency = concurrencyFor(window)
    yield* throttle.setConcurrency(concurrency)
  })

  return {
    /** The company's tokens of the day. A budget of yesterday's no longer holds. */
    budget: Effect.map(DateTime.now, (now) =>
      Option.filter(Option.fromUndefinedOr(budget), ({ renewsAt }) => DateTime.isLessThan(now, renewsAt))
    ),
    /** How many files may be attempted at a time. */
    concurrency: Effect.sync(() => concurrency),
    /** Sends the request. `undefined`: the caller withdrew it. */
    send: Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest, options: CallOptions) {
      const { begin = Effect.succeed(true), isSearch = false, maxPause = maxBurst } = options
      const { maxBytes = maxItemBytes, timeout = Timing.createTimeout } = options
      const authorized = HttpClientRequest.setHeaders(request, {
        "x-api-token": Redacted.value(settings.token),
        accept: "application/json",
        "user-agent": "gitpip"
      })
      const sent = throttle.run(
        Effect.gen(function* () {
          if (!(yield* begin)) return undefined
          const startedAt = yield* Clock.currentTimeMillis
          const answer = yield* exchange(client, authorized, {
            timeout,
            maxBytes,
            durations,
            onHead: (head) =>
              head.status < 300 || maxPause === maxBurst ? note(head, { isSearch, startedAt }) : Effect.void
          })
          return { answer, startedAt }
        })
      )
      return yield* (isSearch ? searches.run(sent) : sent).pipe(
        Effect.catchTags({ ExchangeError: ofExchange, Throttled: ofThrottle })
      )
    })
  }
}
