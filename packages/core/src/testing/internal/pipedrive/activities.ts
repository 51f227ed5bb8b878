/** What the Pipedrive fake does with activities. */
import type { Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { activityBody } from "./bodies.ts"
import { cleanHtml } from "./cleanHtml.ts"
import { type Company, dealFault, newRow, noteFault, organizationFault, withRow } from "./company.ts"
import { areFiltersOn, list } from "./lists.ts"
import { personFault } from "./persons.ts"
import { activitiesQuery } from "./queries.ts"
import { type Body, found, type Request, refusal, withBody, withQuery } from "./requests.ts"
import { setupFault } from "./setup.ts"
import type { PipedriveActivity } from "./state.ts"
import { EMPTY_ACTIVITY } from "./wire.ts"

/** The types of a new company. Whether the service refuses an unknown type is not known; the fake does. */
export const ACTIVITY_TYPES = ["call", "meeting", "task", "deadline", "email", "lunch"]

const shape = activityBody(ACTIVITY_TYPES)

export const createActivity = (company: Company, request: Request): Reply =>
  withActivityBody(company, request, (fields) => {
    const { activities, activitiesByDeal, now, options } = company
    const at = instant(now())
    const value: PipedriveActivity = {
      ...EMPTY_ACTIVITY,
      id: activities.nextId,
      add_time: at,
      update_time: at,
      ...fields,
      marked_as_done_time: fields.done === true ? at : null
    }
    const row = newRow(company, value)
    activities.add(row)
    activitiesByDeal.add(row)
    return found(value, options.createdStatus)
  })

export const changeActivity = (company: Company, request: Request): Reply =>
  withRow(company.activities, request, (row) =>
    withActivityBody(company, request, (fields) => {
      const { activitiesByDeal, now } = company
      const before = row.value
      const at = instant(now())
      const done = fields.done ?? before.done
      activitiesByDeal.remove(row)
      row.value = {
        ...before,
        ...fields,
        marked_as_done_time: done === true ? (before.marked_as_done_time ?? at) : null,
        update_time: at
      }
      activitiesByDeal.add(row)
      return found(row.value)
    })
  )

/** Moves all activities of a deal to another one. */
export const moveActivities = ({ activitiesByDeal, now }: Company, from: number, to: number): void => {
  for (const row of [...activitiesByDeal.of(from)]) {
    activitiesByDeal.remove(row)
    row.value = { ...row.value, deal_id: to, update_time: instant(now()) }
    activitiesByDeal.add(row)
  }
}

export const listActivities = ({ activities, activitiesByDeal, now }: Company, request: Request): Reply =>
  withQuery(request, activitiesQuery, (query) => {
    const ofDeal = query.deal_id !== undefined && areFiltersOn(query)
    return list(query, {
      rows: ofDeal ? activitiesByDeal.of(Number(query.deal_id)) : activities.rows,
      filters: ["owner_id", "deal_id", "lead_id", "person_id", "org_id", "done"],
      isShown: (value) => !value.is_deleted,
      at: now()
    })
  })

const withActivityBody = (company: Company, request: Request, use: (fields: Body) => Reply): Reply =>
  withBody(request, { shape }, (body) => {
    if (Object.hasOwn(body, "person_id")) {
      return refusal(
        400,
        "'person_id' is a read-only field. Add a primary participant to the activity instead",
        "ERR_BAD_REQUEST"
      )
    }
    return (
      setupFault(company, body) ??
      noteFault(company, body.note) ??
      dealFault(company, body.deal_id) ??
      participantFault(company, body.participants) ??
      organizationFault(company, body.org_id) ??
      use(storedFields(body))
    )
  })

const participantFault = (company: Company, participants: unknown): Reply | undefined =>
  Array.isArray(participants)
    ? participants.map(({ person_id }) => personFault(company, person_id)).find((fault) => fault !== undefined)
    : undefined

/** The stored form of what was sent. */
const storedFields = (body: Body): Body => {
  // Calendar mail goes out to attendees, and only a special query shows them. The fake accepts and forgets them.
  const { attendees: _attendees, note, participants, ...fields } = body
  const stored: Record<string, unknown> = { ...fields }
  if (typeof note === "string") stored.note = cleanHtml(note)
  if (Array.isArray(participants)) {
    stored.participants = participants
    stored.person_id = participants.find((participant) => participant.primary === true)?.person_id ?? null
  }
  // An activity belongs to one of these only.
  if (typeof fields.deal_id === "number") {
    stored.lead_id = null
    stored.project_id = null
  } else if (typeof fields.lead_id === "string") stored.project_id = null
  return stored
}
