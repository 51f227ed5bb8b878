/** The calls about persons. https://developers.pipedrive.com/docs/api/v1/Persons */
import { Effect, Option, Schema } from "effect"
import { type make as makeCalls, newestFirst } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import type { Begin } from "./send.ts"
import { type Page, WireField } from "./wire.ts"

/** The body of `POST /api/v2/persons`, in the fields that Gitpip sets. */
export interface NewPerson {
  readonly name: string
  readonly emails?: ReadonlyArray<{ readonly value: string; readonly primary: boolean }>
  readonly org_id?: number
  /** By the keys of the fields. */
  readonly custom_fields?: Readonly<Record<string, string>>
}

/** A person as `GET /api/v2/persons` shows it. */
export const StoredPerson = Schema.Struct({
  id: Schema.Int,
  name: Schema.optional(Schema.NullOr(Schema.String)),
  add_time: Schema.optional(Schema.NullOr(Schema.String)),
  update_time: Schema.optional(Schema.NullOr(Schema.String)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean)),
  emails: Schema.optional(
    Schema.NullOr(Schema.Array(Schema.Struct({ value: Schema.optional(Schema.NullOr(Schema.String)) })))
  ),
  custom_fields: Schema.optional(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)))
})
export type StoredPerson = typeof StoredPerson.Type

/** A search answers a person in a form of its own. */
export const FoundPerson = Schema.Struct({
  id: Schema.Int,
  name: Schema.optional(Schema.NullOr(Schema.String)),
  emails: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  // The values alone, as a list.
  custom_fields: Schema.optional(Schema.Unknown)
})
export type FoundPerson = typeof FoundPerson.Type

/** What a search compares with its term. */
export type SearchedField = "custom_fields" | "email" | "name"

type Call<A> = Effect.Effect<A, PipedriveError>

/** Each method names its price in tokens of the company's day budget. */
export interface PersonCalls {
  /** 5 tokens. The id of the new person. */
  readonly createPerson: (person: NewPerson, begin?: Begin) => Call<number>
  /** 3 tokens. Deleting again succeeds. */
  readonly deletePerson: (id: number) => Call<void>
  /** 1 token. `None` when the person is deleted or hidden from the token's user. */
  readonly person: (id: number) => Call<Option.Option<StoredPerson>>
  /**
   * 20 tokens. The first 100 persons with this in the field, without regard to case. `isExact`: the field has nothing else. A
   * cursor says that there are more. The index lags by seconds.
   */
  readonly searchPersons: (
    term: string,
    how: { readonly by: SearchedField; readonly isExact: boolean }
  ) => Call<Page<FoundPerson>>
  /** 10 tokens a page of up to 500, newest first, from `cursor` on. Not delayed like the search. */
  readonly newestPersons: (cursor: Option.Option<string>) => Call<Page<StoredPerson>>
  /** 5 tokens. Adds a field of one line of text to all persons, which needs the rights of an administrator. Answers its key. */
  readonly createPersonField: (name: string) => Call<string>
  /**
   * 10 tokens a page of up to 500, least lately changed first, with one field that the company added. `since` is an instant in
   * whole seconds, as Pipedrive writes it; without one, all persons.
   */
  readonly changedPersons: (options: {
    readonly field: string
    readonly cursor: Option.Option<string>
    readonly since: string | undefined
  }) => Call<Page<StoredPerson>>
}

/** The price of a search, and of a create. */
const searchCost = 20
const createCost = 5

export const make = ({ add, create, list, one, remove, search }: ReturnType<typeof makeCalls>): PersonCalls => ({
  createPerson: Effect.fn("Pipedrive.createPerson")((person: NewPerson, begin?: Begin) =>
    Effect.map(create("v2/persons", person, { cost: createCost, begin }), ({ id }) => id)
  ),
  deletePerson: Effect.fn("Pipedrive.deletePerson")((id: number) => remove(`v2/persons/${id}`)),
  person: Effect.fn("Pipedrive.person")((id: number) => one(StoredPerson, `v2/persons/${id}`)),
  searchPersons: Effect.fn("Pipedrive.searchPersons")(
    (term: string, { by, isExact }: { readonly by: SearchedField; readonly isExact: boolean }) =>
      search(FoundPerson, "v2/persons/search", {
        cost: searchCost,
        query: { term, fields: by, exact_match: `${isExact}`, limit: 100 }
      })
  ),
  newestPersons: Effect.fn("Pipedrive.newestPersons")((cursor: Option.Option<string>) =>
    list(StoredPerson, "v2/persons", { cost: 10, query: newestFirst(cursor) })
  ),
  createPersonField: Effect.fn("Pipedrive.createPersonField")((name: string) =>
    Effect.map(
      add(WireField, "v2/personFields", { body: { field_name: name, field_type: "varchar" }, cost: createCost }),
      ({ field_code }) => field_code
    )
  ),
  changedPersons: Effect.fn("Pipedrive.changedPersons")(({ cursor, field, since }) =>
    list(StoredPerson, "v2/persons", {
      cost: 10,
      query: {
        sort_by: "update_time",
        sort_direction: "asc",
        custom_fields: field,
        limit: 500,
        ...(since === undefined ? {} : { updated_since: since }),
        ...(Option.isSome(cursor) ? { cursor: cursor.value } : {})
      }
    })
  )
})
