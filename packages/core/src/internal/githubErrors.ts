/** What can go wrong between Gitpip and GitHub, and what an answer other than a good one means. */
import { Clock, DateTime, Effect, Schema } from "effect"
import { isGlobal, Scope } from "../domain/Scope.ts"
import { sentence } from "../domain/Text.ts"
import { type Answer, int, json } from "./exchange.ts"

/** No such account, or one that GitHub hides. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", { message: Schema.String }) {}
/** No such gist, not any more, or not yet. */
export class GistNotFound extends Schema.TaggedError<GistNotFound>()("GistNotFound", { message: Schema.String }) {}
/** GitHub withholds it (terms of service, law). */
export class Blocked extends Schema.TaggedError<Blocked>()("Blocked", { message: Schema.String }) {}
/** A limit of the token is used up. Nothing more is sent with it until `resumeAt`. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString,
  /** Whether GitHub says so, for all who use the token. Otherwise this process keeps itself back, to stay within the limit. */
  binding: Schema.Boolean
}) {}
/** The token is wrong or has expired. */
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
    Blocked,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unavailable,
    Unexpected
  ]),
  scope: Scope
}) {
  override get message(): string {
    return this.reason.message
  }
  /** Whether the error concerns the token or the whole service, not just the one account or gist asked for. */
  get concernsEverybody(): boolean {
    return isGlobal(this.scope)
  }
}

export const githubError = (reason: GithubError["reason"], scope: Scope = usualScope(reason)): GithubError =>
  new GithubError({ reason, scope })

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
    case "Blocked":
    case "Unexpected":
      return "thing"
  }
}

/** What was asked for. */
export type Subject =
  | { readonly _tag: "User"; readonly login: string }
  | { readonly _tag: "Account"; readonly id: number }
  | { readonly _tag: "Gist" }
  | { readonly _tag: "Page" }
  | { readonly _tag: "Query" }

/**
 * What an answer other than 200 and 304 means. The order of waiting is the documented one: `retry-after`, else the
 * reset when nothing remains, else a minute.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export const classify = Effect.fnUntraced(function* (answer: Answer, subject: Subject) {
  const { status, headers } = answer
  const body = json(answer)
  const message = Schema.is(WireMessage)(body) ? sentence(body.message, 300) : `HTTP ${status}`
  if (status === 403 || status === 429) {
    const now = yield* Clock.currentTimeMillis
    const retryAfter = int(headers, "retry-after")
    const exhausted = headers["x-ratelimit-remaining"] === "0"
    const secondary =
      /secondary rate|abuse/i.test(message) ||
      /secondary-rate-limits/.test(Schema.is(WireMessage)(body) ? (body.documentation_url ?? "") : "")
    const limited = (resumeAt: number) =>
      new RateLimited({
        message: `GitHub's limit is reached: ${message}`,
        resumeAt: DateTime.makeUnsafe(resumeAt),
        binding: true
      })
    if (retryAfter !== undefined) return limited(now + Math.max(retryAfter, 1) * 1_000)
    const least = now + (secondary ? 60_000 : 1_000)
    if (exhausted) return limited(Math.max(((int(headers, "x-ratelimit-reset") ?? 0) + 1) * 1_000, least))
    if (status === 429 || secondary) return limited(now + 60_000)
    return new Blocked({ message: `GitHub withholds it: ${message}` })
  }
  if (status === 401)
    return new Unauthorized({ message: `GitHub refuses the token: ${message}. Set GITHUB_TOKEN to a valid one` })
  if (status === 404) {
    switch (subject._tag) {
      case "User":
        return new UserNotFound({ message: `GitHub knows no user ${subject.login}` })
      case "Account":
        return new UserNotFound({ message: `GitHub knows no account number ${subject.id} any more` })
      case "Gist":
        return new GistNotFound({ message: "GitHub does not show the gist" })
      case "Page":
        return new Unexpected({ message: "GitHub does not know the address it gave" })
      case "Query":
        return new Unexpected({ message: "GitHub does not answer GraphQL here" })
    }
  }
  if (status === 451) return new Blocked({ message: `GitHub withholds it: ${message}` })
  if (status === 410) return new Unexpected({ message: `GitHub retired the API that this program uses: ${message}` })
  if (status >= 500) return new Unavailable({ message: `GitHub answers with HTTP ${status}` })
  return new Unexpected({ message: `GitHub answers with HTTP ${status}: ${message}` })
})

const WireMessage = Schema.Struct({ message: Schema.String, documentation_url: Schema.optional(Schema.String) })
