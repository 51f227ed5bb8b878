/**
 * Pipedrive's REST API (v2), as far as Gitpip needs it: activities, deals, leads, notes, persons and organizations.
 *
 * Guarantees: one throttle for all requests with one token, and no request is repeated (transport.ts); every error says
 * whether the work may have been done all the same (errors.ts, classify.ts).
 *
 * Sources: https://developers.pipedrive.com/docs/api/v1/openapi-v2.yaml ,
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting ,
 * https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes
 */
import { createHash } from "node:crypto"
import { Context, type DateTime, Duration, Effect, Layer, type Option, Redacted, Schema } from "effect"
import { HttpClient } from "effect/http"
import * as Timing from "../domain/Timing.ts"
import { SharedQuota } from "../limits/SharedQuota.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import type { PipedriveSettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as Calls from "./calls.ts"
import * as DealLists from "./dealLists.ts"
import type { PipedriveError } from "./errors.ts"
import * as ItemCalls from "./itemCalls.ts"
import * as LeadCalls from "./leadCalls.ts"
import type { DayBudget } from "./limits.ts"
import type { DealChoices, Named, NamedField, NamedLeadLabel, NamedStage, NamedType, NamedUser } from "./lists.ts"
import * as Lists from "./lists.ts"
import * as OrganizationCalls from "./organizationCalls.ts"
import * as PersonCalls from "./personCalls.ts"
import * as PersonLists from "./personLists.ts"
import type { Begin } from "./transport.ts"
import * as Transport from "./transport.ts"
import {
  FoundDeal,
  type NewActivity,
  type NewDeal,
  type Page,
  StoredActivity,
  StoredDeal,
  StoredNote,
  WireCurrentUser
} from "./wire.ts"

export { PipedriveError } from "./errors.ts"
export type { StoredLead } from "./leadCalls.ts"
export type { DayBudget } from "./limits.ts"
export type { DealChoices, Named, NamedField, NamedLeadLabel, NamedStage, NamedType, NamedUser } from "./lists.ts"
export type { Begin } from "./transport.ts"
export type { FoundDeal, NewActivity, NewDeal, Page, StoredActivity, StoredDeal, StoredNote } from "./wire.ts"

/** A new deal, with its owner when Pipedrive reports it. */
export interface CreatedDeal {
  readonly id: number
  readonly ownerId: number | undefined
}

/** What a note is attached to. https://developers.pipedrive.com/docs/api/v1/Notes#addNote */
export type NoteParent = { readonly deal_id: number } | { readonly lead_id: string }

type Call<A> = Effect.Effect<A, PipedriveError>

/** Files wait for the read of the time zone, though no file needs it. So the read takes no longer than this. */
const probeTimeout = Duration.seconds(10)

/** Publishing needs no time zone: a limit that only this read meets holds nothing else back for longer. */
const pauseForZone = Duration.seconds(30)

/** Names the limits of a token at an origin by a hash, without naming the token. */
const limitKeyOf = ({ origin, token }: PipedriveSettings): string => {
  const hash = createHash("sha256")
    .update(`${origin}\n${Redacted.value(token)}`)
    .digest("hex")
  return `pipedrive:${hash.slice(0, 16)}`
}

/** Each method names its price in tokens of the company's day budget. */
export class Pipedrive extends Context.Service<
  Pipedrive,
  {
    /** Names the limits that apply, without naming the token. */
    readonly limitKey: string
    readonly origin: string
    /** 5 tokens. The id of the new activity. */
    readonly createActivity: (activity: NewActivity, begin?: Begin) => Call<number>
    /** 1 token. `None` when the activity is deleted or hidden from the token's user. */
    readonly activity: (id: number) => Call<Option.Option<StoredActivity>>
    /** 3 tokens. Deleting again succeeds. */
    readonly deleteActivity: (id: number) => Call<void>
    /** 10 tokens a page of up to 500, newest first, from `cursor` on. */
    readonly activitiesOfDeal: (dealId: number, cursor: Option.Option<string>) => Call<Page<StoredActivity>>
    /** 10 tokens a page of up to 500, newest first, from `cursor` on: of all deals. */
    readonly newestActivities: (cursor: Option.Option<string>) => Call<Page<StoredActivity>>
    /** 5 tokens. The id of the new deal. */
    readonly createDeal: (deal: NewDeal, begin?: Begin) => Call<CreatedDeal>
    /** 3 tokens. Deleting again succeeds. */
    readonly deleteDeal: (id: number) => Call<void>
    /** 1 token. `None` when the deal is deleted or hidden from the token's user. */
    readonly deal: (id: number) => Call<Option.Option<StoredDeal>>
    /** 20 tokens. The first 100 open deals with this in their title, or as their title. The index lags by seconds. */
    readonly searchDeals: (term: string, how: { readonly isWholeTitle: boolean }) => Call<Page<FoundDeal>>
    /** 10 tokens a page of up to 500, newest first, from `cursor` on. Not delayed like the search. */
    readonly newestDeals: (cursor: Option.Option<string>) => Call<Page<StoredDeal>>
    /** 10 tokens (v1 only). */
    readonly createNote: (note: NoteParent & { readonly content: string }) => Call<number>
    /** 20 tokens (v1 only). The first 100. */
    readonly notesOf: (parent: NoteParent) => Call<ReadonlyArray<StoredNote>>
    /** 2 tokens (v1 only). Succeeds while the token is accepted. `timeZone` is an IANA name, or empty. */
    readonly me: Call<{ readonly timeZone: string }>
    /** 20 tokens (v1 only). The active activity types; `key` is the `key_string`. */
    readonly activityTypes: Call<ReadonlyArray<NamedType>>
    /** 10 tokens for each 500. */
    readonly pipelines: Call<ReadonlyArray<Named>>
    /** 10 tokens for each 500. Of all pipelines. */
    readonly stages: Call<ReadonlyArray<NamedStage>>
    /** 20 tokens (v1 only). Users who are active. */
    readonly users: Call<ReadonlyArray<NamedUser>>
    /** 10 tokens for each 500 fields. The choices of deals' labels, and of who sees a deal. */
    readonly dealChoices: Call<DealChoices>
    /** 10 tokens for each 500 fields. The fields of persons that the company added, with a line of text each. */
    readonly personFields: Call<ReadonlyArray<NamedField>>
    /** 10 tokens for each 500 fields. The priorities of activities. */
    readonly priorities: Call<ReadonlyArray<Named>>
    /** 20 tokens (v1 only). */
    readonly leadLabels: Call<ReadonlyArray<NamedLeadLabel>>
    /** The rest of the burst window, by Pipedrive's last response. */
    readonly limits: Effect.Effect<ThrottleState>
    /** The company's tokens of the day, by the last response that reported them. */
    readonly budget: Effect.Effect<Option.Option<DayBudget>>
    /** How many files may be attempted at a time, by the burst limit that Pipedrive last reported. */
    readonly concurrency: Effect.Effect<number>
    /** Sends nothing until then, for a limit that is stored for all processes on the database. */
    readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
  } & DealLists.DealLists &
    ItemCalls.ItemCalls &
    OrganizationCalls.OrganizationCalls &
    LeadCalls.LeadCalls &
    PersonCalls.PersonCalls &
    PersonLists.PersonLists
