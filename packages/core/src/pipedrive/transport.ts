/**
 * One exchange with Pipedrive: behind the throttle, with the token, and with what the response proves noted.
 *
 * Guarantees: the token travels in a header and to the configured origin only; no redirect is followed; no request is
 * repeated. Pipedrive has no idempotency key, so only the caller, who can run a lookup first, may try again.
 */
import { Clock, Effect, Schema } from "effect"
import type { HttpClientRequest } from "effect/http"
import { RequestedFor } from "../limits/evidence.ts"
import * as Throttle from "../limits/Throttle.ts"
import { json } from "../net/exchange.ts"
import { classify, isSpent, unreadable } from "./classify.ts"
import { PipedriveError, Withdrawn } from "./errors.ts"
import * as LimitedCalls from "./limitedCalls.ts"
import { firstConcurrency, patience } from "./limits.ts"
import * as Send from "./send.ts"
import { WireSuccess } from "./wire.ts"

export type { Begin } from "./send.ts"

const fail = (reason: PipedriveError["reason"]) => Effect.fail(new PipedriveError({ reason }))

export const make = ({ quotas, ...sending }: Omit<Send.Options, "throttle">) => {
  const throttle = Throttle.make({ concurrency: firstConcurrency, patience, quota: quotas.quota(sending.limitKey) })
  const { budget, concurrency, send } = Send.make({ ...sending, quotas, throttle })
  const limitedCalls = LimitedCalls.make(throttle)

  const call = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    options: Send.CallOptions
  ): Effect.fn.Return<unknown, PipedriveError> {
    const { cost } = options
    const requester = yield* RequestedFor
    const by = requester && { ...requester, thing: `${request.method} ${request.url} ${requester.thing}` }
    const held = limitedCalls.held(by, yield* Clock.currentTimeMillis)
    if (held !== undefined) return yield* fail(held)
    const sent = yield* send(request, options)
    if (sent === undefined) return yield* fail(new Withdrawn({ message: "The request was not sent in time" }))
    const { answer, startedAt } = sent
    const body = json(answer)
    if (answer.status !== 429) limitedCalls.answered({ by, startedAt, cost })
    if (answer.status >= 200 && answer.status < 300) {
      // A 2xx alone proves nothing: only a body that says so does.
      if (Schema.is(WireSuccess)(body) && !answer.cut) return body
      return yield* fail(unreadable(answer, body))
    }
    const times = limitedCalls.limit.timesInARow(startedAt)
    const now = yield* Clock.currentTimeMillis
    const reason = classify(answer, body, { refusals: times, cost, now })
    if (reason._tag !== "BurstLimited" && reason._tag !== "BudgetSpent") return yield* fail(reason)
    const isStated = isSpent(answer, cost)
    return yield* fail(limitedCalls.limited(reason, { ...options, by, isStated, startedAt, now }))
  })

  return {
    call,
    limits: Effect.sync(throttle.state),
    budget,
    concurrency,
    block: limitedCalls.limit.restore
  }
}
