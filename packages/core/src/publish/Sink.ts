/**
 * The port to where files are published. Pipedrive fills it here; a program that wants them elsewhere brings its own
 * layer, and everything around it (the outbox, leases, looking before sending again) stays as it is.
 *
 * The contract of a sink: an error says truthfully whether something may have been created. Only `OutcomeUnknown` may,
 * and after it `find` is asked before `create` is called again for the same file.
 */
import { Context, DateTime, type Duration, Effect, Layer, Option, Schema } from "effect"
import type { Content } from "../domain/GistFile.ts"
import { Scope } from "../domain/Scope.ts"
import type { UserKey } from "../domain/User.ts"

/** Whose file it is. */
export interface Recipient {
  readonly userKey: UserKey
  readonly username: string
}

/** A file on its way. `htmlUrl` is unique to it: whatever is created must bear it, so that it can be found again. */
export interface Delivery extends Recipient {
  readonly filename: string
  readonly htmlUrl: string
  readonly gistId: string
  readonly description: string | null
  readonly type: string | null
  /** Bytes. */
  readonly size: number
}

/** This one item is not accepted, and waiting does not help. Nothing was created. */
export class ItemRefused extends Schema.TaggedError<ItemRefused>()("ItemRefused", { message: Schema.String }) {}
/**
 * It is not accepted, and the answer does not say whether that is this item's fault, its target's or the credential's.
 * Nothing was created. `scope` is what the answer looks like; what other items are answered decides.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String,
  scope: Scope
}) {}
/** What it should hang on is no more. Nothing was created; with a new target it may work. */
export class TargetGone extends Schema.TaggedError<TargetGone>()("TargetGone", { message: Schema.String }) {}
/** It did not work this time. Nothing was created. */
export class NotSent extends Schema.TaggedError<NotSent>()("NotSent", { message: Schema.String }) {}
/** Something else has to happen first, and will by then. Nothing was created, and this does not count as a try. */
export class NotYet extends Schema.TaggedError<NotYet>()("NotYet", {
  message: Schema.String,
  retryAt: Schema.DateTimeUtcFromString
}) {}
/** It may or may not have been created. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("SinkOutcomeUnknown", {
  message: Schema.String
}) {}
/** Nothing works before that instant, for no item. Nothing was created. */
export class Paused extends Schema.TaggedError<Paused>()("Paused", {
  message: Schema.String,
  until: Schema.DateTimeUtcFromString,
  /** Whether a later process must wait as well: it is a limit, not a fault that a new setting may have mended. */
  binding: Schema.Boolean
}) {}
/** This item meets a limit that others do not meet. Nothing was created, and it is not sent before that instant. */
export class ItemLimited extends Schema.TaggedError<ItemLimited>()("ItemLimited", {
  message: Schema.String,
  until: Schema.DateTimeUtcFromString
}) {}

export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Union([ItemRefused, Forbidden, TargetGone, NotSent, NotYet, OutcomeUnknown, Paused, ItemLimited])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/** What `create` fails with when `begin` answers `false`. */
export const tooLate: Effect.Effect<never, SinkError> = Effect.flatMap(DateTime.now, (retryAt) =>
  Effect.fail(new SinkError({ reason: new NotYet({ message: "it was not sent in time", retryAt }) }))
)

/** What was created. */
export interface Created {
  /** What it is called there. */
  readonly remoteId: string
  /** What differs from the usual, as a sentence: the content was left out, for example. */
  readonly remark?: string | undefined
}

/** A budget that is used up by requests and renewed all at once. */
export interface Budget {
  /** By the service's last word. */
  readonly left: number
  readonly limit: number
  readonly renewsAt: DateTime.Utc
  readonly period: Duration.Duration
}

/** What publishing makes, and what it costs in units of the sink's budget: for forecasts. */
export interface Price {
  readonly creates: "activities" | "deals"
  readonly perFile: number
  /** At most, for each user: finding or making what their files hang on. */
  readonly perUser: number
}

/**
 * Pipedrive's prices in tokens: a create 5, a search 20, a note 10.
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
 */
export const activityPrice: Price = { creates: "activities", perFile: 5, perUser: 20 + 5 }
export const dealPrice: Price = { creates: "deals", perFile: 5 + 10, perUser: 0 }

/** What a sink makes of a number of files of one user, and what that costs at most. */
export const forecast = (price: Price | undefined, files: number) => ({
  activities: price?.creates === "deals" ? 0 : files,
  deals: price === undefined || files === 0 ? 0 : price.creates === "deals" ? files : 1,
  tokens: price === undefined || files === 0 ? 0 : files * price.perFile + price.perUser
})

export class Sink extends Context.Service<
  Sink,
  {
    /** Names what limits the sink, so that a pause is remembered for it. */
    readonly limitKey: string
    /** Where files can be sent at all: `None`, or why not. */
    readonly off: Option.Option<string>
    /** What the user's files hang on, found or made. May create something, so it keeps its own books. */
    readonly target: (recipient: Recipient) => Effect.Effect<string, SinkError>
    /** The target is no more: the next call of `target` brings another. */
    readonly forget: (recipient: Recipient, target: string) => Effect.Effect<void, SinkError>
    /**
     * Creates it. `begin` must be run right before the first request that creates
     * something leaves, behind every wait: it notes the sending. With `false` the file may not be sent any more, which is
     * a failure with `NotYet`. From there on everything must end within `Timing.createTimeout`.
     */
    readonly create: (
      target: string,
      delivery: Delivery,
      content: Content,
      begin: Effect.Effect<boolean>
    ) => Effect.Effect<Created, SinkError>
    /** Completes what `find` found, for a sink that creates one thing by several requests. */
    readonly finish?: (remoteId: string, delivery: Delivery, content: Content) => Effect.Effect<Created, SinkError>
    /** Everything that earlier calls of `create` for this file made since then and that is still there, oldest first. */
    readonly find: (
      target: string,
      delivery: Delivery,
      since: DateTime.Utc
    ) => Effect.Effect<ReadonlyArray<string>, SinkError>
    /** A cheap read that succeeds while the service and the credential work. */
    readonly probe?: Effect.Effect<void, SinkError>
    /** Deletes what was created twice. */
    readonly retract: (remoteId: string) => Effect.Effect<void, SinkError>
    /** Left out by a sink without a budget. */
    readonly price?: Price
    /** The budget that publishing uses up, when the sink has one and knows it. A backlog leaves a part of it to new files. */
    readonly budget: Effect.Effect<Option.Option<Budget>>
    /** Keeps the door closed until then, as an earlier process was told. */
    readonly close: (until: DateTime.Utc, message: string) => Effect.Effect<void>
  }
>()("gitpip/Sink") {
  /** Publishes nothing: everything waits as `pending` until there is a sink. */
  static readonly layerOff = (why: string, price?: Price): Layer.Layer<Sink> =>
    Layer.succeed(Sink, {
      limitKey: "off",
      off: Option.some(why),
      target: () => Effect.die("a sink that is off was used"),
      forget: () => Effect.void,
      create: () => Effect.die("a sink that is off was used"),
      find: () => Effect.die("a sink that is off was used"),
      retract: () => Effect.void,
      ...(price === undefined ? {} : { price }),
      budget: Effect.succeedNone,
      close: () => Effect.void
    })
}
