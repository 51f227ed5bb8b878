/** Classifies Pipedrive's responses: from status, headers and body to an error's reason. Pure. */
import { DateTime, Duration, Schema } from "effect"
import { sentence } from "../domain/Text.ts"
import { type Answer, int } from "../net/exchange.ts"
import {
  BudgetSpent,
  BurstLimited,
  Denied,
  Forbidden,
  NotFound,
  NotPipedrive,
  OutcomeUnknown,
  type PipedriveError,
  Refused
} from "./errors.ts"
import { growingWait, maxBurst, midnightAfter, tokensLeft } from "./limits.ts"
import { WireFailure } from "./wire.ts"

/** The part of a response that decides its class. */
export type Response = Pick<Answer, "status" | "headers">

/** The state when the response came. */
export interface Sent {
  /** The price of the call in tokens. */
  readonly cost: number
  /** Responses of 429 in a row, with this one. */
  readonly refusals: number
  /** In epoch milliseconds. */
  readonly now: number
}

/** Whether the response says that the day leaves fewer tokens than the call costs. */
export const isSpent = ({ headers }: Response, cost: number): boolean => (tokensLeft(headers) ?? cost) < cost

const minute = 60_000
const hour = 60 * minute

/**
 * A 429: the day's tokens are used up, or a burst was too large. Both are similar: the headers that
 * distinguish them are not documented, and can be missing. Without headers the third 429 in a row counts as a spent day.
 */
const limitOf = (response: Response, { cost, now, refusals }: Sent) => {
  const { headers } = response
  const spent = isSpent(response, cost)
  if (spent || (refusals >= 3 && headers["x-ratelimit-remaining"] === undefined)) {
    const renewed = midnightAfter(now) + minute
    return new BudgetSpent({
      message: "Pipedrive's tokens for the day are used up",
      resumeAt: DateTime.makeUnsafe(spent ? renewed : Math.min(renewed, now + hour))
    })
  }
  const wait = Math.max(
    int(headers, "retry-after") ?? 0,
    int(headers, "x-ratelimit-reset") ?? 0,
    growingWait(refusals),
    2
  )
  return new BurstLimited({
    message: "Pipedrive's limit of requests is reached",
    resumeAt: DateTime.makeUnsafe(now + Math.min(wait * 1_000, Duration.toMillis(maxBurst)))
  })
}

/**
 * Statuses of a time-out: of the server (408), or of something in between that gave up while Pipedrive worked (nginx answers
 * 499, https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html has 460).
 */
const timeouts: ReadonlySet<number> = new Set([408, 460, 499])

/** The reason of a response that is no success. */
export const classify = (response: Response, body: unknown, sent: Sent): PipedriveError["reason"] => {
  const { status } = response
  const failure = Schema.is(WireFailure)(body) ? body : undefined
  const said =
    failure === undefined ? `HTTP ${status}` : sentence([failure.error, failure.code].filter(Boolean).join(" "), 500)
  // Pipedrive's own errors say `success: false`. Any other body comes from something in front of Pipedrive.
  const isPage = failure === undefined || failure.success !== false
  if (status === 429) return limitOf(response, sent)
  if (timeouts.has(status) || status >= 500)
    return new OutcomeUnknown({ message: `Pipedrive answers with HTTP ${status}` })
  if (status >= 300 && status < 400) {
    return new Denied({
      wrong: "address",
      message: `Pipedrive redirects (HTTP ${status}), which is not followed. Check PIPEDRIVE_ORG`
    })
  }
  switch (status) {
    case 401:
      return new Denied({
        wrong: "token",
        message: `Pipedrive refuses the token: ${said}. Set PIPEDRIVE_TOKEN to a valid one`
      })
    case 402:
      return new Denied({ wrong: "account", message: `Pipedrive says the account is closed or unpaid: ${said}` })
    case 403:
      return forbidden(said, { isPage })
    case 407:
      // A proxy's own status, whatever the body looks like. https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re
      return inFront(said, failure === undefined ? undefined : status)
    case 410:
      return new Forbidden({
        isPage: false,
        message: "Pipedrive has retired what was asked for (HTTP 410). Update Gitpip; if it is the newest, report this"
      })
  }
  // A proxy's page does not prove that a deal is gone, and another deal would take the deal's place.
  if (status === 404 && !isPage) return new NotFound({ message: `Pipedrive does not find it: ${said}` })
  return isPage && status !== 413
    ? inFront(said, failure === undefined ? undefined : status)
    : new Refused({ status, message: `Pipedrive refuses: ${said}` })
}

/** A refusal that is not Pipedrive's own. `status`: when `said` does not name it. */
const inFront = (said: string, status: number | undefined) =>
  new Forbidden({
    isPage: true,
    message: `Something in front of Pipedrive refuses the request: ${said}${status === undefined ? "" : ` (HTTP ${status})`}`
  })

const forbidden = (said: string, { isPage }: { readonly isPage: boolean }) => {
  // A limit of the plan concerns this item alone.
  if (/capping|limit/.test(said)) return new Refused({ status: 403, message: `Pipedrive refuses: ${said}` })
  return new Forbidden({
    isPage,
    message: isPage
      ? `A firewall in front of Pipedrive refuses the request: ${said}`
      : `Pipedrive denies access: ${said}. Check what the token's user may see and edit`
  })
}

/** The reason of a 2xx whose body does not say that the request succeeded. */
export const unreadable = (
  { headers, status, body: bytes }: Pick<Answer, "status" | "headers" | "body">,
  body: unknown
) => {
  if (Schema.is(WireFailure)(body)) {
    return new OutcomeUnknown({
      message: `Pipedrive answers HTTP ${status} and yet reports a failure: ${sentence(body.error, 500)}`
    })
  }
  const isPage = /html/i.test(headers["content-type"] ?? "") || bytes[0] === 0x3c
  return isPage
    ? new NotPipedrive({
        message: `A web page answers in Pipedrive's place (HTTP ${status}). PIPEDRIVE_API_URL or PIPEDRIVE_ORG leads to a sign-in page`
      })
    : new OutcomeUnknown({ message: `Pipedrive answers HTTP ${status} with a body that cannot be read` })
}
