/** What the Pipedrive fake stores, and how its lists are cut into pages. */
import { instant } from "../time.ts"

/** An activity as version 2 of the API shows it. */
export interface PipedriveActivity {
  readonly id: number
  readonly subject: string
  readonly type: string
  readonly owner_id: number
  readonly creator_user_id: number
  readonly is_deleted: boolean
  readonly add_time: string
  readonly update_time: string
  readonly deal_id: number | null
  readonly lead_id: string | null
  readonly person_id: number | null
  readonly org_id: number | null
  readonly project_id: number | null
  readonly due_date: string | null
  readonly due_time: string | null
  readonly duration: string | null
  readonly busy: boolean
  readonly done: boolean
  readonly marked_as_done_time: string | null
  readonly location: object | null
  readonly participants: ReadonlyArray<{ readonly person_id: number; readonly primary?: boolean }>
  readonly conference_meeting_client: string | null
  readonly conference_meeting_url: string | null
  readonly conference_meeting_id: string | null
  readonly public_description: string | null
  readonly priority: number | null
  /** As cleaned. */
  readonly note: string | null
  readonly outcome: number | null
}

/** A deal as version 2 of the API shows it. */
export interface PipedriveDeal {
  readonly id: number
  readonly title: string
  readonly owner_id: number
  readonly creator_user_id: number
  readonly person_id: number | null
  readonly org_id: number | null
  readonly pipeline_id: number
  readonly stage_id: number
  readonly value: number
  readonly currency: string
  readonly add_time: string
  readonly update_time: string
  readonly stage_change_time: string | null
  readonly is_deleted: boolean
  readonly is_archived: boolean
  readonly status: "open" | "won" | "lost"
  readonly probability: number | null
  readonly lost_reason: string | null
  readonly visible_to: number
  readonly close_time: string | null
  readonly won_time: string | null
  readonly lost_time: string | null
  readonly expected_close_date: string | null
  readonly label_ids: ReadonlyArray<number>
  readonly origin: string
  readonly origin_id: string | null
  readonly channel: number | null
  readonly channel_id: string | null
  readonly custom_fields: Readonly<Record<string, unknown>>
}

/** A person as version 2 of the API shows it. */
export interface PipedrivePerson {
  readonly id: number
  readonly name: string
  readonly owner_id: number
  readonly org_id: number | null
  readonly add_time: string
  readonly update_time: string
  readonly emails: ReadonlyArray<{ readonly value: string; readonly primary?: boolean; readonly label?: string }>
  readonly phones: ReadonlyArray<{ readonly value: string; readonly primary?: boolean; readonly label?: string }>
  readonly is_deleted: boolean
  readonly visible_to: number
  readonly label_ids: ReadonlyArray<number>
  readonly picture_id: number | null
  readonly custom_fields: Readonly<Record<string, unknown>>
}

/** A lead as version 1 of the API shows it; version 2 only searches and converts leads. */
export interface PipedriveLead {
  /** A UUID. */
  readonly id: string
  readonly title: string
  readonly owner_id: number
  readonly creator_id: number
  /** UUIDs of labels of leads. */
  readonly label_ids: ReadonlyArray<string>
  readonly person_id: number | null
  readonly organization_id: number | null
  readonly source_name: string
  readonly origin: string
  readonly origin_id: string | null
  readonly channel: number | null
  readonly channel_id: string | null
  readonly source_deal_id: number | null
  readonly is_archived: boolean
  readonly was_seen: boolean
  readonly value: object | null
  readonly expected_close_date: string | null
  readonly next_activity_id: number | null
  readonly add_time: string
  readonly update_time: string
  readonly visible_to: string
  readonly cc_email: string
}

/** A note as version 1 of the API shows it; version 2 has no notes. */
export interface PipedriveNote {
  readonly id: number
  readonly content: string
  readonly deal_id: number | null
  readonly person_id: number | null
  readonly org_id: number | null
  readonly lead_id: string | null
  readonly user_id: number
  readonly add_time: string
  readonly update_time: string
  readonly active_flag: boolean
}

interface Stored {
  readonly id: number
  readonly is_deleted: boolean
  readonly add_time: string
  readonly update_time: string
}

export interface Row<T> {
  value: T
  /** When lists begin to show it (epoch milliseconds). */
  readonly listedAt: number
  /** When searches begin to find it in its present form. */
  searchableAt: number
}

