/**
 * Pipedrive's strict reading of bodies and queries: version 2 refuses what it does not know instead of ignoring it
 * (https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide, https://github.com/n8n-io/n8n/pull/30890).
 *
 * Where the service is not described, the strictest reading is taken: no `null` unless the description allows it, no
 * U+0000 and no half of a surrogate pair in any text, 255 UTF-16 units in a subject or title.
 */

/** The faults of a value, each beginning with the field's name. */
export type Check = (value: unknown, name: string) => ReadonlyArray<string>

export type Shape = Readonly<Record<string, Check>>

const GOOD: ReadonlyArray<string> = []

const expects =
  (what: string, accept: (value: unknown) => boolean): Check =>
  (value, name) =>
    accept(value) ? GOOD : [`${name}: Expected ${what}, received ${nameOf(value)}`]

const nameOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

const integer = expects("integer", Number.isSafeInteger)
const number = expects("number", Number.isFinite)
const boolean = expects("boolean", (value) => typeof value === "boolean")

const text: Check = (value, name) => {
  if (typeof value !== "string") return [`${name}: Expected string, received ${nameOf(value)}`]
  return value.includes("\0") || !value.isWellFormed() ? [`${name}: String contains invalid characters`] : GOOD
}

const shortText: Check = (value, name) => {
  const faults = text(value, name)
  if (faults.length > 0 || typeof value !== "string") return faults
  return value.length > 255 ? [`${name}: String must contain at most 255 character(s)`] : GOOD
}

const nameText: Check = (value, name) => (value === "" ? [`${name}: String must not be empty`] : shortText(value, name))

const pattern = (what: string, regex: RegExp): Check =>
  expects(what, (value) => typeof value === "string" && regex.test(value))

/** A date-time is refused here (https://github.com/n8n-io/n8n/tree/master/packages/nodes-base/nodes/Pipedrive/v2/helpers). */
const date: Check = expects(
  "a date in the form YYYY-MM-DD",
  (value) => typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))
)
const time = pattern("a time in the form HH:MM or HH:MM:SS", /^\d{2}:[0-5]\d(:[0-5]\d)?$/)

const nullable =
  (check: Check): Check =>
  (value, name) =>
    value === null ? GOOD : check(value, name)

const oneOf = (values: ReadonlyArray<unknown>): Check =>
  expects(values.map((value) => JSON.stringify(value)).join(" | "), (value) => values.includes(value))

const listOf =
  (check: Check): Check =>
  (value, name) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item, `${name}[${index}]`))
      : [`${name}: Expected array, received ${nameOf(value)}`]

const object =
  (shape: Shape): Check =>
  (value, name) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([key, field]) => checkOf(shape, key)(field, `${name}.${key}`))
      : [`${name}: Expected object, received ${nameOf(value)}`]

const checkOf = (shape: Shape, key: string): Check =>
  (Object.hasOwn(shape, key) ? shape[key] : undefined) ??
  ((_value, name) => [`${name}: Parameter '${key}' is not allowed for this request`])

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** All faults of a body or query, in the order of its keys. */
export const faultsOf = (
  shape: Shape,
  value: Readonly<Record<string, unknown>>,
  required: ReadonlyArray<string> = []
): ReadonlyArray<string> => [
  ...required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${key}: Required`),
  ...Object.entries(value).flatMap(([key, field]) => checkOf(shape, key)(field, key))
]

const location = object(
  Object.fromEntries(
    [
      "value",
      "country",
      "admin_area_level_1",
      "admin_area_level_2",
      "locality",
      "sublocality",
      "route",
      "street_number",
      "subpremise",
      "postal_code"
    ].map((name) => [name, text])
  )
)

export const activityBody = (types: ReadonlyArray<string>): Shape => ({
  subject: shortText,
  type: oneOf(types),
  owner_id: integer,
  deal_id: integer,
  lead_id: text,
  person_id: integer,
  org_id: integer,
  project_id: integer,
  due_date: date,
  due_time: time,
  duration: time,
  busy: boolean,
  done: boolean,
  location,
  participants: listOf(object({ person_id: integer, primary: boolean })),
  attendees: listOf(
    object({ email: text, name: text, status: text, is_organizer: boolean, person_id: integer, user_id: integer })
  ),
  public_description: text,
  priority: integer,
  note: text,
  outcome: nullable(integer)
})

export const dealBody: Shape = {
  title: nameText,
  owner_id: integer,
  person_id: nullable(integer),
  org_id: nullable(integer),
  pipeline_id: integer,
  stage_id: integer,
  value: number,
  currency: text,
  is_archived: boolean,
  archive_time: text,
  status: oneOf(["open", "won", "lost"]),
  probability: nullable(number),
  lost_reason: text,
  visible_to: oneOf([1, 3, 5, 7]),
  close_time: nullable(text),
  won_time: text,
  lost_time: text,
  expected_close_date: date,
  label_ids: listOf(integer),
  custom_fields: (value, name) => (isRecord(value) ? GOOD : [`${name}: Expected object, received ${nameOf(value)}`])
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const contact = listOf(object({ value: text, primary: boolean, label: text }))

export const personBody: Shape = {
  name: nameText,
  owner_id: integer,
  org_id: integer,
  add_time: text,
  emails: contact,
  phones: contact,
  visible_to: oneOf([1, 3, 5, 7]),
  label_ids: listOf(integer),
  marketing_status: oneOf(["no_consent", "unsubscribed", "subscribed", "archived"]),
  custom_fields: (value, name) => (isRecord(value) ? GOOD : [`${name}: Expected object, received ${nameOf(value)}`])
}

export const organizationBody: Shape = {
  name: nameText,
  owner_id: integer,
  add_time: text,
  visible_to: oneOf([1, 3, 5, 7]),
  label_ids: listOf(integer),
  address: location,
  website: nullable(text),
  linkedin: nullable(text),
  industry: nullable(integer),
  annual_revenue: nullable(number),
  employee_count: nullable(integer),
  custom_fields: (value, name) => (isRecord(value) ? GOOD : [`${name}: Expected object, received ${nameOf(value)}`])
}

/** https://developers.pipedrive.com/docs/api/v1/PersonFields#addPersonField, in version 2. */
export const fieldBody: Shape = {
  field_name: nameText,
  field_type: oneOf([
    ...["varchar", "text", "double", "phone", "date", "daterange", "time", "timerange", "set", "enum"],
    ...["varchar_auto", "address", "monetary", "org", "people", "user"]
  ]),
  options: listOf(object({ label: text })),
  description: nullable(text)
}

/**
 * In version 1 the visibility is a string. Like the other bodies, no key is taken that the description does not have.
 * https://developers.pipedrive.com/docs/api/v1/Leads#addLead
 */
export const leadBody: Shape = {
  title: nameText,
  owner_id: integer,
  label_ids: listOf(pattern("uuid", uuid)),
  person_id: integer,
  organization_id: integer,
  value: nullable((value, name) => (isRecord(value) ? GOOD : [`${name}: Expected object`])),
  expected_close_date: date,
  visible_to: oneOf(["1", "3", "5", "7"]),
  was_seen: boolean,
  origin_id: nullable(shortText),
  channel: nullable(integer),
  channel_id: nullable(text)
}

export const noteBody: Shape = { content: text, deal_id: integer, person_id: integer, org_id: integer, lead_id: text }

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
