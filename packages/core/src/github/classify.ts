/**
 * What a response of GitHub means: pure, from the response and what was requested.
 *
 * The status does not say what a refusal concerns. A known text or a body with `block` says it; for all other refusals
 * `limits/refusalEvidence.ts` decides, and `limits/evidence.ts` for limits. The table is in docs/lifecycle.md.
 */
import { DateTime, Schema } from "effect"
import type { Scope } from "../domain/Scope.ts"
import { sentence } from "../domain/Text.ts"
import { type Answer, int, json, retryAfter } from "../net/exchange.ts"
import {
  Blocked,
  GistNotFound,
  type GithubError,
  PaginationLimited,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected,
  UserNotFound
} from "./errors.ts"

/** What a request asks for. */
export type Subject =
  | { readonly _tag: "User"; readonly login: string }
  | { readonly _tag: "Account"; readonly id: number }
  | { readonly _tag: "Gist"; readonly id: string }
  /** A further page of the list at the path `of`. */
  | { readonly _tag: "Page"; readonly of: string }
  /** A list of accounts; `of` names it in messages: "organization acme". */
  | { readonly _tag: "Accounts"; readonly of: string }
  | { readonly _tag: "Feed" }
  | { readonly _tag: "Limits" }
  | { readonly _tag: "Query" }

/** What a response means, and what it concerns as far as the response alone says. */
export interface ResponseMeaning {
  readonly reason: GithubError["reason"]
  readonly scope: Scope
  /** Of a limit: whether the response itself says whose limit it is. */
  readonly isStated?: boolean
}

/** Texts of refusals that concern the token, with what to do. Each was seen: see docs/lifecycle.md. */
const credentialTexts: ReadonlyArray<readonly [text: RegExp, advice: string]> = [
  [/bad credentials/i, "Set GITHUB_TOKEN to a valid one"],
  [/requires authentication/i, "Set GITHUB_TOKEN"],
  [/one-time password|two-factor|\bOTP\b/i, "Set GITHUB_TOKEN to a personal access token"],
  [
    /account (?:was|is|has been) (?:suspended|disabled|flagged|locked)/i,
    "Check the account that GITHUB_TOKEN belongs to"
  ],
  [/login attempts|authentication attempts/i, "GitHub shuts the account out for a while. Check GITHUB_TOKEN"],
  [/not accessible by/i, "Set GITHUB_TOKEN to a classic personal access token: this kind of token may not list gists"],
  [/forbids access via/i, "Set GITHUB_TOKEN to a token of a kind that is allowed there"],
  [/IP allow ?list/i, "Add this machine's address to the organization's IP allow list"]
]

const ofThing = (reason: GithubError["reason"]): ResponseMeaning => ({ reason, scope: "thing" })

/**
 * What a response other than 200 and 304 means.
 *
 * @param subject what was requested
 * @param now epoch milliseconds
 */
export const classify = (answer: Answer, subject: Subject, now: number): ResponseMeaning => {
  const { status } = answer
  const body = json(answer)
  const text = Schema.is(WireMessage)(body) ? sentence(body.message, 300) : ""
  const message = text === "" ? `HTTP ${status}` : text
  const isBlock = status === 451 || (status === 403 && Schema.is(WireBlock)(body))
  if (isBlock) return ofThing(new Blocked({ message: `GitHub withholds it: ${message}` }))
  const limit = limitOf(answer, body, now)
  if (limit !== undefined) {
    return {
      reason: new RateLimited({
        message: `GitHub's limit is reached: ${message}`,
        resumeAt: DateTime.makeUnsafe(limitEnd(answer, limit, now)),
        enforcedBy: "service",
        ...(isSecondary(body) ? { isSecondary: true } : {})
      }),
      scope: "credential",
      isStated: isSecondary(body) || isSpent(answer, now)
    }
  }
  if (status === 401 || status === 403) return refusal(answer, text, message)
  if (status === 404) return notFound(subject)
  if (
    status === 422 &&
    (subject._tag === "Page" || subject._tag === "Accounts") &&
    /pagination is limited/i.test(message)
  ) {
    return ofThing(new PaginationLimited({ message: `GitHub shows no more of the list: ${message}` }))
  }
  if (status === 410) return ofThing(new Unexpected({ message: `GitHub does not offer this any more: ${message}` }))
  if (status >= 500 || (status >= 400 && !own4xx.has(status))) {
    return { reason: new Unavailable({ message: `GitHub answers with HTTP ${status}` }), scope: "service" }
  }
  return ofThing(new Unexpected({ message: `GitHub answers with HTTP ${status}: ${message}` }))
}

