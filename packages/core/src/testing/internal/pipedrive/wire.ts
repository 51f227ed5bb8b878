/** Pipedrive's objects as they go over the wire, before anything is known of them. */
import type { PipedriveSetup } from "./setup.ts"
import type { PipedriveActivity, PipedriveDeal, PipedriveLead, PipedrivePerson } from "./state.ts"

/** The user the token belongs to. */
export const USER_ID = 11

export const EMPTY_ACTIVITY: PipedriveActivity = {
  id: 0,
  subject: "Call",
  type: "call",
  owner_id: USER_ID,
  creator_user_id: USER_ID,
  is_deleted: false,
  add_time: "",
  update_time: "",
  deal_id: null,
  lead_id: null,
  person_id: null,
  org_id: null,
  project_id: null,
  due_date: null,
  due_time: null,
  duration: null,
  busy: false,
  done: false,
  marked_as_done_time: null,
  location: null,
  participants: [],
  conference_meeting_client: null,
  conference_meeting_url: null,
  conference_meeting_id: null,
  public_description: null,
  priority: null,
  note: null,
  outcome: null
}

export const EMPTY_DEAL: PipedriveDeal = {
  id: 0,
  title: "",
  owner_id: USER_ID,
  creator_user_id: USER_ID,
  person_id: null,
  org_id: null,
  pipeline_id: 1,
  stage_id: 1,
  value: 0,
  currency: "EUR",
  add_time: "",
  update_time: "",
  stage_change_time: null,
  is_deleted: false,
  is_archived: false,
  status: "open",
  probability: null,
  lost_reason: null,
  visible_to: 3,
  close_time: null,
  won_time: null,
  lost_time: null,
  expected_close_date: null,
  label_ids: [],
  origin: "API",
  origin_id: null,
  channel: null,
  channel_id: null,
  custom_fields: {}
}

export const EMPTY_PERSON: PipedrivePerson = {
  id: 0,
  name: "",
  owner_id: USER_ID,
  org_id: null,
  add_time: "",
  update_time: "",
  emails: [],
  phones: [],
  is_deleted: false,
  visible_to: 3,
  label_ids: [],
  picture_id: null,
  custom_fields: {}
}

export const EMPTY_LEAD: PipedriveLead = {
  id: "",
  title: "",
  owner_id: USER_ID,
  creator_id: USER_ID,
  label_ids: [],
  person_id: null,
  organization_id: null,
  source_name: "API",
  origin: "API",
  origin_id: null,
  channel: null,
  channel_id: null,
  source_deal_id: null,
  is_archived: false,
  was_seen: false,
  value: null,
  expected_close_date: null,
  next_activity_id: null,
  add_time: "",
  update_time: "",
  visible_to: "3",
  cc_email: "example+1+lead@pipedrivemail.com"
}

/** A search shows values alone, without the names of their fields. */
export const personItem = (person: PipedrivePerson) => ({
  result_score: 1,
  item: {
    id: person.id,
    type: "person",
    name: person.name,
    phones: person.phones.map(({ value }) => value),
    emails: person.emails.map(({ value }) => value),
    primary_email: person.emails[0]?.value ?? null,
    visible_to: person.visible_to,
    owner: { id: person.owner_id },
    organization: null,
    custom_fields: Object.values(person.custom_fields).filter((value) => typeof value === "string"),
    notes: []
  }
})

export const searchItem = (deal: PipedriveDeal, { stages }: PipedriveSetup) => ({
  result_score: 1,
  item: {
    id: deal.id,
    type: "deal",
    title: deal.title,
    value: deal.value,
    currency: deal.currency,
    status: deal.status,
    visible_to: deal.visible_to,
    owner: { id: deal.owner_id },
    stage: { id: deal.stage_id, name: stages.find(({ id }) => id === deal.stage_id)?.name ?? "" },
    person: deal.person_id === null ? null : { id: deal.person_id, name: "" },
    organization: null,
    custom_fields: Object.values(deal.custom_fields).filter((value) => typeof value === "string"),
    notes: [],
    is_archived: deal.is_archived
  }
})

export const activityType = (key: string, index: number) => ({
  id: index + 1,
  order_nr: index + 1,
  name: `${key[0]?.toUpperCase()}${key.slice(1)}`,
  key_string: key,
  icon_key: key,
  active_flag: true,
  color: null,
  is_custom_flag: false,
  add_time: "2020-01-01 00:00:00",
  update_time: null
})

export const ME = {
  id: USER_ID,
  name: "Fake",
  default_currency: "EUR",
  locale: "en_US",
  lang: 1,
  email: "fake@example.com",
  phone: null,
  activated: true,
  last_login: "2020-01-01 00:00:00",
  created: "2020-01-01 00:00:00",
  modified: null,
  has_created_company: true,
  access: [{ app: "global", admin: true, permission_set_id: "00000000-0000-0000-0000-000000000000" }],
  active_flag: true,
  timezone_name: "Etc/UTC",
  timezone_offset: "+00:00",
  role_id: 1,
  icon_url: null,
  is_you: true,
  is_deleted: false,
  company_id: 1,
  company_name: "Example",
  company_domain: "example",
  company_country: "EE",
  company_industry: "other",
  language: { language_code: "en", country_code: "US" }
}
