/** What the fake accepts in the bodies of Pipedrive's requests. */
import {
  boolean,
  date,
  GOOD,
  integer,
  isRecord,
  listOf,
  nameOf,
  nameText,
  nullable,
  number,
  object,
  oneOf,
  pattern,
  type Shape,
  shortText,
  text,
  time,
  uuid
} from "./checks.ts"

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
