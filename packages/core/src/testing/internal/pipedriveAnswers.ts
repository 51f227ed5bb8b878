/** What the Pipedrive fake answers once a request has passed the door. */
import type { FakeRequest } from "../FakeService.ts"
import { cleanHtml } from "./cleanHtml.ts"
import {
  activitiesQuery,
  activityBody,
  dealBody,
  dealsQuery,
  faultsOf,
  isRecord,
  noteBody,
  notesQuery,
  oneQuery,
  type Shape,
  searchQuery
} from "./pipedriveChecks.ts"
import {
  DealIndex,
  type PipedriveActivity,
  type PipedriveDeal,
  type PipedriveNote,
  pageOf,
  type Row,
  Table
} from "./pipedriveState.ts"
import { activityType, EMPTY_ACTIVITY, EMPTY_DEAL, ME, searchItem, USER_ID } from "./pipedriveWire.ts"
import { jsonReply, type Reply } from "./reply.ts"
import { instant, instantV1 } from "./time.ts"

export type PipedriveRoute =
  | "/api/v2/activities"
  | "/api/v2/activities/{id}"
  | "/api/v2/deals"
  | "/api/v2/deals/search"
  | "/api/v2/deals/{id}"
  | "/api/v1/activityTypes"
  | "/api/v1/users/me"
  | "/api/v1/notes"

/** Fixed names before placeholders. */
export const pipedriveRoutes: ReadonlyArray<PipedriveRoute> = [
  "/api/v2/activities",
  "/api/v2/activities/{id}",
  "/api/v2/deals",
  "/api/v2/deals/search",
  "/api/v2/deals/{id}",
  "/api/v1/activityTypes",
  "/api/v1/users/me",
  "/api/v1/notes"
]

type Request = FakeRequest<PipedriveRoute>

interface Operation {
  /** In tokens of the day's budget (https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting). */
  readonly cost: number
  readonly run: (request: Request) => Reply
}

export interface AnswerOptions {
  readonly createdStatus: 200 | 201
  readonly listLagMillis: number
  readonly searchLagMillis: number
  readonly missingDealStatus: 400 | 404
  readonly timeZone: string
  readonly noteTooLargeStatus: 400 | 413
}

/** Announced for version 1 (https://developers.pipedrive.com/changelog/post/breaking-change-updating-activities-note-field-limit-sizing-for-post-v1activities), taken to hold for both. */
const MAX_NOTE_BYTES = 100_000

/** Those of a new company. Whether an unknown one is refused is not known; here it is. */
const TYPES = ["call", "meeting", "task", "deadline", "email", "lunch"]

export const refusal = (status: number, error: string, code?: string): Reply =>
  jsonReply(status, { success: false, error, ...(code === undefined ? {} : { code }) })

const invalid = (faults: ReadonlyArray<string>): Reply =>
  refusal(400, `Validation failed: ${faults.join("; ")}`, "ERR_SCHEMA_VALIDATION_FAILED")

/** What the fake decides about a deal cannot be chosen: lists rely on ids growing with time. */
export type DealInput = Partial<Omit<PipedriveDeal, "id" | "add_time" | "update_time">> & { readonly title: string }

type Body = Readonly<Record<string, unknown>>

