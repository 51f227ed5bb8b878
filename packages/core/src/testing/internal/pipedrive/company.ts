/** The company behind the Pipedrive fake: its rows, its clock, and the rules that several kinds of rows share. */
import type { Reply } from "../reply.ts"
import { cleanHtml } from "./cleanHtml.ts"
import { oneQuery } from "./queries.ts"
import { found, idOf, notFound, type Request, refusal, withQuery } from "./requests.ts"
import type { PipedriveSetup } from "./setup.ts"
import {
  DealIndex,
  type PipedriveActivity,
  type PipedriveDeal,
  type PipedriveLead,
  type PipedriveNote,
  type PipedriveOrganization,
  type PipedrivePerson,
  type Row,
  Table
} from "./state.ts"

export interface CompanyOptions {
  readonly createdStatus: 200 | 201
  readonly listLagMillis: number
  readonly searchLagMillis: number
  readonly missingDealStatus: 400 | 404
  readonly timeZone: string
  readonly noteTooLargeStatus: 400 | 413
}

export interface Company {
  readonly options: CompanyOptions
  readonly now: () => number
  readonly activities: Table<PipedriveActivity>
  readonly activitiesByDeal: DealIndex<PipedriveActivity>
  readonly deals: Table<PipedriveDeal>
  readonly persons: Table<PipedrivePerson>
  readonly organizations: Table<PipedriveOrganization>
  /** By their ids, in order of creation. A lead that is deleted or converted is gone. */
  readonly leads: Map<string, Row<PipedriveLead>>
  readonly notes: Array<PipedriveNote>
  /** A test may change it, as a person would. */
  setup: PipedriveSetup
}

/** An empty company. `now` gives epoch milliseconds. */
export const makeCompany = (options: CompanyOptions, setup: PipedriveSetup, now: () => number): Company => ({
  options,
  setup,
  now,
  activities: new Table(),
  activitiesByDeal: new DealIndex(),
  deals: new Table(),
  persons: new Table(),
  organizations: new Table(),
  leads: new Map(),
  notes: []
})

/** A row that lists and searches show after their lags. */
export const newRow = <T>({ now, options }: Company, value: T): Row<T> => ({
  value,
  listedAt: now() + options.listLagMillis,
  searchableAt: now() + options.searchLagMillis
})

/** Announced for version 1 (https://developers.pipedrive.com/changelog/post/breaking-change-updating-activities-note-field-limit-sizing-for-post-v1activities), taken to hold for both. */
const MAX_NOTE_BYTES = 100_000

/** The reply to a note that is too large. */
export const noteFault = ({ options }: Company, note: unknown): Reply | undefined => {
  if (typeof note !== "string") return undefined
  // Whether the cap is meant before or after cleaning is not known: neither may exceed it.
  const size = Math.max(Buffer.byteLength(note), Buffer.byteLength(cleanHtml(note)))
  return size <= MAX_NOTE_BYTES
    ? undefined
    : refusal(options.noteTooLargeStatus, `Validation failed: note: exceeds ${MAX_NOTE_BYTES} bytes`, "ERR_BAD_REQUEST")
}

/** The reply to an activity or note on a deal that is deleted or never existed. */
export const dealFault = ({ deals, options }: Company, id: unknown): Reply | undefined => {
  if (typeof id !== "number") return undefined
  const deal = deals.get(id)
  return deal === undefined || deal.value.is_deleted
    ? refusal(options.missingDealStatus, "Deal not found", "ERR_NOT_FOUND")
    : undefined
}

/** The reply to what names an organization that is deleted or never existed. Pipedrive does not document its text. */
export const organizationFault = ({ organizations }: Company, id: unknown): Reply | undefined => {
  if (typeof id !== "number") return undefined
  const organization = organizations.get(id)
  return organization === undefined || organization.value.is_deleted
    ? refusal(400, "Organization not found", "ERR_BAD_REQUEST")
    : undefined
}

type Entity = PipedriveActivity | PipedriveDeal | PipedriveOrganization | PipedrivePerson

/** Replies with the row that the path names. Deleted rows stay readable. */
export const readOne = <T extends Entity>(table: Table<T>, request: Request): Reply =>
  withQuery(request, oneQuery, () => {
    const row = table.get(idOf(request))
    return row === undefined ? notFound() : found(row.value)
  })

/** Calls `use` with the row that the path names. Replies 404 when the row is missing or deleted. */
export const withRow = <T extends Entity>(table: Table<T>, request: Request, use: (row: Row<T>) => Reply): Reply => {
  const row = table.get(idOf(request))
  return row === undefined || row.value.is_deleted ? notFound() : use(row)
}

export const remove = <T extends Entity>(company: Company, table: Table<T>, request: Request): Reply => {
  const id = idOf(request)
  return table.delete(id, company.now()) ? found({ id }) : notFound()
}
