/** The calls about organizations. https://developers.pipedrive.com/docs/api/v1/Organizations */
import { Effect, type Option, Schema } from "effect"
import { type make as makeCalls, newestFirst } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import type { Begin } from "./send.ts"
import type { Page } from "./wire.ts"

/** The body of `POST /api/v2/organizations`, in the fields that Gitpip sets. */
export interface NewOrganization {
  readonly name: string
}

/** An organization as `GET /api/v2/organizations` shows it, and a search. */
export const StoredOrganization = Schema.Struct({
  id: Schema.Int,
  name: Schema.optional(Schema.NullOr(Schema.String)),
  add_time: Schema.optional(Schema.NullOr(Schema.String)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean))
})
export type StoredOrganization = typeof StoredOrganization.Type

type Call<A> = Effect.Effect<A, PipedriveError>

/** Each method names its price in tokens of the company's day budget. */
export interface OrganizationCalls {
  /** 5 tokens. The id of the new organization. */
  readonly createOrganization: (organization: NewOrganization, begin?: Begin) => Call<number>
  /** 3 tokens. Deleting again succeeds. */
  readonly deleteOrganization: (id: number) => Call<void>
  /** 20 tokens. The first 100 organizations with exactly this name, without regard to case. The index lags by seconds. */
  readonly searchOrganizations: (name: string) => Call<ReadonlyArray<StoredOrganization>>
  /** 10 tokens a page of up to 500, newest first, from `cursor` on. Not delayed like the search. */
  readonly newestOrganizations: (cursor: Option.Option<string>) => Call<Page<StoredOrganization>>
}

export const make = ({ create, list, remove, search }: ReturnType<typeof makeCalls>): OrganizationCalls => ({
  createOrganization: Effect.fn("Pipedrive.createOrganization")((organization: NewOrganization, begin?: Begin) =>
    Effect.map(create("v2/organizations", organization, { cost: 5, begin }), ({ id }) => id)
  ),
  deleteOrganization: Effect.fn("Pipedrive.deleteOrganization")((id: number) => remove(`v2/organizations/${id}`)),
  searchOrganizations: Effect.fn("Pipedrive.searchOrganizations")((term: string) =>
    Effect.map(
      search(StoredOrganization, "v2/organizations/search", {
        cost: 20,
        query: { term, fields: "name", exact_match: "true", limit: 100 }
      }),
      ({ items }) => items
    )
  ),
  newestOrganizations: Effect.fn("Pipedrive.newestOrganizations")((cursor: Option.Option<string>) =>
    list(StoredOrganization, "v2/organizations", { cost: 10, query: newestFirst(cursor) })
  )
})
