/** Turns each error of the library into the problem that its call answers with. */
import {
  type DatabaseError,
  type FileNotFound,
  type GithubError,
  type PublicationNotFailed,
  type PublicationNotFound,
  type PublicationNotSkippable,
  type ScanNotFound,
  type SourceUnavailable,
  type TargetNotFound,
  Telemetry,
  type TooManyVisitors,
  type UserBusy,
  type UserConflict,
  type UserNotTracked,
  type VisitNotFound
} from "@gitpip/core"
import { type Context, DateTime, Effect, Predicate } from "effect"
import { HttpEffect, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import {
  FileNotFoundProblem,
  GithubProblem,
  PublicationNotFailedProblem,
  PublicationNotFoundProblem,
  PublicationNotSkippableProblem,
  ScanNotFoundProblem,
  SourceNotFoundProblem,
  SourceNotSetUpProblem,
  SourceProblem,
  TargetNotFoundProblem,
  TooManyVisitorsProblem,
  UnavailableProblem,
  UserBusyProblem,
  UserConflictProblem,
  UserNotTrackedProblem,
  VisitNotFoundProblem
} from "./Problems.ts"

/** The errors of `Gitpip`'s calls. */
export type CoreError =
  | DatabaseError
  | FileNotFound
  | GithubError
  | PublicationNotFailed
  | PublicationNotFound
  | PublicationNotSkippable
  | ScanNotFound
  | SourceUnavailable
  | TargetNotFound
  | TooManyVisitors
  | UserBusy
  | UserConflict
  | UserNotTracked
  | VisitNotFound

const databaseDetails = {
  busy: "Another transaction holds what this call needs. Try again in a moment",
  inUse: "Another process has the embedded database. The server's log says which",
  readOnly: "The database is read-only, so nothing can be stored. The server's log says what to do",
  damaged: "The embedded database does not start. The server's log says what to do",
  unsafe: "The embedded database's directory is not the server's own. The server's log says what to do"
} satisfies Record<NonNullable<DatabaseError["reason"]>, string>

/** The caller's own faults get a status of their own: proxies and clients retry a 502. */
const ofSource = ({ message, reason, retryAt }: SourceUnavailable) => {
  switch (reason) {
    case "notFound":
      return new SourceNotFoundProblem({ detail: message })
    case "noSuchPage":
      return new HttpApiError.BadRequestProblem({
        detail: `next: ${message}`,
        errors: [{ path: ["query", "next"], message }]
      })
    case "notSetUp":
      return new SourceNotSetUpProblem({ detail: message })
    case "service":
      return new SourceProblem({ detail: message, retry_at: retryAt === null ? null : DateTime.formatIso(retryAt) })
  }
}

const problems = {
  DatabaseError: ({ reason }: DatabaseError) =>
    new UnavailableProblem({
      detail: reason === undefined ? "Try again in a moment. The server's log says why" : databaseDetails[reason]
    }),
  FileNotFound: ({ message }: FileNotFound) => new FileNotFoundProblem({ detail: message }),
  GithubError: ({ message }: GithubError) => new GithubProblem({ detail: message }),
  PublicationNotFailed: ({ message }: PublicationNotFailed) => new PublicationNotFailedProblem({ detail: message }),
  PublicationNotFound: ({ message }: PublicationNotFound) => new PublicationNotFoundProblem({ detail: message }),
  PublicationNotSkippable: ({ message }: PublicationNotSkippable) =>
    new PublicationNotSkippableProblem({ detail: message }),
  ScanNotFound: ({ message }: ScanNotFound) => new ScanNotFoundProblem({ detail: message }),
  SourceUnavailable: ofSource,
  TargetNotFound: ({ message }: TargetNotFound) => new TargetNotFoundProblem({ detail: message }),
  TooManyVisitors: ({ message }: TooManyVisitors) => new TooManyVisitorsProblem({ detail: message }),
  UserBusy: ({ message }: UserBusy) => new UserBusyProblem({ detail: message }),
  UserConflict: ({ message }: UserConflict) => new UserConflictProblem({ detail: message }),
  UserNotTracked: ({ username }: UserNotTracked) =>
    new UserNotTrackedProblem({ detail: `${username} is not tracked. Track it first: POST /users/${username}/{id}` }),
  VisitNotFound: ({ message }: VisitNotFound) => new VisitNotFoundProblem({ detail: message })
} satisfies { readonly [K in CoreError["_tag"]]: (error: Extract<CoreError, { readonly _tag: K }>) => unknown }

export type ProblemOf<E extends CoreError> = E extends CoreError ? ReturnType<(typeof problems)[E["_tag"]]> : never

/** An error of core as the problem that answers it. */
export const toProblem = <E extends CoreError>(error: E): ProblemOf<E> =>
  (problems[error._tag] as (error: E) => ProblemOf<E>)(error)

/** Fails with the problem in place of the error. The database's own message goes to the log and nowhere else. */
export const orProblem = <A, E extends CoreError, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, ProblemOf<E>, R> =>
  effect.pipe(
    Effect.tapError((error: E) =>
      isDatabaseError(error)
        ? Effect.andThen(Telemetry.log("Error", "database.failed", { detail: error.message }), askAgain)
        : Effect.void
    ),
    Effect.mapError((error: E) => toProblem(error))
  )

/** A database that restarts is back after seconds, and a lock is free by then. */
const askAgain = Effect.contextWith((context: Context.Context<never>) =>
  Effect.sync(() =>
    HttpEffect.appendPreResponseHandlerUnsafe(context, (_, response) =>
      Effect.succeed(HttpServerResponse.setHeader(response, "retry-after", "5"))
    )
  )
)

const isDatabaseError = Predicate.isTagged("DatabaseError")
