/** The errors of Pipedrive's API. Each one says whether the work may have been done all the same. */
import { Effect, Schema } from "effect"
import { Throttling } from "../domain/Throttling.ts"

/** Pipedrive received too many requests within two seconds, or would have. Nothing was done. */
export class BurstLimited extends Schema.TaggedError<BurstLimited>()("BurstLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString,
  /** Missing when Pipedrive answered a request with the limit. */
  throttling: Schema.optionalKey(Throttling)
}) {}
/** The company's tokens for the day are used up. Nothing was done. */
export class BudgetSpent extends Schema.TaggedError<BudgetSpent>()("BudgetSpent", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString,
  /** Missing when Pipedrive answered a request with the limit. */
  throttling: Schema.optionalKey(Throttling)
}) {}
/** This request meets a limit again and again that other requests do not meet. Nothing was done. */
export class ItemLimited extends Schema.TaggedError<ItemLimited>()("ItemLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString
}) {}
/** The token, the account or the address is wrong: nothing works until a person acts. Nothing was done. */
export class Denied extends Schema.TaggedError<Denied>()("Denied", {
  message: Schema.String,
  /** `address`: Pipedrive redirects to another one. */
  wrong: Schema.Literals(["token", "account", "address"])
}) {}
/** Pipedrive rejects this one item. Nothing was done. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { status: Schema.Int, message: Schema.String }) {}
/**
 * Pipedrive rejects the request without saying whether the item, its deal or the credential is the reason. `isPage`: the
 * answer is a web page of something in front of Pipedrive, such as a firewall. Nothing was done.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String,
  isPage: Schema.Boolean
}) {}
/** Pipedrive itself says that the item does not exist. Nothing was done. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message: Schema.String }) {}
/** The caller withdrew the request before it left. */
export class Withdrawn extends Schema.TaggedError<Withdrawn>()("Withdrawn", { message: Schema.String }) {}
/** The request certainly never reached Pipedrive. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { message: Schema.String }) {}
/** A web page came with a 2xx, probably a sign-in page. A proxy that did the work could answer so, too. */
export class NotPipedrive extends Schema.TaggedError<NotPipedrive>()("NotPipedrive", { message: Schema.String }) {}
/** No readable response came: the work may or may not have been done. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {
  message: Schema.String
}) {}

/** Every failure of a call to Pipedrive. Only `OutcomeUnknown` and `NotPipedrive` leave open whether the work was done. */
export class PipedriveError extends Schema.TaggedError<PipedriveError>()("PipedriveError", {
  reason: Schema.Union([
    BurstLimited,
    BudgetSpent,
    ItemLimited,
    Denied,
    Refused,
    Forbidden,
    NotFound,
    Withdrawn,
    Unreachable,
    NotPipedrive,
    OutcomeUnknown
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/** A request was certainly rejected: nothing was created. */
export type Refusal = Extract<PipedriveError["reason"], { _tag: "Refused" | "NotFound" | "Forbidden" }>

/** Whether a request was certainly rejected. */
export const isRefusal = (reason: PipedriveError["reason"]): reason is Refusal =>
  reason._tag === "Refused" || reason._tag === "NotFound" || reason._tag === "Forbidden"

/**
 * Whether a refusal is a cap of the plan, which ends without a change of what was sent. Its words can name an organization or
 * a contact: "Your organization has reached the limit. Contact your administrator".
 */
export const isCap = (refusal: Refusal): boolean =>
  refusal._tag === "Refused" && refusal.status === 403 && /capping|\blimits?\b/i.test(refusal.message)

/** Handles a refusal. Any other error stays. */
export const whenRefused =
  <B, E2, R2>(handle: (refusal: Refusal) => Effect.Effect<B, E2, R2>) =>
  <A, R>(effect: Effect.Effect<A, PipedriveError, R>): Effect.Effect<A | B, PipedriveError | E2, R | R2> =>
    Effect.catch(
      effect,
      (error): Effect.Effect<B, PipedriveError | E2, R2> =>
        isRefusal(error.reason) ? handle(error.reason) : Effect.fail(error)
    )
