/** What can go wrong between Gitpip and GitHub, and what an answer other than a good one means. */
import { DateTime, Effect, Schema } from "effect"
import { isGlobal, Scope } from "../domain/Scope.ts"
import { sentence } from "../domain/Text.ts"
import { type Answer, int, json } from "../net/exchange.ts"

/** No such account, or one that GitHub hides. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", { message: Schema.String }) {}
/** No such gist, not any more, or not yet. */
export class GistNotFound extends Schema.TaggedError<GistNotFound>()("GistNotFound", { message: Schema.String }) {}
/** The gist is secret, as GitHub says. Nothing of it may be stored, shown or published. */
export class NotPublic extends Schema.TaggedError<NotPublic>()("NotPublic", { message: Schema.String }) {}
/** GitHub withholds the gist or the account (terms of service, law), and says so. */
export class Blocked extends Schema.TaggedError<Blocked>()("Blocked", { message: Schema.String }) {}
/** A limit of the token is used up. Nothing more is sent with it until `resumeAt`. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString,
  /** `service`: GitHub reports the limit, for all who use the token. `self`: this process waits to stay within the limit. */
  enforcedBy: Schema.Literals(["service", "self"])
}) {}
/** GitHub refuses this request, and does not say whether the token or the thing asked for is the reason. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { message: Schema.String }) {}
/** A user's list is longer than GitHub shows: it ends here. */
export class PaginationLimited extends Schema.TaggedError<PaginationLimited>()("PaginationLimited", {
  message: Schema.String
}) {}
/** GitHub refuses the token, whatever is asked for: it is wrong, has expired, or may not do this. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { message: Schema.String }) {}
/** The request certainly never reached GitHub: no connection, no such host. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { message: Schema.String }) {}
/** GitHub does not answer, or with a fault of its own. May concern everybody, or the one thing asked for. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { message: Schema.String }) {}
/** An answer that makes no sense here. */
export class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", { message: Schema.String }) {}

export class GithubError extends Schema.TaggedError<GithubError>()("GithubError", {
  reason: Schema.Union([
    UserNotFound,
    GistNotFound,
    NotPublic,
    Blocked,
    Refused,
    PaginationLimited,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unavailable,
    Unexpected
  ]),
  scope: Scope,
  /** When the trouble of everybody is looked into again. Nothing is sent before. */
  retryAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
}) {
  override get message(): string {
    return this.reason.message
  }
  /** Whether the error concerns the token or the whole service, not just the one account or gist asked for. */
  get isGlobal(): boolean {
    return isGlobal(this.scope)
  }
}

export const githubError = (
  reason: GithubError["reason"],
  scope: Scope = usualScope(reason),
  retryAt?: DateTime.Utc
): GithubError => new GithubError({ reason, scope, ...(retryAt === undefined ? {} : { retryAt }) })

export const fail = (reason: GithubError["reason"], scope?: Scope) => Effect.fail(githubError(reason, scope))

/** What an error concerns while no other evidence is there. */
const usualScope = ({ _tag }: GithubError["reason"]): Scope => {
  switch (_tag) {
    case "RateLimited":
    case "Unauthorized":
      return "credential"
    case "Unreachable":
    case "Unavailable":
      return "service"
    case "UserNotFound":
      return "user"
    case "GistNotFound":
    case "NotPublic":
    case "Blocked":
    case "Refused":
    case "PaginationLimited":
    case "Unexpected":
      return "thing"
  }
}

/** What was asked for. */
export type Subject =
  | { readonly _tag: "User"; readonly login: string }
  | { readonly _tag: "Account"; readonly id: number }
  | { readonly _tag: "Gist"; readonly id: string }
  /** A further page of the list at the path `of`. */
  | { readonly _tag: "Page"; readonly of: string }
  | { readonly _tag: "Feed" }
  | { readonly _tag: "Limits" }
  | { readonly _tag: "Query" }

