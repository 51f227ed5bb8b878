/**
 * The port through which files are published. Gitpip fills the port with Pipedrive. A program that publishes elsewhere
 * brings a layer of its own; the outbox, the leases and the lookups before sending again stay the same.
 *
 * The contract of a sink: an error says truthfully whether something may have been created. Only `OutcomeUnknown` says that
 * something may have been. Then `find` is called before `create` is called again for the same file.
 */
import { Context, DateTime, type Duration, Effect, Layer, Option, Schema } from "effect"
import type { Content } from "../domain/GistFile.ts"
import { Scope } from "../domain/Scope.ts"
import { Throttling } from "../domain/Throttling.ts"
import type { UserKey } from "../domain/User.ts"
import type { Settings } from "../Settings.ts"

/** What of a user's public profile names the user. */
export interface PublicProfile {
  readonly name: string | null
  readonly email: string | null
  readonly company: string | null
}

/** The user whose file is published. */
export interface Recipient {
  readonly userKey: UserKey
  readonly username: string
  /** As GitHub shows it, once that is known. */
  readonly profile?: PublicProfile | null | undefined
  /** The service's numbers of the deal and the person that a person named for the user. */
  readonly chosenDeal?: number | null | undefined
  readonly chosenPerson?: number | null | undefined
  /** The deal and the person on record when the file was claimed. Both may be forgotten since. */
  readonly knownDeal?: number | null | undefined
  readonly knownPerson?: number | null | undefined
}

/** The service's numbers of what a person names for a user. */
export interface Chosen {
  readonly deal?: number | undefined
  readonly person?: number | undefined
}

/** What a user's first file would name. `id` is `null` for an item that would be created. */
export interface PlannedItem {
  readonly id: number | null
  readonly name: string | null
}

/** The person and the organization that a user's first file would name. */
export interface PlannedContact {
  readonly person: PlannedItem | null
  readonly organization: PlannedItem | null
  /** Why nothing is known, or why a person has to choose. */
  readonly message: string | null
  /** Whether the user's files wait until somebody does what the message says. */
  readonly waits: boolean
}

/** Persons at the service who have a GitHub username, as far as they are read at once. */
export interface SinkContacts {
  /** The text is what people typed: a username, `@name`, or an address. */
  readonly persons: ReadonlyArray<{ readonly id: number; readonly text: string }>
  /** Where the next page begins; `null` on the last one. */
  readonly next: string | null
  /** The latest change among all persons that were read, in the service's own words; `null` when none was. */
  readonly newest: string | null
  /** In units of the sink's budget. */
  readonly cost: number
}

/** The service refuses the place in the list of its persons at which a page should begin. */
export class NoSuchPage extends Schema.TaggedError<NoSuchPage>()("NoSuchPage", { message: Schema.String }) {}

/** The service does not have the deal or the person that was named for a user. */
export class TargetNotFound extends Schema.TaggedError<TargetNotFound>()("TargetNotFound", {
  message: Schema.String
}) {}

/** A file to be published. The created item must bear the file's unique `htmlUrl`, so that `find` finds the item. */
export interface Delivery extends Recipient {
  readonly filename: string
  readonly htmlUrl: string
  readonly gistId: string
  readonly description: string | null
  readonly type: string | null
  /** Bytes. */
  readonly size: number
}

/** The service rejects this item, and waiting does not help. Nothing was created. */
export class ItemRefused extends Schema.TaggedError<ItemRefused>()("ItemRefused", { message: Schema.String }) {}
/**
 * The service rejects the request without saying whether the item, its target or the credential is the reason. Nothing was
 * created. `scope` is a first guess: the answers to other items decide.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String,
  scope: Scope
}) {}
/** The target is gone. Nothing was created, and another target may work. */
export class TargetGone extends Schema.TaggedError<TargetGone>()("TargetGone", { message: Schema.String }) {}
/** The request failed this time. Nothing was created. Another attempt may succeed. */
export class NotSent extends Schema.TaggedError<NotSent>()("NotSent", { message: Schema.String }) {}
/** Something else has to happen first, until `retryAt`. Nothing was created, and no attempt is counted. */
export class NotYet extends Schema.TaggedError<NotYet>()("NotYet", {
  message: Schema.String,
  retryAt: Schema.DateTimeUtcFromString
}) {}
/** The request may or may not have created something. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("SinkOutcomeUnknown", {
  message: Schema.String
}) {}
/** No item can be sent before `until`. Nothing was created. */
export class Paused extends Schema.TaggedError<Paused>()("Paused", {
  message: Schema.String,
  until: Schema.DateTimeUtcFromString,
  /**
   * `service`: a limit that holds every process until then, also after a restart. `self`: this process waits by its own
   * judgement, and another may try.
   */
  enforcedBy: Schema.Literals(["service", "self"]),
  /** Missing when the service answered a request with the limit. */
  throttling: Schema.optionalKey(Throttling)
}) {}
/** This item meets a limit that other items do not meet. Nothing was created, and the item is not sent before `until`. */
export class ItemLimited extends Schema.TaggedError<ItemLimited>()("ItemLimited", {
  message: Schema.String,
  until: Schema.DateTimeUtcFromString
}) {}

