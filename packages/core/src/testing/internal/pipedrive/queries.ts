/** What the fake accepts in the queries of Pipedrive's requests. */
import { type Check, expects, oneOf, pattern, type Shape, uuid } from "./checks.ts"

const id = pattern("integer", /^(0|[1-9]\d{0,14})$/)
const flag = pattern("boolean", /^(true|false)$/)
const any = pattern("string", /^/)
/** Fractions of a second are refused. */
const second = pattern("a date-time on whole seconds", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/)

const limited = (max: number): Check =>
  expects(
    `integer between 1 and ${max}`,
    (value) => typeof value === "string" && /^[1-9]\d{0,5}$/.test(value) && Number(value) <= max
  )

const ids = expects(
  "at most 100 integers, separated by commas",
  (value) => typeof value === "string" && /^\d+(,\d+){0,99}$/.test(value)
)

const listQuery = {
  filter_id: id,
  ids,
  owner_id: id,
  person_id: id,
  org_id: id,
  updated_since: second,
  updated_until: second,
  sort_direction: oneOf(["asc", "desc"]),
  include_fields: any,
  limit: limited(500),
  cursor: any
}

export const activitiesQuery: Shape = {
  ...listQuery,
  deal_id: id,
  lead_id: any,
  done: flag,
  sort_by: oneOf(["id", "update_time", "add_time", "due_date"])
}

export const dealsQuery: Shape = {
  ...listQuery,
  pipeline_id: id,
  stage_id: id,
  custom_fields: any,
  status: pattern("statuses, separated by commas", /^(open|won|lost|deleted)(,(open|won|lost|deleted))*$/),
  sort_by: oneOf(["id", "update_time", "add_time"])
}

const { person_id: _person, ...personsListQuery } = listQuery
export const personsQuery: Shape = {
  ...personsListQuery,
  deal_id: id,
  custom_fields: any,
  sort_by: oneOf(["id", "update_time", "add_time"])
}

export const personSearchQuery: Shape = {
  term: any,
  fields: pattern(
    "fields, separated by commas",
    /^(custom_fields|email|notes|phone|name)(,(custom_fields|email|notes|phone|name))*$/
  ),
  exact_match: flag,
  organization_id: id,
  include_fields: any,
  limit: limited(100),
  cursor: any
}

const { org_id: _organization, ...organizationsListQuery } = personsListQuery
export const organizationsQuery: Shape = {
  ...organizationsListQuery,
  custom_fields: any,
  include_option_labels: flag,
  include_labels: flag,
  sort_by: oneOf(["id", "update_time", "add_time"])
}

/** Some of these words, separated by commas. */
const wordsOf = (words: ReadonlyArray<string>): Check =>
  pattern("words, separated by commas", new RegExp(`^(${words.join("|")})(,(${words.join("|")}))*$`))

export const organizationSearchQuery: Shape = {
  term: any,
  fields: wordsOf(["address", "custom_fields", "notes", "name"]),
  exact_match: flag,
  limit: limited(100),
  cursor: any
}

export const itemSearchQuery: Shape = {
  term: any,
  item_types: wordsOf(["deal", "person", "organization", "product", "lead", "file", "mail_attachment", "project"]),
  fields: wordsOf(["address", "code", "custom_fields", "email", "name", "notes", "phone", "title", "description"]),
  search_for_related_items: flag,
  exact_match: flag,
  include_fields: any,
  limit: limited(100),
  cursor: any
}

/** The published maximum is 500; the live service is said to refuse more than 100 (https://github.com/wavyx/pdcli/releases). */
export const searchQuery: Shape = {
  term: any,
  fields: pattern("fields, separated by commas", /^(title|notes|custom_fields)(,(title|notes|custom_fields))*$/),
  exact_match: flag,
  person_id: id,
  organization_id: id,
  status: oneOf(["open", "won", "lost"]),
  include_fields: any,
  limit: limited(100),
  cursor: any
}

/** `updated_since` is described for leads that are not archived. Each field of `sort` has a direction. */
export const leadsQuery: Shape = {
  start: id,
  limit: limited(500),
  owner_id: id,
  person_id: id,
  organization_id: id,
  filter_id: id,
  updated_since: second,
  sort: pattern(
    "a field and its direction",
    /^(id|title|owner_id|creator_id|was_seen|expected_close_date|next_activity_id|add_time|update_time) (ASC|DESC)$/
  )
}

export const notesQuery: Shape = {
  deal_id: id,
  lead_id: pattern("uuid", uuid),
  start: id,
  limit: limited(500),
  sort: any
}

const paged = { limit: limited(500), cursor: any, sort_direction: oneOf(["asc", "desc"]) }

export const pipelinesQuery: Shape = { ...paged, sort_by: oneOf(["id", "update_time", "add_time"]) }

export const stagesQuery: Shape = {
  ...paged,
  pipeline_id: id,
  sort_by: oneOf(["id", "update_time", "add_time", "order_nr"])
}

export const fieldsQuery: Shape = { limit: limited(500), cursor: any, include_fields: any }

export const oneQuery: Shape = { include_fields: any, custom_fields: any }
