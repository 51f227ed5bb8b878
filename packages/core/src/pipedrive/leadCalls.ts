/** The calls about leads, which version 1 of the API alone has. https://developers.pipedrive.com/docs/api/v1/Leads */
import { DateTime, Effect, Option, Schema } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import type { Begin } from "./send.ts"
import { type Page, read, wireOldPage, wireOne } from "./wire.ts"

/** The body of `POST /api/v1/leads`, in the fields that Gitpip sets. */
export interface NewLead {
  readonly title: string
  /** Required, unless the lead has an organization. */
  readonly person_id: number
  readonly organization_id?: number
  /** The token's user without it. */
  readonly owner_id?: number
  /** UUIDs of labels of leads. */
  readonly label_ids?: ReadonlyArray<string>
  /** A number as text, unlike that of deals. */
  readonly visible_to?: string
  /** Shown again by both lists, and no person can edit it. */
  readonly origin_id: string
}

/** A lead as both lists show it. */
export const StoredLead = Schema.Struct({
  /** A UUID. */
  id: Schema.String,
  title: Schema.String,
  origin_id: Schema.optional(Schema.NullOr(Schema.String)),
  add_time: Schema.optional(Schema.NullOr(Schema.String))
})
export type StoredLead = typeof StoredLead.Type

type Call<A> = Effect.Effect<A, PipedriveError>

/** Each method names its price in tokens of the company's day budget. */
export interface LeadCalls {
  /** 10 tokens. The id of the new lead. */
  readonly createLead: (lead: NewLead, begin?: Begin) => Call<string>
  /** 6 tokens. Deleting again succeeds. */
  readonly deleteLead: (id: string) => Call<void>
  /**
   * 20 tokens a page of up to 500, newest first, from `cursor` on: the leads that changed since then and are not archived.
   * A lead that was converted to a deal counts as deleted.
   */
  readonly newestLeads: (since: DateTime.Utc, cursor: Option.Option<string>) => Call<Page<StoredLead>>
  /** 20 tokens a page of up to 500, newest first, from `cursor` on. */
  readonly archivedLeads: (cursor: Option.Option<string>) => Call<Page<StoredLead>>
}

/** The largest page of version 1: https://pipedrive.readme.io/docs/core-api-concepts-pagination */
const pageSize = 500

/** Version 1 takes twice as many tokens as version 2. */
const costs = { create: 10, list: 20, remove: 6 }

/** The form of `updated_since`: on whole seconds. */
const second = (instant: DateTime.Utc): string => DateTime.formatIso(instant).replace(/\.\d+Z$/, "Z")

export const make = ({ page, remove, send }: ReturnType<typeof makeCalls>): LeadCalls => {
  const newest = (path: string, cursor: Option.Option<string>, query: Readonly<Record<string, string>> = {}) => {
    const start = Number(Option.getOrElse(cursor, () => "0"))
    return page(path, { cost: costs.list, query: { ...query, sort: "add_time DESC", start, limit: pageSize } }).pipe(
      Effect.flatMap(read(wireOldPage(StoredLead))),
      Effect.map(({ additional_data: more, data }): Page<StoredLead> => {
        const items = data ?? []
        const hasMore = more?.pagination?.more_items_in_collection ?? more?.more_items_in_collection ?? false
        const next = more?.pagination?.next_start ?? more?.next_start ?? start + items.length
        // A page that leads to itself would be read for ever.
        return { items, cursor: hasMore && next > start ? Option.some(String(next)) : Option.none() }
      })
    )
  }
  return {
    createLead: Effect.fn("Pipedrive.createLead")((lead: NewLead, begin?: Begin) =>
      send("v1/leads", lead, { cost: costs.create, begin }).pipe(
        Effect.flatMap(read(wireOne(Schema.Struct({ id: Schema.String })))),
        Effect.map(({ data }) => data.id)
      )
    ),
    deleteLead: Effect.fn("Pipedrive.deleteLead")((id: string) => remove(`v1/leads/${id}`, costs.remove)),
    newestLeads: Effect.fn("Pipedrive.newestLeads")((since: DateTime.Utc, cursor: Option.Option<string>) =>
      newest("v1/leads", cursor, { updated_since: second(since) })
    ),
    archivedLeads: Effect.fn("Pipedrive.archivedLeads")((cursor: Option.Option<string>) =>
      newest("v1/leads/archived", cursor)
    )
  }
}