/** A 401, or a 403 that is neither a limit nor a block. Only a known text proves that a 403 concerns the token. */
const refusal = ({ body, status }: Answer, text: string, message: string): ResponseMeaning => {
  const known = credentialTexts.find(([pattern]) => pattern.test(text))
  if (status === 401 || known !== undefined) {
    const advice = known?.[1] ?? "Set GITHUB_TOKEN to a valid one"
    return {
      reason: new Unauthorized({ message: `GitHub refuses the token (HTTP ${status}): ${message}. ${advice}` }),
      scope: "credential"
    }
  }
  if (/administrative rules/i.test(new TextDecoder().decode(body.subarray(0, 1_000)))) {
    return { reason: new Unexpected({ message: "GitHub refuses what identifies this program" }), scope: "service" }
  }
  return ofThing(new Refused({ message: `GitHub refuses it (HTTP ${status}): ${message}` }))
}

/** What GitHub itself sends. Another 4xx, such as 499, comes from a proxy or firewall in front of it, and may concern all. */
const own4xx: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 451])

const notFound = (subject: Subject): ResponseMeaning => {
  switch (subject._tag) {
    case "User":
      return { reason: new UserNotFound({ message: `GitHub knows no user ${subject.login}` }), scope: "user" }
    case "Account":
      return {
        reason: new UserNotFound({ message: `GitHub knows no account number ${subject.id} any more` }),
        scope: "user"
      }
    case "Gist":
      return ofThing(new GistNotFound({ message: "GitHub does not show the gist" }))
    case "Accounts":
      return ofThing(new UserNotFound({ message: `GitHub knows no ${subject.of}` }))
    case "Page":
      return ofThing(new Unexpected({ message: "GitHub does not know the address it gave" }))
    case "Feed":
      return ofThing(new Unexpected({ message: "GitHub shows no public feed here" }))
    case "Limits":
      return ofThing(new Unexpected({ message: "GitHub does not report its limits here" }))
    case "Query":
      return ofThing(new Unexpected({ message: "GitHub does not answer GraphQL here" }))
  }
}

/** Which limit refuses the request, if a limit does. */
const limitOf = ({ headers, status }: Answer, body: unknown, now: number): "primary" | "secondary" | undefined => {
  if (status !== 403 && status !== 429) return undefined
  if (isSecondary(body)) return "secondary"
  const { message } = Schema.is(WireMessage)(body) ? body : { message: "" }
  // The headers do not always say that nothing is left when the text does.
  if (headers["x-ratelimit-remaining"] === "0" || /API rate limit (?:already )?exceeded/i.test(message))
    return "primary"
  return status === 429 || retryAfter(headers, now) !== undefined ? "secondary" : undefined
}

/** Whether the text names a limit of the account: it comes with no headers of its own. */
const isSecondary = (body: unknown): boolean =>
  Schema.is(WireMessage)(body) &&
  (/secondary rate|abuse/i.test(body.message) || /secondary-rate-limits/.test(body.documentation_url ?? ""))

/** Whether the headers say that nothing is left, and when there will be again. */
const isSpent = ({ headers }: Answer, now: number): boolean =>
  headers["x-ratelimit-remaining"] === "0" && (int(headers, "x-ratelimit-reset") ?? 0) * 1_000 > now

/** The longest wait that is believed: GitHub renews its limits every hour. A longer one comes from a wrong clock or a proxy. */
export const maxLimitWait = 3_601_000

/** The wait when a response names none, and the minimum after a second refusal in a row. */
const usualLimitWait = 60_000

/**
 * When a limit ends, in epoch milliseconds: `retry-after`, else the reset when nothing remains, else after a minute.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 *
 * A reset in the past carries no information: one of both clocks is wrong.
 */
export const limitEnd = ({ headers }: Pick<Answer, "headers">, limit: "primary" | "secondary", now: number): number => {
  const stated = retryAfter(headers, now)
  if (stated !== undefined) return now + Math.min(Math.max(stated, 1_000), maxLimitWait)
  const reset = int(headers, "x-ratelimit-reset")
  const isExhausted = headers["x-ratelimit-remaining"] === "0"
  const wait = isExhausted && reset !== undefined ? resetAt(reset) - now : 0
  const minWait = limit === "secondary" ? usualLimitWait : 1_000
  return now + (wait <= 0 ? usualLimitWait : Math.min(Math.max(wait, minWait), maxLimitWait))
}

/**
 * The instant of a reset in epoch milliseconds. A second is added, because GitHub names resets in whole seconds.
 * https://github.com/octokit/plugin-throttling.js
 */
export const resetAt = (seconds: number): number => (seconds + 1) * 1_000

/** The minimum wait in milliseconds after the n-th refusal in a row (n from 1), whatever the headers say: none, a minute, doubling to an hour. */
export const minLimitWait = (refusals: number): number =>
  refusals < 2 ? 0 : Math.min(usualLimitWait * 2 ** Math.min(refusals - 2, 20), maxLimitWait)

const WireMessage = Schema.Struct({ message: Schema.String, documentation_url: Schema.optional(Schema.String) })
const WireBlock = Schema.Struct({ block: Schema.ObjectKeyword })
