/** What the Pipedrive fake does with deals. */
import { jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { dealBody } from "./bodies.ts"
import { type Company, newRow, organizationFault, withRow } from "./company.ts"
import { list } from "./lists.ts"
import { personFault } from "./persons.ts"
import { dealsQuery, searchQuery } from "./queries.ts"
import { type Body, found, invalid, type Query, type Request, refusal, withBody, withQuery } from "./requests.ts"
import { placeOf, setupFault } from "./setup.ts"
import type { PipedriveDeal, Row } from "./state.ts"
import { EMPTY_DEAL, searchItem } from "./wire.ts"

/** The fake chooses id and times itself: lists rely on ids that grow with time. */
export type DealInput = Partial<Omit<PipedriveDeal, "id" | "add_time" | "update_time">> & { readonly title: string }

const newDeal = (company: Company, fields: Body): PipedriveDeal => {
  const { deals, now } = company
  const at = instant(now())
  return {
    ...EMPTY_DEAL,
    id: deals.nextId,
    add_time: at,
    update_time: at,
    ...fields,
    ...placeOf(company, fields)
  }
}

/** Adds a deal that is old enough for lists and searches to show it. Returns its id. */
export const addDeal = (company: Company, fields: DealInput): number => {
  const value = newDeal(company, { origin: "ManuallyCreated", ...fields })
  company.deals.add({ value, listedAt: Number.NEGATIVE_INFINITY, searchableAt: Number.NEGATIVE_INFINITY })
  return value.id
}

/** Changes a deal at once, for lists and searches too. Answers whether there is such a deal. */
export const editDeal = ({ deals, now }: Company, id: number, change: Partial<DealInput>): boolean => {
  const row = deals.get(id)
  if (row === undefined || row.value.is_deleted) return false
  row.value = { ...row.value, ...change, update_time: instant(now()) }
  return true
}

const bodyFault = (company: Company, fields: Body): Reply | undefined =>
  setupFault(company, fields) ?? personFault(company, fields.person_id) ?? organizationFault(company, fields.org_id)

export const createDeal = (company: Company, request: Request): Reply =>
  withBody(request, { shape: dealBody, required: ["title"] }, (fields) => {
    const fault = bodyFault(company, fields)
    if (fault !== undefined) return fault
    const value = newDeal(company, fields)
    company.deals.add(newRow(company, value))
    return found(value, company.options.createdStatus)
  })

/**
 * An archived deal can only be taken out of the archive, since July 2025:
 * https://developers.pipedrive.com/changelog/post/breaking-change-archived-deals-and-leads-will-not-be-returned-in-existing-endpoints-and-will-not-be-editable
 * The status and the text of the refusal are not described.
 */
const archiveFault = (deal: PipedriveDeal, fields: Body): Reply | undefined =>
  deal.is_archived && fields.is_archived !== false ? refusal(400, "Archived deal cannot be modified") : undefined

export const changeDeal = (company: Company, request: Request): Reply =>
  withRow(company.deals, request, (row) =>
    withBody(request, { shape: dealBody }, (fields) => {
      const fault = archiveFault(row.value, fields) ?? bodyFault(company, fields)
      if (fault !== undefined) return fault
      const { now, options } = company
      row.value = { ...row.value, ...fields, update_time: instant(now()) }
      row.searchableAt = now() + options.searchLagMillis
      return found(row.value)
    })
  )

export const listDeals = ({ deals, now }: Company, request: Request): Reply =>
  withQuery(request, dealsQuery, (query) => {
    const statuses = query.status === undefined ? undefined : new Set(query.status.split(","))
    return list(query, {
      rows: deals.rows,
      filters: ["owner_id", "person_id", "org_id", "pipeline_id", "stage_id"],
      isShown: (deal) =>
        !deal.is_archived &&
        (statuses === undefined ? !deal.is_deleted : statuses.has(deal.is_deleted ? "deleted" : deal.status)),
      at: now()
    })
  })

export const searchDeals = (company: Company, request: Request): Reply =>
  withQuery(request, searchQuery, (query) => {
    const term = (query.term ?? "").toLowerCase()
    if (term.length < (query.exact_match === "true" ? 1 : 2)) return invalid(["term: String is too short"])
    const start = query.cursor === undefined ? 0 : Number(query.cursor)
    if (!Number.isSafeInteger(start) || start < 0) return invalid(["cursor: Invalid cursor"])
    const end = start + Number(query.limit ?? 100)
    const hits = company.deals.rows.filter(isHit(company, query, term))
    return jsonReply(200, {
      success: true,
      data: { items: hits.slice(start, end).map(({ value }) => searchItem(value, company)) },
      additional_data: { next_cursor: end < hits.length ? `${end}` : null }
    })
  })

/** Whether a search finds a deal. `term` is lower case. */
const isHit = ({ notes, now }: Company, query: Query, term: string) => {
  const at = now()
  const fields = new Set((query.fields ?? "title,notes,custom_fields").split(","))
  const matches = (text: unknown) =>
    typeof text === "string" &&
    (query.exact_match === "true" ? text.toLowerCase() === term : text.toLowerCase().includes(term))
  return ({ searchableAt, value }: Row<PipedriveDeal>): boolean =>
    searchableAt <= at &&
    !value.is_deleted &&
    (query.status === undefined || value.status === query.status) &&
    (query.person_id === undefined || `${value.person_id}` === query.person_id) &&
    (query.organization_id === undefined || `${value.org_id}` === query.organization_id) &&
    ((fields.has("title") && matches(value.title)) ||
      (fields.has("custom_fields") && Object.values(value.custom_fields).some(matches)) ||
      (fields.has("notes") && notes.some((note) => note.deal_id === value.id && matches(note.content))))
}
