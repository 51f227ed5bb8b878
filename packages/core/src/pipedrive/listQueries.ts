/**
 * The queries of lists that stand in for many searches.
 * https://pipedrive.readme.io/docs/core-api-concepts-pagination
 */
import { type DateTime, Option } from "effect"
import { pageSize } from "./listing.ts"

/** Which items count as changed, and what of them is answered. */
export interface Changed {
  /** The key of the one field of the company's own that is answered with each item. */
  readonly field?: string | undefined
  /** Changed then or later, by Pipedrive's clock. Missing: all. */
  readonly since?: DateTime.Utc | undefined
  /** 500 at most. */
  readonly limit: number
}

/** Fractions of a second are refused: a field report, https://github.com/wavyx/pdcli/releases */
const wholeSeconds = (instant: DateTime.Utc): string =>
  `${new Date(instant.epochMilliseconds).toISOString().slice(0, 19)}Z`

/** The parameter, unless the value is missing. */
export const given = <K extends string, A>(name: K, value: A | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in K]?: A }

const common = (field: string | undefined, cursor: Option.Option<string>) => ({
  ...given("custom_fields", field),
  ...given("cursor", Option.getOrUndefined(cursor))
})

/** A page of all items by rising ids, from `cursor` on. */
export const byRisingIds = ({ field }: Pick<Changed, "field">, cursor: Option.Option<string>) => ({
  sort_by: "id",
  sort_direction: "asc",
  limit: pageSize,
  ...common(field, cursor)
})

/** A page of the items that changed, the last changed first, from `cursor` on. */
export const lastChanged = ({ field, limit, since }: Changed, cursor: Option.Option<string>) => ({
  sort_by: "update_time",
  sort_direction: "desc",
  limit,
  ...given("updated_since", since && wholeSeconds(since)),
  ...common(field, cursor)
})