/** A sink failed. The reason decides what becomes of the file. */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: Schema.Union([ItemRefused, Forbidden, TargetGone, NotSent, NotYet, OutcomeUnknown, Paused, ItemLimited])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/** What `create` fails with when `begin` answers `false`. */
export const tooLate: Effect.Effect<never, SinkError> = Effect.flatMap(DateTime.now, (retryAt) =>
  Effect.fail(new SinkError({ reason: new NotYet({ message: "The file was not sent in time", retryAt }) }))
)

/** A file to be created on its target. */
export interface Order {
  readonly target: string
  readonly delivery: Delivery
  readonly content: Content
  /** Notes the sending: see `Sink.create`. */
  readonly begin: Effect.Effect<boolean>
}

/** A created item. */
export interface Created {
  /** Names the item at the service. */
  readonly remoteId: string
  /** A sentence for people about something unusual, such as a content that was left out. */
  readonly remark?: string | undefined
}

/** A budget that requests use up, and that is renewed all at once. */
export interface SinkBudget {
  /** By the service's last answer. */
  readonly left: number
  readonly limit: number
  readonly renewsAt: DateTime.Utc
  readonly period: Duration.Duration
}

/** The items that publishing creates, and their cost in units of the sink's budget: for forecasts. */
export interface Price {
  readonly creates: "activities" | "deals" | "leads"
  readonly perFile: number
  /** For each user: finding or creating the target. */
  readonly perUser: number
  /** In place of `perUser`, for a user whose deal is known. Left out: nothing. */
  readonly perKnownDeal?: number
  /** Of `perUser`: the searches that lists take the place of when many users wait. */
  readonly searches?: { readonly deal: number; readonly person: number }
}

/**
 * Pipedrive's prices in tokens: a create 5, a search 20, a note 10.
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
 */
export const activityPrice = (settings: Pick<Settings["Service"], "deal" | "organization" | "person">): Price => {
  // One search for the login, in titles and in fields.
  const search = 20 + (Option.isSome(settings.deal.field) ? 3 : 0)
  return {
    creates: "activities",
    perFile: 5,
    perUser: search + 5 + contactPrice(settings, { isSearched: true }),
    // The deal is read once a day for its owner.
    perKnownDeal: 1,
    searches: { deal: search, person: settings.person.mode === "off" ? 0 : 20 }
  }
}

const hasField = ({ field, mode }: Settings["Service"]["person"]): boolean => mode !== "off" && Option.isSome(field)

/**
 * Finding or creating the user's person, and the organization of the company. A search does not show in which field the login
 * is: 3 deals and 2 persons are counted, and more are read only when these have the login in another field. `isSearched`: a
 * search for the deal finds persons as well.
 */
const contactPrice = (
  { organization, person }: Pick<Settings["Service"], "organization" | "person">,
  { isSearched }: { readonly isSearched: boolean }
): number => {
  const priceOf = { off: 0, link: 20, create: 20 + 5 } as const
  const byField = hasField(person) ? (isSearched ? 0 : 20) + 2 : 0
  return byField + priceOf[person.mode] + priceOf[organization.mode]
}

/** By the e-mail address or the name, and by the login in the field. */
const personSearches = (person: Settings["Service"]["person"]): number =>
  person.mode === "off" ? 0 : 20 + (hasField(person) ? 20 : 0)

/** A file that becomes a deal: the create and the note. There is no deal of the user to find. */
export const dealPrice = (settings: Pick<Settings["Service"], "organization" | "person">): Price => ({
  creates: "deals",
  perFile: 5 + 10,
  perUser: contactPrice(settings, { isSearched: false }),
  searches: { deal: 0, person: personSearches(settings.person) }
})

/** A file that becomes a lead of the user's person: the create, which version 1 alone has, and the note. */
export const leadPrice = (settings: Pick<Settings["Service"], "organization" | "person">): Price => ({
  creates: "leads",
  perFile: 10 + 10,
  perUser: contactPrice(settings, { isSearched: false }),
  searches: { deal: 0, person: personSearches(settings.person) }
})

/** What a forecast knows of the user. */
export interface Forecast {
  /** Whether activities need no new deal. Says nothing of files that become deals or leads. */
  readonly isDealKnown?: boolean | undefined
}

