/** Reads the data of the page, and merges answers and events into the state. */
import * as api from "./api.js"
import { enterRoute, firstShown, newsByLogin, type State, set, state } from "./state.js"
import { count } from "./words.js"

/**
 * Counts changes of page and session. Hazard: an answer for an earlier view is dropped, or it would bring back data that
 * the reader has left, or signed out of.
 */
let view = 0
/** The view that is being read. */
let reading: number | undefined
let again = false
let lastReadProblem: string | null = null

/** Drops all answers that are still on their way. */
export const leave = (): void => {
  view++
}

/** Shows the page that the address names now. */
export const enter = (): void => {
  leave()
  enterRoute()
  void refresh()
}

export const fail = (error: unknown): void => {
  const isUnknown = error instanceof api.Problem && error.status === 401
  if (isUnknown) {
    set({ signIn: "needed", problem: state.signIn === "done" ? "The session has ended. Sign in again" : state.problem })
  } else {
    set({ problem: error instanceof Error ? error.message : String(error) })
  }
}

/** Reads the shown page again. Changes during a reading lead to one more reading. */
export const refresh = async (): Promise<void> => {
  if (reading === view) {
    again = true
    return
  }
  const own = view
  const isCurrent = () => view === own
  reading = own
  again = false
  const began = performance.now()
  try {
    const read = await (state.route === null ? readOverview() : readUser(state.route, isCurrent))
    if (!isCurrent()) return
    set({ signIn: "done", ...read, ...(state.problem === lastReadProblem ? { problem: null } : {}) })
    lastReadProblem = null
    await readScans(isCurrent)
  } catch (error) {
    if (!isCurrent()) return
    fail(error)
    lastReadProblem = state.problem
  } finally {
    if (isCurrent()) {
      reading = undefined
      pause = Math.max(minPause, restPerWork * (performance.now() - began))
      if (again) later()
    }
  }
}

/** In milliseconds. Many changes cause two readings a second, and fewer from a slow server. */
const minPause = 500
const restPerWork = 5
let pause = minPause

const later = (): void => {
  if (timer !== undefined) return
  timer = setTimeout(() => {
    timer = undefined
    if (state.signIn !== "needed") void refresh()
  }, pause)
}
let timer: ReturnType<typeof setTimeout> | undefined

const readOverview = async (): Promise<Partial<State>> => {
  const limit = state.shown
  const [status, days, users, news, failing, failed] = await Promise.all([
    api.get<api.StatusJson>("status"),
    api.get<ReadonlyArray<api.DayJson>>("days"),
    api.getPage<api.UserJson>(`users?limit=${limit}`),
    api.get<ReadonlyArray<api.NewsJson>>(`news?limit=${limit}&visitor=${api.visitor}`),
    api.getPage<api.UserJson>("users?limit=10&state=failing"),
    api.getPage<api.PublicationJson>("publications?limit=10&state=failed")
  ])
  return { status, overview: { days, users, news: newsByLogin(news), failing, failed } }
}

/**
 * Opening a user's page is a visit, and so is seeing new files on the open page; reading the same files again is not.
 * Hazard: a visit answers once, so it comes last, when everything else can be shown.
 */
const readUser = async (login: string, isCurrent: () => boolean): Promise<Partial<State>> => {
  const name = encodeURIComponent(login)
  const [status, details, files] = await Promise.all([
    api.get<api.StatusJson>("status"),
    api.get<api.UserDetailsJson>(`users/${name}`).catch((error: unknown) => {
      throw error instanceof api.Problem && error.status === 404
        ? new api.Problem(404, `${login} is not tracked. Enter the name in the list of all users to track it`)
        : error
    }),
    api.getPage<api.FileJson>(`users/${name}/gists?limit=${state.shown}`)
  ])
  const reasons = await readReasons(files.rows)
  const known = state.user
  const newest: number = files.rows[0]?.id ?? 0
  if (!isCurrent()) return {}
  if (known !== null && newest <= known.seen) return { status, user: { ...known, details, files, reasons } }
  const visited = (await api.post<ReadonlyArray<api.FileJson>>(`latestgists/${name}?visitor=${api.visitor}`)).map(
    ({ id }): number => id
  )
  const seen = Math.max(newest, ...visited.slice(-1))
  // Files were added after the list was read.
  if (seen > newest) again = true
  const fresh = new Set([...(known?.fresh ?? []), ...visited])
  return { status, user: { login, details, files, fresh, seen, reasons } }
}

/** Why files were not published. Each reason is read once, since only a retry changes it. */
const readReasons = async (files: ReadonlyArray<api.FileJson>): Promise<ReadonlyMap<number, string>> => {
  const failed = files.flatMap(({ publication_id, publication_state }) =>
    publication_id !== null && ["failed", "gone", "skipped"].includes(publication_state ?? "") ? [publication_id] : []
  )
  const reasons = await Promise.all(
    failed.slice(0, firstShown).map(async (id) => {
      const known = state.user?.reasons.get(id)
      if (known !== undefined) return [id, known] as const
      const { publication } = await api.get<api.PublicationDetailsJson>(`publications/${id}`)
      return [id, publication.error_message ?? ""] as const
    })
  )
  return new Map(reasons)
}

/** Reads the scans under way, oldest first, because a page that does not listen misses the event of a scan's end. */
const readScans = async (isCurrent: () => boolean): Promise<void> => {
  const ids = [...state.scans.keys()].slice(0, 10)
  const found = await Promise.all(ids.map((id) => api.get<{ readonly scan: api.ScanJson }>(`scans/${id}`)))
  if (!isCurrent()) return
  for (const { scan } of found) if (state.scans.has(scan.id)) noteScan(scan)
}

/** Handles an event. */
export const hear = (change: api.ChangeJson): void => {
  if (change.type === "scan") noteScan(change.scan)
  // The event of a running scan has all of its progress.
  if (change.type !== "scan" || change.scan.state !== "running") later()
}

export const noteScan = (scan: api.ScanJson): void => {
  const scans = new Map(state.scans)
  const ended = scan.state !== "queued" && scan.state !== "running"
  // Only the end of a scan that this page has shown is announced.
  if (ended && scans.delete(scan.id)) {
    const whom = scan.login ?? "all users"
    const how =
      scan.state === "done" ? "is done" : `was ${scan.state}${scan.message === null ? "" : `: ${scan.message}`}`
    set({ said: `The scan of ${whom} ${how}. ${count(scan.files, "new file")}.` })
  }
  if (!ended) scans.set(scan.id, scan)
  set({ scans })
}