export const makeAnswers = (options: AnswerOptions, now: () => number) => {
  const activities = new Table<PipedriveActivity>()
  const byDeal = new DealIndex<PipedriveActivity>()
  const deals = new Table<PipedriveDeal>()
  const notes: Array<PipedriveNote> = []
  const activityShape = activityBody(TYPES)

  const stored = <T>(value: T): Row<T> => ({
    value,
    listedAt: now() + options.listLagMillis,
    searchableAt: now() + options.searchLagMillis
  })

  const noteFault = (note: unknown): Reply | undefined => {
    if (typeof note !== "string") return undefined
    // Whether the cap is meant before or after cleaning is not known: neither may exceed it.
    const size = Math.max(Buffer.byteLength(note), Buffer.byteLength(cleanHtml(note)))
    return size <= MAX_NOTE_BYTES
      ? undefined
      : refusal(
          options.noteTooLargeStatus,
          `Validation failed: note: exceeds ${MAX_NOTE_BYTES} bytes`,
          "ERR_BAD_REQUEST"
        )
  }

  /** Which deal is meant matters to activities and notes alike. */
  const dealFault = (id: unknown): Reply | undefined => {
    if (typeof id !== "number") return undefined
    const deal = deals.get(id)
    return deal === undefined || deal.value.is_deleted
      ? refusal(options.missingDealStatus, "Deal not found", "ERR_NOT_FOUND")
      : undefined
  }

  const withBody = (
    request: Request,
    shape: Shape,
    required: ReadonlyArray<string>,
    use: (body: Body) => Reply
  ): Reply => {
    const type = request.headers["content-type"] ?? ""
    if (!type.includes("json") || !isRecord(request.body)) return refusal(400, "Bad request", "ERR_BAD_REQUEST")
    const faults = faultsOf(shape, request.body, required)
    return faults.length > 0 ? invalid(faults) : use(request.body)
  }

  const withQuery = (request: Request, shape: Shape, use: (query: Request["query"]) => Reply): Reply => {
    const faults = faultsOf(shape, request.query)
    return faults.length > 0 ? invalid(faults) : use(request.query)
  }

  const withActivityBody = (request: Request, use: (fields: Body) => Reply): Reply =>
    withBody(request, activityShape, [], (body) => {
      if (Object.hasOwn(body, "person_id")) {
        return refusal(
          400,
          "'person_id' is a read-only field. Add a primary participant to the activity instead",
          "ERR_BAD_REQUEST"
        )
      }
      return noteFault(body.note) ?? dealFault(body.deal_id) ?? use(activityFields(body))
    })

  const createActivity = (request: Request): Reply =>
    withActivityBody(request, (fields) => {
      const at = instant(now())
      const value: PipedriveActivity = {
        ...EMPTY_ACTIVITY,
        id: activities.nextId,
        add_time: at,
        update_time: at,
        ...fields,
        marked_as_done_time: fields.done === true ? at : null
      }
      const row = stored(value)
      activities.add(row)
      byDeal.add(row)
      return found(value, options.createdStatus)
    })

  const changeActivity = (request: Request): Reply =>
    withRow(activities, request, (row) =>
      withActivityBody(request, (fields) => {
        const before = row.value
        const at = instant(now())
        const done = fields.done ?? before.done
        byDeal.remove(row)
        row.value = {
          ...before,
          ...fields,
          marked_as_done_time: done === true ? (before.marked_as_done_time ?? at) : null,
          update_time: at
        }
        byDeal.add(row)
        return found(row.value)
      })
    )

  const newDeal = (fields: Body): PipedriveDeal => {
    const at = instant(now())
    return { ...EMPTY_DEAL, id: deals.nextId, add_time: at, update_time: at, ...fields }
  }

  const createDeal = (request: Request): Reply =>
    withBody(request, dealBody, ["title"], (fields) => {
      const value = newDeal(fields)
      deals.add(stored(value))
      return found(value, options.createdStatus)
    })

  /** A deal that has been there for long: lists and searches know it. */
  const addDeal = (fields: DealInput): number => {
    const value = newDeal({ origin: "ManuallyCreated", ...fields })
    deals.add({ value, listedAt: Number.NEGATIVE_INFINITY, searchableAt: Number.NEGATIVE_INFINITY })
    return value.id
  }

  const changeDeal = (request: Request): Reply =>
    withRow(deals, request, (row) =>
      withBody(request, dealBody, [], (fields) => {
        row.value = { ...row.value, ...fields, update_time: instant(now()) }
        row.searchableAt = now() + options.searchLagMillis
        return found(row.value)
      })
    )

  const remove = (table: { delete: (id: number, at: number) => boolean }, request: Request): Reply => {
    const id = idOf(request)
    return table.delete(id, now()) ? found({ id }) : notFound()
  }

  /** `filter_id` switches the other filters off, without a word. */
  const filtersOf = (query: Request["query"], names: ReadonlyArray<string>) =>
    query.filter_id !== undefined ? [] : names.filter((name) => query[name] !== undefined)

  const list = <T extends PipedriveActivity | PipedriveDeal>(
    query: Request["query"],
    rows: ReadonlyArray<Row<T>>,
    names: ReadonlyArray<string>,
    isShown: (value: T) => boolean
  ): Reply => {
    const filters = filtersOf(query, names)
    const ids = query.ids === undefined || query.filter_id !== undefined ? undefined : new Set(query.ids.split(","))
    const since = query.updated_since === undefined ? undefined : Date.parse(query.updated_since)
    const until = query.updated_until === undefined ? undefined : Date.parse(query.updated_until)
    const at = now()
    const page = pageOf({
      rows,
      keep: ({ value, listedAt }) =>
        listedAt <= at &&
        isShown(value) &&
        filters.every((name) => String(value[name as keyof T]) === query[name]) &&
        (ids === undefined || ids.has(`${value.id}`)) &&
        (since === undefined || Date.parse(value.update_time) >= since) &&
        (until === undefined || Date.parse(value.update_time) < until),
      sortBy: query.sort_by ?? "id",
      descending: query.sort_direction === "desc",
      limit: Number(query.limit ?? 100),
      cursor: query.cursor
    })
    if (page === undefined) return invalid(["cursor: Invalid cursor"])
    return jsonReply(200, { success: true, data: page.data, additional_data: { next_cursor: page.nextCursor } })
  }

  const listActivities = (request: Request): Reply =>
    withQuery(request, activitiesQuery, (query) => {
      const ofDeal = query.deal_id !== undefined && query.filter_id === undefined
      return list(
        query,
        ofDeal ? byDeal.of(Number(query.deal_id)) : activities.rows,
        ["owner_id", "deal_id", "lead_id", "person_id", "org_id", "done"],
        (value) => !value.is_deleted
      )
    })

  const listDeals = (request: Request): Reply =>
    withQuery(request, dealsQuery, (query) => {
      const statuses = query.status === undefined ? undefined : new Set(query.status.split(","))
      return list(
        query,
        deals.rows,
        ["owner_id", "person_id", "org_id", "pipeline_id", "stage_id"],
        (deal) =>
          !deal.is_archived &&
          (statuses === undefined ? !deal.is_deleted : statuses.has(deal.is_deleted ? "deleted" : deal.status))
      )
    })

  const searchDeals = (request: Request): Reply =>
    withQuery(request, searchQuery, (query) => {
      const exact = query.exact_match === "true"
      const term = (query.term ?? "").toLowerCase()
      if (term.length < (exact ? 1 : 2)) return invalid(["term: String is too short"])
      const fields = new Set((query.fields ?? "title,notes,custom_fields").split(","))
      const at = now()
      const isHit = (text: unknown) =>
        typeof text === "string" && (exact ? text.toLowerCase() === term : text.toLowerCase().includes(term))
      const hits = deals.rows.filter(
        ({ value, searchableAt }) =>
          searchableAt <= at &&
          !value.is_deleted &&
          (query.status === undefined || value.status === query.status) &&
          (query.person_id === undefined || `${value.person_id}` === query.person_id) &&
          (query.organization_id === undefined || `${value.org_id}` === query.organization_id) &&
          ((fields.has("title") && isHit(value.title)) ||
            (fields.has("custom_fields") && Object.values(value.custom_fields).some(isHit)) ||
            (fields.has("notes") && notes.some((note) => note.deal_id === value.id && isHit(note.content))))
      )
      const start = query.cursor === undefined ? 0 : Number(query.cursor)
      if (!Number.isSafeInteger(start) || start < 0) return invalid(["cursor: Invalid cursor"])
      const end = start + Number(query.limit ?? 100)
      return jsonReply(200, {
        success: true,
        data: { items: hits.slice(start, end).map(({ value }) => searchItem(value)) },
        additional_data: { next_cursor: end < hits.length ? `${end}` : null }
      })
    })

  const createNote = (request: Request): Reply =>
    withBody(request, noteBody, ["content"], (fields) => {
      const fault = noteFault(fields.content) ?? dealFault(fields.deal_id)
      if (fault !== undefined) return fault
      if (Object.keys(fields).length < 2)
        return refusal(400, "One of deal_id, person_id, org_id or lead_id is required")
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

  const listNotes = (request: Request): Reply =>
    withQuery(request, notesQuery, (query) => {
      const start = Number(query.start ?? 0)
      const limit = Number(query.limit ?? 100)
      const all = query.deal_id === undefined ? notes : notes.filter((note) => `${note.deal_id}` === query.deal_id)
      const more = start + limit < all.length
      return jsonReply(200, {
        success: true,
        data: all.slice(start, start + limit),
        additional_data: {
          pagination: { start, limit, more_items_in_collection: more, ...(more ? { next_start: start + limit } : {}) }
        }
      })
    })

  const one = <T extends PipedriveActivity | PipedriveDeal>(table: Table<T>, request: Request): Reply =>
    withQuery(request, oneQuery, () => {
      const row = table.get(idOf(request))
      return row === undefined ? notFound() : found(row.value)
    })

  const operations: Readonly<Record<string, Operation>> = {
    "POST /api/v2/activities": { cost: 5, run: createActivity },
    "GET /api/v2/activities": { cost: 10, run: listActivities },
    "GET /api/v2/activities/{id}": { cost: 1, run: (request) => one(activities, request) },
    "PATCH /api/v2/activities/{id}": { cost: 5, run: changeActivity },
    "DELETE /api/v2/activities/{id}": { cost: 3, run: (request) => remove(activities, request) },
    "POST /api/v2/deals": { cost: 5, run: createDeal },
    "GET /api/v2/deals": { cost: 10, run: listDeals },
    "GET /api/v2/deals/search": { cost: 20, run: searchDeals },
    "GET /api/v2/deals/{id}": { cost: 1, run: (request) => one(deals, request) },
    "PATCH /api/v2/deals/{id}": { cost: 5, run: changeDeal },
    "DELETE /api/v2/deals/{id}": { cost: 3, run: (request) => remove(deals, request) },
    "GET /api/v1/activityTypes": { cost: 20, run: () => found(TYPES.map(activityType)) },
    "GET /api/v1/users/me": { cost: 2, run: () => found({ ...ME, timezone_name: options.timeZone }) },
    "POST /api/v1/notes": { cost: 10, run: createNote },
    "GET /api/v1/notes": { cost: 20, run: listNotes }
  }

  return { operations, activities, deals, notes, addDeal }
}

const found = (data: unknown, status = 200): Reply => jsonReply(status, { success: true, data })

const notFound = (): Reply => refusal(404, "Entity not found", "ERR_NOT_FOUND")

const idOf = (request: Request): number => {
  const [id = ""] = request.params
  return /^\d{1,15}$/.test(id) ? Number(id) : -1
}

const withRow = <T extends PipedriveActivity | PipedriveDeal>(
  table: Table<T>,
  request: Request,
  use: (row: Row<T>) => Reply
): Reply => {
  const row = table.get(idOf(request))
  return row === undefined || row.value.is_deleted ? notFound() : use(row)
}

/** The stored form of what was sent. */
const activityFields = (body: Body): Body => {
  // Calendar mail goes out to attendees, and only a special query shows them: they are taken and forgotten here.
  const { attendees: _attendees, note, participants, ...fields } = body
  const stored: Record<string, unknown> = { ...fields }
  if (typeof note === "string") stored.note = cleanHtml(note)
  if (Array.isArray(participants)) {
    stored.participants = participants
    stored.person_id = participants.find((participant) => participant.primary === true)?.person_id ?? null
  }
  // An activity hangs on one of these only.
  if (typeof fields.deal_id === "number") {
    stored.lead_id = null
    stored.project_id = null
  } else if (typeof fields.lead_id === "string") stored.project_id = null
  return stored
}
