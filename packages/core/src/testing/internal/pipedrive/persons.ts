/** What the Pipedrive fake does with persons. */
import { jsonReply, type Reply } from "../reply.ts"
import { instant } from "../time.ts"
import { personBody } from "./bodies.ts"
import { type Company, newRow, organizationFault } from "./company.ts"
import { list } from "./lists.ts"
import { personSearchQuery, personsQuery } from "./queries.ts"
import { type Body, found, invalid, type Request, refusal, withBody, withQuery } from "./requests.ts"
import { setupFault } from "./setup.ts"
import type { PipedrivePerson, Row } from "./state.ts"
import { EMPTY_PERSON, personItem } from "./wire.ts"

/** The fake chooses id and times itself: lists rely on ids that grow with time. */
export type PersonInput = Partial<Omit<PipedrivePerson, "id" | "add_time" | "update_time">> & { readonly name: string }

const newPerson = ({ now, persons }: Company, fields: Body): PipedrivePerson => {
  const at = instant(now())
  return { ...EMPTY_PERSON, id: persons.nextId, add_time: at, update_time: at, ...fields }
}

/** Adds a person who is old enough for lists and searches to show. Returns the id. */
export const addPerson = (company: Company, fields: PersonInput): number => {
  const value = newPerson(company, { ...fields })
  company.persons.add({ value, listedAt: Number.NEGATIVE_INFINITY, searchableAt: Number.NEGATIVE_INFINITY })
  return value.id
}

/** Changes a person at once. Answers whether there is such a person. */
export const editPerson = ({ now, persons }: Company, id: number, change: Partial<PersonInput>): boolean => {
  const row = persons.get(id)
  if (row === undefined || row.value.is_deleted) return false
  row.value = { ...row.value, ...change, update_time: instant(now()) }
  return true
}

const isField =
  ({ setup }: Company) =>
  (key: string): boolean =>
    setup.personFields.some((field) => field.key === key)

export const createPerson = (company: Company, request: Request): Reply =>
  withBody(request, { shape: personBody, required: ["name"] }, (fields) => {
    const unknown = Object.keys((fields.custom_fields as object | undefined) ?? {}).find(
      (key) => !isField(company)(key)
    )
    const fault =
      setupFault(company, fields) ??
      organizationFault(company, fields.org_id) ??
      (unknown === undefined ? undefined : refusal(400, `custom_fields.${unknown}: Field not found`, "ERR_BAD_REQUEST"))
    if (fault !== undefined) return fault
    const value = newPerson(company, fields)
    company.persons.add(newRow(company, value))
    return found(value, company.options.createdStatus)
  })

export const listPersons = ({ now, persons }: Company, request: Request): Reply =>
  withQuery(request, personsQuery, (query) =>
    list(query, {
      rows: persons.rows,
      filters: ["owner_id", "org_id"],
      isShown: (person) => !person.is_deleted,
      at: now()
    })
  )

export const searchPersons = (company: Company, request: Request): Reply =>
  withQuery(request, personSearchQuery, (query) => {
    const term = (query.term ?? "").toLowerCase()
    if (term.length < (query.exact_match === "true" ? 1 : 2)) return invalid(["term: String is too short"])
    const fields = new Set((query.fields ?? "name,email,phone,notes,custom_fields").split(","))
    const at = company.now()
    const matches = (text: unknown) =>
      typeof text === "string" &&
      (query.exact_match === "true" ? text.toLowerCase() === term : text.toLowerCase().includes(term))
    const isHit = ({ searchableAt, value }: Row<PipedrivePerson>): boolean =>
      searchableAt <= at &&
      !value.is_deleted &&
      ((fields.has("name") && matches(value.name)) ||
        (fields.has("email") && value.emails.some((email) => matches(email.value))) ||
        (fields.has("custom_fields") && Object.values(value.custom_fields).some(matches)))
    const hits = company.persons.rows.filter(isHit).slice(0, Number(query.limit ?? 100))
    return jsonReply(200, {
      success: true,
      data: { items: hits.map(({ value }) => personItem(value)) },
      additional_data: { next_cursor: null }
    })
  })

/** The reply to a deal or an activity of a person who is deleted or never existed. Pipedrive does not document its text. */
export const personFault = ({ persons }: Company, id: unknown): Reply | undefined => {
  if (typeof id !== "number") return undefined
  const person = persons.get(id)
  return person === undefined || person.value.is_deleted
    ? refusal(400, "Person not found", "ERR_BAD_REQUEST")
    : undefined
}
