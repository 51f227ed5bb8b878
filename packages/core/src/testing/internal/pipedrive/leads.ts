/**
 * What the Pipedrive fake does with leads, which only version 1 of the API has
 * (https://developers.pipedrive.com/docs/api/v1/Leads).
 */
import { randomUUID } from "node:crypto"
import { jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { leadBody } from "./bodies.ts"
import { type Company, newRow, organizationFault } from "./company.ts"
import { addDeal } from "./deals.ts"
import { personFault } from "./persons.ts"
import { leadsQuery } from "./queries.ts"
import { type Body, found, notFound, type Request, refusal, withBody, withQuery } from "./requests.ts"
import { setupFault } from "./setup.ts"
import type { PipedriveLead } from "./state.ts"
import { EMPTY_LEAD } from "./wire.ts"

export const createLead = (company: Company, request: Request): Reply =>
  withBody(request, { shape: leadBody, required: ["title"] }, (fields) => {
    const { label_ids, ...others } = fields
    const fault =
      contactFault(fields) ??
      labelFault(company, label_ids) ??
      setupFault(company, others) ??
      personFault(company, fields.person_id) ??
      organizationFault(company, fields.organization_id)
    if (fault !== undefined) return fault
    const at = instant(company.now())
    const value: PipedriveLead = { ...EMPTY_LEAD, id: randomUUID(), add_time: at, update_time: at, ...fields }
    company.leads.set(value.id, newRow(company, value))
    return found(value, company.options.createdStatus)
  })

/** "A lead always has to be linked to a person or an organization or both." The text of the refusal is not documented. */
const contactFault = ({ organization_id, person_id }: Body): Reply | undefined =>
  person_id === undefined && organization_id === undefined
    ? refusal(400, "A lead must be linked to a person or an organization", "ERR_BAD_REQUEST")
    : undefined

const labelFault = ({ setup }: Company, labels: unknown): Reply | undefined =>
  Array.isArray(labels) && !labels.every((label) => setup.leadLabels.some(({ id }) => id === label))
    ? refusal(400, "label_ids: Lead label not found", "ERR_BAD_REQUEST")
    : undefined

/** One of both lists: each leaves out what the other shows. Converted and deleted leads are in neither. */
export const listLeads =
  ({ isArchived }: { readonly isArchived: boolean }) =>
  (company: Company, request: Request): Reply =>
    withQuery(request, leadsQuery, (query) => {
      const { start = "0", limit = "100", sort = "add_time ASC", updated_since: since } = query
      const at = company.now()
      const [field = "add_time", direction = "ASC"] = sort.split(" ")
      const keyOf = (lead: PipedriveLead) => String(lead[field as keyof PipedriveLead] ?? "")
      const leads = [...company.leads.values()]
        .filter(({ listedAt, value }) => listedAt <= at && value.is_archived === isArchived)
        .map(({ value }) => value)
        .filter((lead) => since === undefined || isArchived || Date.parse(lead.update_time) >= Date.parse(since))
        .toSorted((a, b) => (direction === "DESC" ? -1 : 1) * keyOf(a).localeCompare(keyOf(b)))
      const end = Number(start) + Number(limit)
      return jsonReply(200, {
        success: true,
        data: leads.slice(Number(start), end),
        additional_data: {
          pagination: { start: Number(start), limit: Number(limit), more_items_in_collection: end < leads.length }
        }
      })
    })

export const removeLead = ({ leads }: Company, request: Request): Reply => {
  const [id = ""] = request.params
  return leads.delete(id) ? found({ id }) : notFound()
}

/** All of them: the endpoint has no pages. https://developers.pipedrive.com/docs/api/v1/LeadLabels#getLeadLabels */
export const listLeadLabels = ({ setup }: Company): Reply =>
  found(
    setup.leadLabels.map((label) => ({
      ...label,
      color: "blue",
      add_time: "2020-01-01T00:00:00Z",
      update_time: "2020-01-01T00:00:00Z"
    }))
  )

/** Changes a lead as a person would. Answers whether there is such a lead. */
export const editLead = ({ leads, now }: Company, id: string, change: Partial<PipedriveLead>): boolean => {
  const row = leads.get(id)
  if (row === undefined) return false
  row.value = { ...row.value, ...change, update_time: instant(now()) }
  return true
}

/** Converts a lead: a deal takes over its title, its person, its organization and its notes, and the lead is gone. The deal's id. */
export const convertLead = (company: Company, id: string): number | undefined => {
  const lead = company.leads.get(id)?.value
  if (lead === undefined) return undefined
  const { organization_id, owner_id, person_id, title } = lead
  const deal = addDeal(company, { title, owner_id, person_id, org_id: organization_id })
  for (const [index, note] of company.notes.entries()) {
    if (note.lead_id === id) company.notes[index] = { ...note, lead_id: null, deal_id: deal }
  }
  company.leads.delete(id)
  return deal
}