/** Rows in order of their ids, which is the order of creation too. */
export class Table<T extends Stored> {
  readonly rows: Array<Row<T>> = []
  readonly #byId = new Map<number, Row<T>>()

  get nextId(): number {
    return this.rows.length + 1
  }

  add(row: Row<T>): void {
    this.rows.push(row)
    this.#byId.set(row.value.id, row)
  }

  get(id: number): Row<T> | undefined {
    return this.#byId.get(id)
  }

  /** Deleted rows stay readable by their id. */
  delete(id: number, now: number): boolean {
    const row = this.#byId.get(id)
    if (row === undefined || row.value.is_deleted) return false
    row.value = { ...row.value, is_deleted: true, update_time: instant(now) }
    return true
  }

  present(): ReadonlyArray<T> {
    return this.rows.flatMap((row) => (row.value.is_deleted ? [] : [row.value]))
  }
}

/** Rows by deal, each in order of ids, so that one deal's activities are listed without reading all the others. */
export class DealIndex<T extends Stored & { readonly deal_id: number | null }> {
  readonly #byDeal = new Map<number, Array<Row<T>>>()

  of(dealId: number): ReadonlyArray<Row<T>> {
    return this.#byDeal.get(dealId) ?? []
  }

  add(row: Row<T>): void {
    const { deal_id: dealId, id } = row.value
    if (dealId === null) return
    const rows = this.#byDeal.get(dealId)
    if (rows === undefined) this.#byDeal.set(dealId, [row])
    else rows.splice(firstAfter(rows, id - 1), 0, row)
  }

  remove(row: Row<T>): void {
    const rows = this.#byDeal.get(row.value.deal_id ?? 0)
    if (rows !== undefined) rows.splice(rows.indexOf(row), 1)
  }
}

export interface PageRequest<T> {
  /** In order of ids. */
  readonly rows: ReadonlyArray<Row<T>>
  readonly keep: (row: Row<T>) => boolean
  readonly sortBy: string
  readonly descending: boolean
  readonly limit: number
  readonly cursor: string | undefined
}

export interface Page<T> {
  readonly data: ReadonlyArray<T>
  readonly nextCursor: string | null
}

/** `undefined` when the cursor is not one of this listing's. */
export const pageOf = <T extends Stored>(request: PageRequest<T>): Page<T> | undefined => {
  const { descending, keep, limit, sortBy } = request
  const after = request.cursor === undefined ? undefined : readCursor(request.cursor)
  if (request.cursor !== undefined && (after?.sortBy !== sortBy || after.descending !== descending)) return undefined

  const key = (row: Row<T>): string => String(row.value[sortBy as keyof T] ?? "")
  // Ids and creation times grow together, so only the other orders need sorting.
  const ordered = sortBy === "id" || sortBy === "add_time"
  const rows = ordered
    ? request.rows
    : request.rows.toSorted((a, b) => compare(key(a), key(b)) || a.value.id - b.value.id)
  const isPast = (row: Row<T>, last: Cursor) => {
    const order = compare(key(row), last.key) || row.value.id - last.id
    return descending ? order < 0 : order > 0
  }

  const found: Array<Row<T>> = []
  let index = descending ? rows.length - 1 : 0
  if (after !== undefined && ordered)
    index = descending ? firstAfter(rows, after.id - 1) - 1 : firstAfter(rows, after.id)
  for (; found.length <= limit; index += descending ? -1 : 1) {
    const row = rows[index]
    if (row === undefined) break
    if (keep(row) && (after === undefined || ordered || isPast(row, after))) found.push(row)
  }
  const data = found.slice(0, limit)
  const last = data.at(-1)
  return {
    data: data.map((row) => row.value),
    nextCursor:
      found.length > limit && last !== undefined
        ? writeCursor({ sortBy, descending, key: key(last), id: last.value.id })
        : null
  }
}

interface Cursor {
  readonly sortBy: string
  readonly descending: boolean
  readonly key: string
  readonly id: number
}

const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url")

const readCursor = (text: string): Cursor | undefined => {
  try {
    const value: Cursor | null = JSON.parse(Buffer.from(text, "base64url").toString())
    return typeof value?.id === "number" && typeof value.key === "string" ? value : undefined
  } catch {
    return undefined
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The place of the first row whose id is greater. */
const firstAfter = <T extends Stored>(rows: ReadonlyArray<Row<T>>, id: number): number => {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle]?.value.id ?? 0) > id) high = middle
    else low = middle + 1
  }
  return low
}