>()("gitpip/Pipedrive") {
  static readonly layer = (settings: PipedriveSettings): Layer.Layer<Pipedrive, never, HttpClient.HttpClient> =>
    Layer.effect(
      Pipedrive,
      Effect.gen(function* () {
        const limitKey = limitKeyOf(settings)
        const transport = Transport.make({
          client: yield* HttpClient.HttpClient,
          limitKey,
          quotas: yield* SharedQuota,
          settings
        })

        const calls = Calls.make({ origin: settings.origin, transport })
        const { create, get, list, one, remove, search } = calls
        const lists = Lists.make(list)

        return Pipedrive.of({
          limitKey,
          origin: settings.origin,
          createActivity: (activity: NewActivity, begin?: Begin) =>
            create("v2/activities", activity, { cost: Timing.createCost, begin }).pipe(
              Effect.map(({ id }) => id),
              Telemetry.inSpan("Pipedrive.createActivity")
            ),
          activity: Effect.fn("Pipedrive.activity")((id: number) => one(StoredActivity, `v2/activities/${id}`)),
          deleteActivity: Effect.fn("Pipedrive.deleteActivity")((id: number) => remove(`v2/activities/${id}`)),
          activitiesOfDeal: Effect.fn("Pipedrive.activitiesOfDeal")((dealId: number, cursor: Option.Option<string>) =>
            list(StoredActivity, "v2/activities", {
              cost: 10,
              query: { deal_id: dealId, ...Calls.newestFirst(cursor) }
            })
          ),
          newestActivities: Effect.fn("Pipedrive.newestActivities")((cursor: Option.Option<string>) =>
            list(StoredActivity, "v2/activities", { cost: 10, query: Calls.newestFirst(cursor) })
          ),
          createDeal: Effect.fn("Pipedrive.createDeal")((deal: NewDeal, begin?: Begin) =>
            create("v2/deals", deal, { cost: Timing.createCost, begin })
          ),
          deleteDeal: Effect.fn("Pipedrive.deleteDeal")((id: number) => remove(`v2/deals/${id}`)),
          deal: Effect.fn("Pipedrive.deal")((id: number) => one(StoredDeal, `v2/deals/${id}`)),
          searchDeals: Effect.fn("Pipedrive.searchDeals")(
            (term: string, { isWholeTitle }: { readonly isWholeTitle: boolean }) =>
              search(FoundDeal, "v2/deals/search", {
                cost: 20,
                query: { term, fields: "title", exact_match: `${isWholeTitle}`, status: "open", limit: 100 }
              })
          ),
          newestDeals: Effect.fn("Pipedrive.newestDeals")((cursor: Option.Option<string>) =>
            list(StoredDeal, "v2/deals", { cost: 10, query: Calls.newestFirst(cursor) })
          ),
          ...DealLists.make(list),
          createNote: Effect.fn("Pipedrive.createNote")((body: NoteParent & { readonly content: string }) =>
            Effect.map(create("v1/notes", body, { cost: 10 }), ({ id }) => id)
          ),
          notesOf: Effect.fn("Pipedrive.notesOf")((parent: NoteParent) =>
            Effect.map(
              list(StoredNote, "v1/notes", { cost: 20, query: { ...parent, limit: 100 } }),
              ({ items }) => items
            )
          ),
          me: transport.call(get("v1/users/me"), { cost: 2, maxPause: pauseForZone, timeout: probeTimeout }).pipe(
            Effect.map((body) => ({
              timeZone: Schema.is(WireCurrentUser)(body) ? (body.data.timezone_name ?? "") : ""
            })),
            Effect.withSpan("Pipedrive.me")
          ),
          ...lists,
          ...ItemCalls.make(calls),
          ...OrganizationCalls.make(calls),
          ...PersonCalls.make(calls),
          ...PersonLists.make(list),
          ...LeadCalls.make(calls),
          limits: transport.limits,
          budget: transport.budget,
          concurrency: transport.concurrency,
          block: transport.block
        })
      })
    )
}
