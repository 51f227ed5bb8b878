/** What the Pipedrive fake does with notes, which only version 1 of the API has. */
import { jsonReply, type Reply } from "../reply.ts"
import { instantV1 } from "../time.ts"
import { noteBody } from "./bodies.ts"
import { cleanHtml } from "./cleanHtml.ts"
import { type Company, dealFault, noteFault } from "./company.ts"
import { notesQuery } from "./queries.ts"
import { found, type Request, refusal, withBody, withQuery } from "./requests.ts"
import type { PipedriveNote } from "./state.ts"
import { USER_ID } from "./wire.ts"

export const createNote = (company: Company, request: Request): Reply =>
  withBody(request, { shape: noteBody, required: ["content"] }, (fields) => {
    const { notes, now, options } = company
    const fault =
      noteFault(company, fields.content) ?? dealFault(company, fields.deal_id) ?? leadFault(company, fields.lead_id)
    if (fault !== undefined) return fault
    if (Object.keys(fields).length < 2) return refusal(400, "One of deal_id, person_id, org_id or lead_id is required")
    const at = instantV1(now())
    const note: PipedriveNote = {
      id: notes.length + 1,
      deal_id: null,
      person_id: null,
      org_id: null,
      lead_id: null,
      ...fields,
      content: cleanHtml(String(fields.content)),
      user_id: USER_ID,
      add_time: at,
      update_time: at,
      active_flag: true
    }
    notes.push(note)
    return found(note, options.createdStatus)
  })

/** Archived leads cannot be edited since 2025-07: https://developers.pipedrive.com/changelog/post/breaking-change-archived-deals-and-leads-will-not-be-returned-in-existing-endpoints-and-will-not-be-editable */
const leadFault = ({ leads }: Company, id: unknown): Reply | undefined => {
  if (typeof id !== "string") return undefined
  const lead = leads.get(id)?.value
  if (lead === undefined) return refusal(404, "Lead not found", "ERR_NOT_FOUND")
  return lead.is_archived ? refusal(400, "Archived lead cannot be modified", "ERR_BAD_REQUEST") : undefined
}

export const listNotes = ({ notes }: Company, request: Request): Reply =>
  withQuery(request, notesQuery, (query) => {
    const start = Number(query.start ?? 0)
    const limit = Number(query.limit ?? 100)
    const all = notes
      .filter((note) => query.deal_id === undefined || `${note.deal_id}` === query.deal_id)
      .filter((note) => query.lead_id === undefined || note.lead_id === query.lead_id)
    const more = start + limit < all.length
    return jsonReply(200, {
      success: true,
      data: all.slice(start, start + limit),
      additional_data: {
        pagination: { start, limit, more_items_in_collection: more, ...(more ? { next_start: start + limit } : {}) }
      }
    })
  })
