/** What the Pipedrive fake does with organizations. */
import { jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { organizationBody } from "./bodies.ts"
import { type Company, newRow } from "./company.ts"
import { list } from "./lists.ts"
import { organizationSearchQuery, organizationsQuery } from "./queries.ts"
import { type Body, found, invalid, type Request, withBody, withQuery } from "./requests.ts"
import { setupFault } from "./setup.ts"
import type { PipedriveOrganization, Row } from "./state.ts"
import { EMPTY_ORGANIZATION, organizationItem } from "./wire.ts"

/** The fake chooses id and times itself: lists rely on ids that grow with time. */
export type OrganizationInput = Partial<Omit<PipedriveOrganization, "id" | "add_time" | "update_time">> & {
  readonly name: string
}

const newOrganization = ({ now, organizations }: Company, fields: Body): PipedriveOrganization => {
  const at = instant(now())
  return { ...EMPTY_ORGANIZATION, id: organizations.nextId, add_time: at, update_time: at, ...fields }
}

/** Adds an organization that is old enough for lists and searches to show it. Returns its id. */
export const addOrganization = (company: Company, fields: OrganizationInput): number => {
  const value = newOrganization(company, { ...fields })
  company.organizations.add({ value, listedAt: Number.NEGATIVE_INFINITY, searchableAt: Number.NEGATIVE_INFINITY })
  return value.id
}

export const createOrganization = (company: Company, request: Request): Reply =>
  withBody(request, { shape: organizationBody, required: ["name"] }, (fields) => {
    const fault = setupFault(company, fields)
    if (fault !== undefined) return fault
    const value = newOrganization(company, fields)
    company.organizations.add(newRow(company, value))
    return found(value, company.options.createdStatus)
  })

export const listOrganizations = ({ now, organizations }: Company, request: Request): Reply =>
  withQuery(request, organizationsQuery, (query) =>
    list(query, {
      rows: organizations.rows,
      filters: ["owner_id"],
      isShown: (organization) => !organization.is_deleted,
      at: now()
    })
  )

export const searchOrganizations = (company: Company, request: Request): Reply =>
  withQuery(request, organizationSearchQuery, (query) => {
    const term = (query.term ?? "").toLowerCase()
    if (term.length < (query.exact_match === "true" ? 1 : 2)) return invalid(["term: String is too short"])
    const fields = new Set((query.fields ?? "address,custom_fields,notes,name").split(","))
    const at = company.now()
    const matches = (text: unknown) =>
      typeof text === "string" &&
      (query.exact_match === "true" ? text.toLowerCase() === term : text.toLowerCase().includes(term))
    const isHit = ({ searchableAt, value }: Row<PipedriveOrganization>): boolean =>
      searchableAt <= at &&
      !value.is_deleted &&
      ((fields.has("name") && matches(value.name)) ||
        (fields.has("custom_fields") && Object.values(value.custom_fields).some(matches)))
    const hits = company.organizations.rows.filter(isHit).slice(0, Number(query.limit ?? 100))
    return jsonReply(200, {
      success: true,
      data: { items: hits.map(({ value }) => organizationItem(value)) },
      additional_data: { next_cursor: null }
    })
  })
