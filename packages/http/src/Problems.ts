/**
 * The problems of calls (RFC 9457) as classes, which the contract declares and typed clients fail with.
 *
 * `type` distinguishes problems of one status, and is a name without a page behind it. `detail` says what is wrong and what
 * to do.
 */
import { Schema } from "effect"
import { HttpApiError, HttpApiMiddleware } from "effect/http-api"

/** 404: the user is not tracked. */
export class UserNotTrackedProblem extends HttpApiError.Problem<UserNotTrackedProblem>()("UserNotTrackedProblem", {
  type: "urn:gitpip:problem:user-not-tracked",
  status: 404,
  title: "The user is not tracked"
}) {}

/** 409: the id or the user name is taken. */
export class UserConflictProblem extends HttpApiError.Problem<UserConflictProblem>()("UserConflictProblem", {
  type: "urn:gitpip:problem:user-conflict",
  status: 409,
  title: "The name or the id belongs to another user"
}) {}

/** 422: Pipedrive does not have the deal or the person. */
export class TargetNotFoundProblem extends HttpApiError.Problem<TargetNotFoundProblem>()("TargetNotFoundProblem", {
  type: "urn:gitpip:problem:target-not-found",
  status: 422,
  title: "Pipedrive has no such deal or person"
}) {}

/** 409: a file of the user is being published, or the user is being scanned. */
export class UserBusyProblem extends HttpApiError.Problem<UserBusyProblem>()("UserBusyProblem", {
  type: "urn:gitpip:problem:user-busy",
  status: 409,
  title: "Gitpip works on the user at this moment"
}) {}

/** 404: the user has no such visit. */
export class VisitNotFoundProblem extends HttpApiError.Problem<VisitNotFoundProblem>()("VisitNotFoundProblem", {
  type: "urn:gitpip:problem:visit-not-found",
  status: 404,
  title: "The user has no such visit"
}) {}

/** 409: the user has as many visitors as one user may have. */
export class TooManyVisitorsProblem extends HttpApiError.Problem<TooManyVisitorsProblem>()("TooManyVisitorsProblem", {
  type: "urn:gitpip:problem:too-many-visitors",
  status: 409,
  title: "The user has too many visitors"
}) {}

/** 404: there is no such scan. */
export class ScanNotFoundProblem extends HttpApiError.Problem<ScanNotFoundProblem>()("ScanNotFoundProblem", {
  type: "urn:gitpip:problem:scan-not-found",
  status: 404,
  title: "There is no such scan"
}) {}

/** 404: there is no such publication. */
export class PublicationNotFoundProblem extends HttpApiError.Problem<PublicationNotFoundProblem>()(
  "PublicationNotFoundProblem",
  { type: "urn:gitpip:problem:publication-not-found", status: 404, title: "There is no such publication" }
) {}

/** 404: there is no such file. */
export class FileNotFoundProblem extends HttpApiError.Problem<FileNotFoundProblem>()("FileNotFoundProblem", {
  type: "urn:gitpip:problem:file-not-found",
  status: 404,
  title: "There is no such file"
}) {}

/** 409: only a failed, gone or skipped publication can be retried. */
export class PublicationNotFailedProblem extends HttpApiError.Problem<PublicationNotFailedProblem>()(
  "PublicationNotFailedProblem",
  { type: "urn:gitpip:problem:publication-not-failed", status: 409, title: "The publication has not failed" }
) {}

/** 409: only a pending or failed publication can be skipped. */
export class PublicationNotSkippableProblem extends HttpApiError.Problem<PublicationNotSkippableProblem>()(
  "PublicationNotSkippableProblem",
  {
    type: "urn:gitpip:problem:publication-not-skippable",
    status: 409,
    title: "The publication can no longer be skipped"
  }
) {}

/** 404: GitHub knows no user of this name. */
export class AccountNotFoundProblem extends HttpApiError.Problem<AccountNotFoundProblem>()("AccountNotFoundProblem", {
  type: "urn:gitpip:problem:account-not-found",
  status: 404,
  title: "GitHub knows no such user"
}) {}

/** GitHub did not give the answer. `detail` says why: a limit, a token, an outage. */
export class GithubProblem extends HttpApiError.Problem<GithubProblem>()("GithubProblem", {
  type: "urn:gitpip:problem:github",
  status: 502,
  title: "GitHub does not answer what was asked"
}) {}

/** 404: GitHub has no such organization, user or repository. */
export class SourceNotFoundProblem extends HttpApiError.Problem<SourceNotFoundProblem>()("SourceNotFoundProblem", {
  type: "urn:gitpip:problem:source-not-found",
  status: 404,
  title: "There is no such source of contacts"
}) {}

/** 422: the server's settings have to name the field of persons, or Pipedrive itself. */
export class SourceNotSetUpProblem extends HttpApiError.Problem<SourceNotSetUpProblem>()("SourceNotSetUpProblem", {
  type: "urn:gitpip:problem:source-not-set-up",
  status: 422,
  title: "The server is not set up for this source of contacts"
}) {}

/** GitHub or Pipedrive does not give a source of contacts. `retry_at` says when to try again, or that something has to be changed first. */
export class SourceProblem extends HttpApiError.Problem<SourceProblem>()(
  "SourceProblem",
  { type: "urn:gitpip:problem:source", status: 502, title: "The source of contacts cannot be read" },
  {
    retry_at: Schema.NullOr(Schema.String).annotate({
      description: "When to try again, in UTC; `null` when something has to be changed first"
    })
  }
) {}

/** The server runs, but its work does not get done. */
export class NotReadyProblem extends HttpApiError.Problem<NotReadyProblem>()(
  "NotReadyProblem",
  { type: "urn:gitpip:problem:not-ready", status: 503, title: "Not ready" },
  { reasons: Schema.Array(Schema.String) }
) {}

/** 401: the key is missing or wrong. */
export class UnauthorizedProblem extends HttpApiError.Problem<UnauthorizedProblem>()("UnauthorizedProblem", {
  type: "urn:gitpip:problem:unauthorized",
  status: 401,
  title: "The API key is missing or wrong"
}) {}

/** `retry-after` says for how long. */
export class TooManyRequestsProblem extends HttpApiError.Problem<TooManyRequestsProblem>()("TooManyRequestsProblem", {
  type: "urn:gitpip:problem:too-many-requests",
  status: 429,
  title: "Too many requests"
}) {}

/** The database failed. The details are only in the log. */
export class UnavailableProblem extends HttpApiError.Problem<UnavailableProblem>()("UnavailableProblem", {
  type: "urn:gitpip:problem:unavailable",
  status: 503,
  title: "The database cannot be used at the moment"
}) {}

/** Problems of any call, beside its own. `layerFaults` implements the middleware. */
export class ProblemDetails extends HttpApiMiddleware.Service<ProblemDetails>()("gitpip/http/ProblemDetails", {
  error: [
    HttpApiError.BadRequestProblem,
    UnauthorizedProblem,
    TooManyRequestsProblem,
    UnavailableProblem,
    HttpApiError.InternalServerErrorProblem
  ]
}) {}
