/** What can go wrong between Gitpip and GitHub. `classify.ts` decides which response means which error. */
import { type DateTime, Effect, Schema } from "effect"
import { isGlobal, Scope } from "../domain/Scope.ts"
import { Throttling } from "../domain/Throttling.ts"

/** No such account, or one that GitHub hides. */
export class UserNotFound extends Schema.TaggedError<UserNotFound>()("UserNotFound", {
  message: Schema.String,
  /** Whether an organization has the name, when GitHub was asked. */
  isOrganization: Schema.optionalKey(Schema.Boolean)
}) {}
/** No such gist: deleted, or not there yet. */
export class GistNotFound extends Schema.TaggedError<GistNotFound>()("GistNotFound", { message: Schema.String }) {}
/** GitHub says that the gist is secret. Nothing of the gist may be stored, shown or published. */
export class NotPublic extends Schema.TaggedError<NotPublic>()("NotPublic", { message: Schema.String }) {}
/** GitHub says that it blocks the gist or the account (terms of service, law). */
export class Blocked extends Schema.TaggedError<Blocked>()("Blocked", { message: Schema.String }) {}
/** A limit of the error's scope is used up: of the token, a host or one thing. Nothing of that scope is sent until `resumeAt`. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString,
  /** `service`: GitHub reports the limit, for all who use the token. `self`: this process waits to stay within the limit. */
  enforcedBy: Schema.Literals(["service", "self"]),
  /** Whether GitHub names its secondary limit, which is of requests and queries together. */
  isSecondary: Schema.optionalKey(Schema.Literal(true)),
  /** Missing when GitHub answered a request with the limit. */
  throttling: Schema.optionalKey(Throttling)
}) {}
/**
 * GitHub refuses this request, and does not say whether the token or the requested thing is the reason. With the scope
 * `credential`: GitHub refuses all requests of this kind, and answers others.
 */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { message: Schema.String }) {}
/** A user's list is longer than GitHub shows: the list ends here. */
export class PaginationLimited extends Schema.TaggedError<PaginationLimited>()("PaginationLimited", {
  message: Schema.String
}) {}
/** GitHub refuses the token for every request: the token is wrong, has expired, or lacks the right. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { message: Schema.String }) {}
/** The request certainly never reached GitHub: no connection, no such host. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { message: Schema.String }) {}
/** GitHub does not answer, or answers with a fault of its own. May concern all requests, or the one requested thing. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { message: Schema.String }) {}
/** A response that makes no sense here. */
export class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", {
  message: Schema.String,
  /** Whether the response is longer than Gitpip reads, so that fewer things at a time may be read. */
  isTooLong: Schema.optionalKey(Schema.Boolean)
}) {}

/** Every failure of a call to GitHub: the `reason` says what happened, the `scope` what else fails with it. */
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
  /** When GitHub is asked again after it refused all requests, or all of one kind. None of them is sent before. */
  retryAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
}) {
  override get message(): string {
    return this.reason.message
  }
  /** Whether the error concerns the token or the whole service, not just the one requested account or gist. */
  get isGlobal(): boolean {
    return isGlobal(this.scope)
  }
}

/** Makes a `GithubError`. The default scope is that of the reason alone, such as `credential` for a limit. */
export const githubError = (
  reason: GithubError["reason"],
  scope: Scope = usualScope(reason),
  retryAt?: DateTime.Utc
): GithubError => new GithubError({ reason, scope, ...(retryAt === undefined ? {} : { retryAt }) })

/** Fails with a `GithubError` of this reason. */
export const fail = (reason: GithubError["reason"], scope?: Scope) => Effect.fail(githubError(reason, scope))

/** What an error concerns without other evidence. */
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