/** The items that a sink creates for a number of files of one user, and their cost at most. */
export const forecast = (price: Price | undefined, files: number, { isDealKnown = false }: Forecast = {}) => {
  const creates = price?.creates ?? "activities"
  const isKnown = isDealKnown && creates === "activities"
  const ofUser = isKnown ? 0 : Math.min(files, 1)
  const deals = price === undefined || creates === "leads" ? 0 : creates === "deals" ? files : ofUser
  const perUser = (isKnown ? price?.perKnownDeal : price?.perUser) ?? 0
  const searches = isKnown ? undefined : price?.searches
  return {
    activities: creates === "activities" ? files : 0,
    deals,
    leads: creates === "leads" ? files : 0,
    tokens: price === undefined || files === 0 ? 0 : files * price.perFile + perUser,
    searchTokens: searches === undefined || files === 0 ? 0 : searches.deal + searches.person
  }
}

/** Completes an item that was created by the first of several requests. */
export type Finish = (remoteId: string, delivery: Delivery, content: Content) => Effect.Effect<Created, SinkError>

/** Where files are published: the port that Pipedrive's sinks fill, or a program's own. */
export class Sink extends Context.Service<
  Sink,
  {
    /** Names the sink's limit, under which a pause is stored. */
    readonly limitKey: string
    /** Why the sink is off. `None` while it is on. */
    readonly off: Option.Option<string>
    /** Checks what the settings of the sink name, before anything is sent. Cheap after a success. Fails with `Paused` only. */
    readonly prepare?: Effect.Effect<void, SinkError>
    /** What the last `prepare` found wrong. */
    readonly fault?: Effect.Effect<Option.Option<string>>
    /** The target of the user's files, found or created. A sink that creates targets must create one for each user. */
    readonly target: (recipient: Recipient) => Effect.Effect<string, SinkError>
    /** Why what a person names for a user cannot be used; empty when nothing is known against it. */
    readonly faultsOf?: (chosen: Chosen) => Effect.Effect<ReadonlyArray<string>, SinkError>
    /** Whom the user's first file would name. Searches, and creates and stores nothing. The user need not be tracked: then the key is 0. */
    readonly contact?: (recipient: Recipient) => Effect.Effect<PlannedContact, SinkError>
    /** A page of the persons with a GitHub username, or of those who changed since. Left out when the settings name no field. */
    readonly contacts?: (from: {
      readonly next: string | null
      readonly changedSince: string | null
    }) => Effect.Effect<SinkContacts, SinkError | NoSuchPage>
    /** Forgets a target that is gone: the next call of `target` answers another one. */
    readonly forget: (recipient: Recipient, target: string) => Effect.Effect<void, SinkError>
    /**
     * Creates the item. `begin` notes the sending, and must run behind every wait, right before the first request that
     * creates something leaves. When `begin` answers `false`, the sink sends nothing and fails with `NotYet` (`tooLate`). When it
     * answers `true`, everything must end within `Timing.createTimeout`.
     */
    readonly create: (order: Order) => Effect.Effect<Created, SinkError>
    /**
     * How an item that `find` found on this target is completed, for a sink that creates one item by several requests.
     * `undefined`: it is complete.
     */
    readonly finishOf?: (target: string) => Finish | undefined
    /** The remote ids of the items that `create` created for this file since then and that still exist, oldest first. */
    readonly find: (
      target: string,
      delivery: Delivery,
      since: DateTime.Utc
    ) => Effect.Effect<ReadonlyArray<string>, SinkError>
    /** How many files may be attempted at a time. Left out: 12. */
    readonly concurrency?: Effect.Effect<number>
    /** A cheap read that succeeds while the service and the credential work. */
    readonly probe?: Effect.Effect<void, SinkError>
    /**
     * The id under which an item that was created twice is noted, for a sink whose remote ids do not say what to delete once
     * its settings have changed. Left out: the remote id.
     */
    readonly duplicateId?: (remoteId: string, target: string) => string
    /** Deletes an item that was created twice, by its remote id or the id that `duplicateId` gave it. */
    readonly deleteDuplicate: (remoteId: string) => Effect.Effect<void, SinkError>
    /** Left out by a sink without a budget. */
    readonly price?: Price
    /** The budget that publishing uses up, if the sink has one and knows its size. A backlog leaves a part to new files. */
    readonly budget: Effect.Effect<Option.Option<SinkBudget>>
    /** Sends nothing until then, for a limit that is stored for all processes on the database. */
    readonly block: (until: DateTime.Utc, message: string) => Effect.Effect<void>
  }
>()("gitpip/Sink") {
  /** Publishes nothing: every file stays `pending` until there is a sink. */
  static readonly layerOff = (why: string, price?: Price): Layer.Layer<Sink> =>
    Layer.succeed(Sink, {
      limitKey: "off",
      off: Option.some(why),
      target: () => Effect.die("a sink that is off was used"),
      forget: () => Effect.void,
      create: () => Effect.die("a sink that is off was used"),
      find: () => Effect.die("a sink that is off was used"),
      deleteDuplicate: () => Effect.void,
      ...(price === undefined ? {} : { price }),
      budget: Effect.succeedNone,
      block: () => Effect.void
    })
}