/** What an answer means, and what it concerns as far as the answer alone tells. */
export interface Verdict {
  readonly reason: GithubError["reason"]
  readonly scope: Scope
  /** Of a limit: whether the answer itself says whose it is. */
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

/**
 * What an answer other than 200 and 304 means: pure, from the answer and what was asked for.
 *
 * Whose trouble a refusal is does not follow from its status. A known text or a body with `block` tells; what else it
 * concerns is decided by `evidence.ts`.
 */
export const classify = (answer: Answer, subject: Subject, now: number): Verdict => {
  const { status } = answer
  const body = json(answer)
  const text = Schema.is(WireMessage)(body) ? sentence(body.message, 300) : ""
  const message = text === "" ? `HTTP ${status}` : text
  const thing = (reason: GithubError["reason"]): Verdict => ({ reason, scope: "thing" })
  if ((status === 403 || status === 451) && Schema.is(WireBlock)(body)) {
    return thing(new Blocked({ message: `GitHub withholds it: ${message}` }))
  }
  const limit = limitOf(answer, body)
  if (limit !== undefined) {
    return {
      reason: new RateLimited({
        message: `GitHub's limit is reached: ${message}`,
        resumeAt: DateTime.makeUnsafe(limitEnd(answer, limit, now)),
        enforcedBy: "service"
      }),
      scope: "credential",
      isStated: isSecondary(body) || isSpent(answer, now)
    }
  }
  if (status === 401 || status === 403) {
    const known = credentialTexts.find(([pattern]) => pattern.test(text))
    if (status === 401 || known !== undefined) {
      const advice = known?.[1] ?? "Set GITHUB_TOKEN to a valid one"
      return {
        reason: new Unauthorized({ message: `GitHub refuses the token (HTTP ${status}): ${message}. ${advice}` }),
        scope: "credential"
      }
    }
    if (/administrative rules/i.test(new TextDecoder().decode(answer.body.subarray(0, 1_000)))) {
      return { reason: new Unexpected({ message: "GitHub refuses what identifies this program" }), scope: "service" }
    }
    return thing(new Refused({ message: `GitHub refuses it (HTTP ${status}): ${message}` }))
  }
  if (status === 451) return thing(new Blocked({ message: `GitHub withholds it: ${message}` }))
  if (status === 404) {
    const reason = notFound(subject)
    return { reason, scope: reason._tag === "UserNotFound" ? "user" : "thing" }
  }
  if (status === 422 && subject._tag === "Page" && /pagination is limited/i.test(message)) {
    return thing(new PaginationLimited({ message: `GitHub shows no more of the list: ${message}` }))
  }
  if (status === 410) return thing(new Unexpected({ message: `GitHub does not offer this any more: ${message}` }))
  if (status >= 500 || (status >= 400 && !own4xx.has(status))) {
    return { reason: new Unavailable({ message: `GitHub answers with HTTP ${status}` }), scope: "service" }
  }
  return thing(new Unexpected({ message: `GitHub answers with HTTP ${status}: ${message}` }))
}

/** What GitHub itself sends. Another 4xx, such as 499, comes from a proxy or firewall in front of it, and may concern all. */
const own4xx: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429, 451])

const notFound = (subject: Subject): GithubError["reason"] => {
  switch (subject._tag) {
    case "User":
      return new UserNotFound({ message: `GitHub knows no user ${subject.login}` })
    case "Account":
      return new UserNotFound({ message: `GitHub knows no account number ${subject.id} any more` })
    case "Gist":
      return new GistNotFound({ message: "GitHub does not show the gist" })
    case "Page":
      return new Unexpected({ message: "GitHub does not know the address it gave" })
    case "Feed":
      return new Unexpected({ message: "GitHub shows no public feed here" })
    case "Limits":
      return new Unexpected({ message: "GitHub does not tell its limits here" })
    case "Query":
      return new Unexpected({ message: "GitHub does not answer GraphQL here" })
  }
}

/** Which limit refuses the request, if a limit does. */
const limitOf = ({ headers, status }: Answer, body: unknown): "primary" | "secondary" | undefined => {
  if (status !== 403 && status !== 429) return undefined
  if (isSecondary(body)) return "secondary"
  const { message } = Schema.is(WireMessage)(body) ? body : { message: "" }
  // The headers do not always say that nothing is left when the text does.
  if (headers["x-ratelimit-remaining"] === "0" || /API rate limit (?:already )?exceeded/i.test(message))
    return "primary"
  return status === 429 || int(headers, "retry-after") !== undefined ? "secondary" : undefined
}

/** Whether the text names a limit of the account: it comes with no headers of its own. */
const isSecondary = (body: unknown): boolean =>
  Schema.is(WireMessage)(body) &&
  (/secondary rate|abuse/i.test(body.message) || /secondary-rate-limits/.test(body.documentation_url ?? ""))

/** Whether the headers say that nothing is left, and when there will be again. */
const isSpent = ({ headers }: Answer, now: number): boolean =>
  headers["x-ratelimit-remaining"] === "0" && (int(headers, "x-ratelimit-reset") ?? 0) * 1_000 > now

/** GitHub's limits are renewed every hour, told in whole seconds. What tells of a longer wait is a wrong clock, or no word of GitHub's. */
export const maxLimitWait = 3_601_000

/** The wait where nothing tells one, and the least after a second refusal in a row. */
const usualLimitWait = 60_000

/**
 * When a limit ends, in epoch milliseconds: `retry-after`, else the reset when nothing remains, else a minute.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 *
 * A reset that lies in the past tells nothing: one of both clocks is wrong.
 */
export const limitEnd = ({ headers }: Pick<Answer, "headers">, limit: "primary" | "secondary", now: number): number => {
  const retryAfter = int(headers, "retry-after")
  if (retryAfter !== undefined) return now + Math.min(Math.max(retryAfter * 1_000, 1_000), maxLimitWait)
  const reset = int(headers, "x-ratelimit-reset")
  const exhausted = headers["x-ratelimit-remaining"] === "0"
  // One second more than told: the reset is given in whole seconds. https://github.com/octokit/plugin-throttling.js
  const told = exhausted && reset !== undefined ? (reset + 1) * 1_000 - now : 0
  const least = limit === "secondary" ? usualLimitWait : 1_000
  return now + (told <= 0 ? usualLimitWait : Math.min(Math.max(told, least), maxLimitWait))
}

/** The least wait after the n-th refusal in a row (n from 1), whatever the headers say: none, a minute, doubling to an hour. */
export const minLimitWait = (refusals: number): number =>
  refusals < 2 ? 0 : Math.min(usualLimitWait * 2 ** Math.min(refusals - 2, 20), maxLimitWait)

const WireMessage = Schema.Struct({ message: Schema.String, documentation_url: Schema.optional(Schema.String) })
const WireBlock = Schema.Struct({ block: Schema.ObjectKeyword })
