/** The actions of the page's buttons. */
import * as api from "./api.js"
import { enter, fail, leave, noteScan, refresh } from "./reading.js"
import { firstShown, maxShown, type Preview, set, state } from "./state.js"
import { languageWords, placedWords, trackedWords } from "./tracked.js"
import { count } from "./words.js"

/** Runs an action, and shows its error. */
const attempt = async (what: () => Promise<void>): Promise<void> => {
  try {
    set({ problem: null })
    await what()
  } catch (error) {
    fail(error)
  }
}

/** Goes to another address within the page. */
export const go = (address: string): void => {
  history.pushState(null, "", address)
  enter()
}

export const openUser = (login: string): void => go(`?user=${encodeURIComponent(login)}`)

export const scan = (login: string | null) =>
  attempt(async () => {
    noteScan(await api.post<api.ScanJson>(login === null ? "scans" : `scans?username=${encodeURIComponent(login)}`))
    set({ said: "The scan was requested." })
  })

export const track = (login: string, done: () => void) =>
  attempt(async () => {
    // Afterwards the record says `tracked`, and no longer that the user was forgotten.
    const [before] = await readChecks(`${encodeURIComponent(login)}&github=false`)
    const user = await api.post<api.UserJson>(`users/${encodeURIComponent(login)}`)
    done()
    set({ tracked: user.login, said: trackedWords(user.login, undefined) })
    const checks = readChecks(encodeURIComponent(user.login))
    await refresh()
    const [check] = await checks
    if (state.tracked !== user.login || check === undefined) return
    set({ said: trackedWords(user.login, { ...check, record: before?.record ?? check.record }) })
  })

/** Tracking depends on no check of a name. */
const readChecks = (query: string) =>
  api.get<ReadonlyArray<api.NameCheckJson>>(`names?names=${query}`).catch((): ReadonlyArray<api.NameCheckJson> => [])

/** `chosen`: Pipedrive's numbers of the user's deal and person. */
export const place = (login: string, chosen: URLSearchParams, done: () => void) =>
  attempt(async () => {
    await api.post(`users/${encodeURIComponent(login)}?${chosen}`)
    done()
    await refresh()
    set({ said: placedWords(login, state.user?.details.unused_choices ?? []) })
  })

/** Takes back the deal and the person that were chosen. */
export const unplace = (login: string) =>
  attempt(async () => {
    await api.post(`users/${encodeURIComponent(login)}?deal=default&person=default`)
    set({ said: `Gitpip finds the deal and the person of ${login} again.` })
    await refresh()
  })

/** `rules`: rules by name, `default` in place of a rule that is taken away. */
export const rule = (login: string, rules: URLSearchParams) =>
  attempt(async () => {
    const headers = await api.postForHeaders(`users/${encodeURIComponent(login)}?${rules}`)
    const warnings = languageWords(headers.get("gitpip-languages"))
    set({ said: [`The rules hold for new files of ${login}.`, ...warnings].join(" ") })
    await refresh()
  })

export const untrack = (login: string) =>
  attempt(async () => {
    await api.remove(`users/${encodeURIComponent(login)}`)
    if (state.route === login) go("./")
    set({ said: `${login} is no longer tracked.` })
  })

export const retry = (publications: ReadonlyArray<number>) =>
  attempt(async () => {
    let retried = 0
    for (const id of publications) {
      try {
        await api.post(`publications/${id}/retry`)
        retried++
      } catch (error) {
        // Somebody else has retried this one already.
        if (!(error instanceof api.Problem && error.status === 409)) throw error
      }
    }
    const { user } = state
    if (user !== null) {
      const left = [...user.reasons].filter(([id]) => !publications.includes(id))
      set({ user: { ...user, reasons: new Map(left) } })
    }
    set({ said: `${count(retried, "file")} will be tried again.` })
    await refresh()
  })

export const skip = (publication: number) =>
  attempt(async () => {
    await api.post(`publications/${publication}/skip`)
    const { user } = state
    if (user !== null)
      set({ user: { ...user, reasons: new Map([...user.reasons].filter(([id]) => id !== publication)) } })
    set({ said: "The file will not be published." })
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
  const answer = await api
    .get<api.PreviewJson>(`files/${id}/preview`)
    .catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }))
  // Unless the preview was closed meanwhile, or its page was left.
  if (state.previews.get(id) === "loading") show(answer)
}

export const showMore = (): void => {
  set({ shown: Math.min(state.shown + firstShown, maxShown) })
  void refresh()
}

export const signIn = async (key: string): Promise<void> => {
  try {
    await api.signIn(key)
    leave()
    set({ signIn: "done", problem: null })
    await refresh()
  } catch (error) {
    const wrong = error instanceof api.Problem && error.status === 401
    set({
      problem: wrong
        ? "The server rejected this key. Check GITPIP_API_KEY and try again"
        : String((error as Error).message)
    })
  }
}

export const signOut = () =>
  attempt(async () => {
    await api.remove("session")
    leave()
    set({
      signIn: "needed",
      said: "",
      status: null,
      overview: null,
      user: null,
      scans: new Map(),
      previews: new Map(),
      list: null
    })
  })
