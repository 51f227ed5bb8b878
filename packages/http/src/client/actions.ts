/** What the page does: reads, and what its buttons ask for. */
import * as api from "./api.js"
import { enterRoute, firstShown, mostShown, newsByLogin, type Preview, set, state } from "./state.js"
import { count } from "./words.js"

/** Runs what somebody asked for, and shows what went wrong. */
export const attempt = async (what: () => Promise<void>): Promise<void> => {
  try {
    set({ problem: null })
    await what()
  } catch (error) {
    fail(error)
  }
}

const fail = (error: unknown): void => {
  const isUnknown = error instanceof api.Problem && error.status === 401
  set(
    isUnknown
      ? { signIn: "needed", problem: null }
      : { problem: error instanceof Error ? error.message : String(error) }
  )
}

/** Reads what is shown anew. Changes that come meanwhile lead to one more reading. */
export const refresh = async (): Promise<void> => {
  if (reading) {
    again = true
    return
  }
  reading = true
  try {
    await (state.route === null ? readOverview() : readUser(state.route))
    if (state.problem === lastReadProblem) set({ problem: null })
    lastReadProblem = null
  } catch (error) {
    fail(error)
    lastReadProblem = state.problem
  } finally {
    reading = false
    if (again) {
      again = false
      later()
    }
  }
}
let reading = false
let again = false
let lastReadProblem: string | null = null

/** A flood of changes is read twice a second. */
const later = (): void => {
  if (timer !== undefined) return
  timer = setTimeout(() => {
    timer = undefined
    void refresh()
  }, 500)
}
let timer: ReturnType<typeof setTimeout> | undefined

const readOverview = async (): Promise<void> => {
  const limit = state.shown
  const [status, days, users, news, failing, failed] = await Promise.all([
    api.get<api.StatusJson>("status"),
    api.get<ReadonlyArray<api.DayJson>>("days"),
    api.getPage<api.UserJson>(`users?limit=${limit}`),
    api.get<ReadonlyArray<api.NewsJson>>(`news?limit=${limit}&visitor=${api.visitor}`),
    api.getPage<api.UserJson>("users?limit=10&state=failing"),
    api.getPage<api.PublicationJson>("publications?limit=10&state=failed")
  ])
  set({ signIn: "done", status, overview: { days, users, news: newsByLogin(news), failing, failed } })
}

/** Opening the list is a visit, and so is looking on while files are added to it. */
const readUser = async (login: string): Promise<void> => {
  const name = encodeURIComponent(login)
  const visited = await api.post<ReadonlyArray<api.FileJson>>(`latestgists/${name}?visitor=${api.visitor}`)
  const [status, details, files] = await Promise.all([
    api.get<api.StatusJson>("status"),
    api.get<api.UserDetailsJson>(`users/${name}`),
    api.getPage<api.FileJson>(`users/${name}/gists?limit=${state.shown}`)
  ])
  if (state.route !== login) return
  const failed = files.rows.filter((file) => file.publication_state === "failed" || file.publication_state === "gone")
  const reasons = await Promise.all(
    failed.slice(0, firstShown).map(async ({ id, publication_id }) => {
      const { publication } = await api.get<api.PublicationDetailsJson>(`publications/${publication_id}`)
      return [id as number, publication.error_message ?? ""] as const
    })
  )
  const fresh = new Set([...(state.user?.fresh ?? []), ...visited.map(({ id }) => id as number)])
  if (state.route === login) {
    set({ signIn: "done", status, user: { login, details, files, fresh, reasons: new Map(reasons) } })
  }
}

/** What was told over the events. */
export const hear = (change: api.ChangeJson): void => {
  if (change.type === "scan") noteScan(change.scan)
  // The progress of a scan is all in the event.
  if (change.type !== "scan" || change.scan.state !== "running") later()
}

const noteScan = (scan: api.ScanJson): void => {
  const scans = new Map(state.scans)
  const ended = scan.state !== "queued" && scan.state !== "running"
  // One that was asked for here, or was seen under way, is told the end of.
  if (ended && scans.delete(scan.id)) {
    const whom = scan.username === null ? "everybody" : scan.username
    const how =
      scan.state === "done" ? "is done" : `was ${scan.state}${scan.message === null ? "" : `: ${scan.message}`}`
    set({ said: `The scan of ${whom} ${how}. ${count(scan.files, "new file")}.` })
  }
  if (!ended) scans.set(scan.id, scan)
  set({ scans })
}

export const scan = (login: string | null) =>
  attempt(async () => {
    noteScan(await api.post<api.ScanJson>(login === null ? "scans" : `scans?username=${encodeURIComponent(login)}`))
    set({ said: "The scan is asked for." })
  })

export const track = (login: string, done: () => void) =>
  attempt(async () => {
    const user = await api.post<api.UserJson>(`users/${encodeURIComponent(login)}`)
    done()
    set({ said: `${user.login} is tracked.` })
    await refresh()
  })

export const untrack = (login: string) =>
  attempt(async () => {
    await api.remove(`users/${encodeURIComponent(login)}`)
    history.pushState(null, "", "./")
    enterRoute()
    set({ said: `${login} is no longer tracked.` })
    await refresh()
  })

export const retry = (publications: ReadonlyArray<number>) =>
  attempt(async () => {
    for (const id of publications) await api.post(`publications/${id}/retry`)
    set({ said: `${count(publications.length, "file")} will be tried again.` })
    await refresh()
  })

export const preview = async (id: number): Promise<void> => {
  const show = (shown: Preview | undefined) => {
    const previews = new Map(state.previews)
    if (shown === undefined) previews.delete(id)
    else previews.set(id, shown)
    set({ previews })
  }
  if (state.previews.has(id)) return show(undefined)
  show("loading")
  try {
    show(await api.get<api.PreviewJson>(`files/${id}/preview`))
  } catch (error) {
    show({ problem: error instanceof Error ? error.message : String(error) })
  }
}

export const showMore = (): void => {
  set({ shown: Math.min(state.shown + firstShown, mostShown) })
  void refresh()
}

export const signIn = async (key: string): Promise<void> => {
  try {
    await api.signIn(key)
    set({ signIn: "done", problem: null })
    await refresh()
  } catch (error) {
    const wrong = error instanceof api.Problem && error.status === 401
    set({
      problem: wrong
        ? "That is not the server's GITPIP_API_KEY. Check it, and try again"
        : String((error as Error).message)
    })
  }
}

export const signOut = () =>
  attempt(async () => {
    await api.remove("session")
    set({ signIn: "needed", status: null, overview: null, user: null, scans: new Map(), previews: new Map() })
  })
