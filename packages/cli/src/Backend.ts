/**
 * The calls that the commands need. Services in this process (`Local.ts`) or a server (`remote/Remote.ts`) answer them.
 */
import type { Gitpip, Username } from "@gitpip/core"
import { ScanDetails } from "@gitpip/core"
import { Context, Data, type Effect, Schema } from "effect"
import type { Progress } from "./Progress.ts"
import { Published } from "./publishing.ts"

/** A server could not do what was asked. The message says why and what to do. */
export class ServerError extends Data.TaggedError("ServerError")<{ readonly message: string }> {}

/** The result of a run of `scan`. */
export const Report = Schema.Struct({ scans: Schema.Array(ScanDetails), publishing: Published })
export type Report = typeof Report.Type

/** The calls of `Gitpip` that both backends have. */
type Shared = Pick<
  Gitpip["Service"],
  | "track"
  | "checkNames"
  | "preview"
  | "contacts"
  | "trackContacts"
  | "untrack"
  | "user"
  | "forget"
  | "users"
  | "latest"
  | "visits"
  | "visit"
  | "history"
  | "publications"
  | "retry"
  | "retryFailed"
  | "skip"
  | "status"
>

/** The same call, which may fail for the server's reasons as well. */
type OrServerError<F> = F extends (...args: infer Args) => Effect.Effect<infer A, infer E>
  ? (...args: Args) => Effect.Effect<A, E | ServerError>
  : F extends Effect.Effect<infer A, infer E>
    ? Effect.Effect<A, E | ServerError>
    : never

type ErrorOf<F> = F extends (...args: never) => Effect.Effect<infer _A, infer E> ? E : never

export type Calls = { readonly [K in keyof Shared]: OrServerError<Shared[K]> }

/** What commands call, in this process or at a server. Errors are those of `Gitpip`, and `ServerError` of a server. */
export class Backend extends Context.Service<
  Backend,
  Calls & {
    /** Whether a server answers, which checks new users by itself. */
    readonly isServer: boolean
    /** Scans all users, or these, then publishes until nothing is left that is due within a minute. */
    readonly scan: (
      usernames: ReadonlyArray<Username>,
      progress: Progress
    ) => Effect.Effect<Report, ErrorOf<Gitpip["Service"]["scan"]> | ServerError>
  }
>()("gitpip/cli/Backend") {}
