/** Reads what is shown, again and again, and makes of the answers and of the events what the page knows. */
import * as api from "./api.js"
import { enterRoute, firstShown, newsByLogin, type State, set, state } from "./state.js"
import { count } from "./words.js"

/**
 * Which page of which session is read. An answer that was asked for another one is not shown: it would bring back what
 * its reader has left, or signed out of.
 */
let turn = 0
/** The turn that is being read. */
let reading: number | undefined
let again = false
let lastReadProblem: string | null = null

/** Whatever is still on its way is for nothing. */
export const leave = (): void => {
  turn++
}

/** Shows the list that the address names now. */
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

/** Reads what is shown anew. Changes that come meanwhile lead to one more reading. */
export const refresh = async (): Promise<void> => {
  if (reading === turn) {
    again = true
    return
  }
  const own = turn
  const isCurrent = () => turn === own
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

/** A flood of changes is read twice a second, and more seldom from a server that takes its time. */
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
 * Opening the list is a visit, and so is looking on while files are added to it; another reading of the same is none. The
 * visit comes last, when everything else is there to be shown: what it answers, it answers once.
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
  // Added since the list was read.
  if (seen > newest) again = true
  const fresh = new Set([...(known?.fresh ?? []), ...visited])
  return { status, user: { login, details, files, fresh, seen, reasons } }
}

/** Why files have not been published. Asked for once for each: nothing but a retry changes it. */
const readReasons = async (files: ReadonlyArray<api.FileJson>): Promise<ReadonlyMap<number, string>> => {
  const failed = files.flatMap(({ publication_id, publication_state }) =>
    publication_id !== null && (publication_state === "failed" || publication_state === "gone") ? [publication_id] : []
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

/** An end is told once, and whoever is not listening just then misses it. Those that began first are asked about. */
const readScans = async (isCurrent: () => boolean): Promise<void> => {
  const ids = [...state.scans.keys()].slice(0, 10)
  const found = await Promise.all(ids.map((id) => api.get<{ readonly scan: api.ScanJson }>(`scans/${id}`)))
  if (!isCurrent()) return
  for (const { scan } of found) if (state.scans.has(scan.id)) noteScan(scan)
}

/** What was told over the events. */
export const hear = (change: api.ChangeJson): void => {
  if (change.type === "scan") noteScan(change.scan)
  // The progress of a scan is all in the event.
  if (change.type !== "scan" || change.scan.state !== "running") later()
}

export const noteScan = (scan: api.ScanJson): void => {
  const scans = new Map(state.scans)
  const ended = scan.state !== "queued" && scan.state !== "running"
  // One that was asked for here, or was seen under way, is told the end of.
  if (ended && scans.delete(scan.id)) {
    const whom = scan.login === null ? "everybody" : scan.login
    const how =
      scan.state === "done" ? "is done" : `was ${scan.state}${scan.message === null ? "" : `: ${scan.message}`}`
    set({ said: `The scan of ${whom} ${how}. ${count(scan.files, "new file")}.` })
  }
  if (!ended) scans.set(scan.id, scan)
  set({ scans })
}
