/** Lists of version 2: filters, order and cursor pages. */
import { jsonReply, type Reply } from "../reply.ts"
import { invalid, type Query } from "./requests.ts"
import {
  type PipedriveActivity,
  type PipedriveDeal,
  type PipedriveOrganization,
  type PipedrivePerson,
  pageOf,
  type Row
} from "./state.ts"

export interface Listing<T> {
  /** In order of ids. */
  readonly rows: ReadonlyArray<Row<T>>
  /** Parameters that a value's field of the same name must equal. */
  readonly filters: ReadonlyArray<string>
  readonly isShown: (value: T) => boolean
  /** Epoch milliseconds. */
  readonly at: number
}

/** `filter_id` switches all other filters off, without an error. */
export const areFiltersOn = (query: Query): boolean => query.filter_id === undefined

export const list = <T extends PipedriveActivity | PipedriveDeal | PipedriveOrganization | PipedrivePerson>(
  query: Query,
  listing: Listing<T>
): Reply => {
  const { at, isShown, rows } = listing
  const filters = areFiltersOn(query) ? listing.filters.filter((name) => query[name] !== undefined) : []
  const ids = query.ids === undefined || !areFiltersOn(query) ? undefined : new Set(query.ids.split(","))
  const since = query.updated_since === undefined ? undefined : Date.parse(query.updated_since)
  const until = query.updated_until === undefined ? undefined : Date.parse(query.updated_until)
  const page = pageOf({
    rows,
    keep: ({ listedAt, value }) =>
      listedAt <= at &&
      isShown(value) &&
      filters.every((name) => String(value[name as keyof T]) === query[name]) &&
      (ids === undefined || ids.has(`${value.id}`)) &&
      (since === undefined || Date.parse(value.update_time) >= since) &&
      (until === undefined || Date.parse(value.update_time) < until),
    sortBy: query.sort_by ?? "id",
    descending: query.sort_direction === "desc",
    limit: Number(query.limit ?? 100),
    cursor: query.cursor
  })
  if (page === undefined) return invalid(["cursor: Invalid cursor"])
  return jsonReply(200, { success: true, data: page.data, additional_data: { next_cursor: page.nextCursor } })
}
