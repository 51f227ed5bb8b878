/** Counts and tracks the accounts of a list, page by page. */
import * as api from "./api.js"
import { add, noSums, wrongName } from "./list.js"
import { fail, refresh } from "./reading.js"
import { type ListView, set, state } from "./state.js"

let lastId = 0

/** Changes the list, unless another one took its place, or it was closed. */
const change = (id: number, changes: (list: ListView) => Partial<ListView>): void => {
  const { list } = state
  if (list?.id === id) set({ list: { ...list, ...changes(list) } })
}

/** Runs a step until it has no more to do, or a person stops it. An error of a list that was left is not shown. */
const repeat = async (
  { id }: ListView,
  doing: NonNullable<ListView["doing"]>,
  step: () => Promise<boolean>
): Promise<void> => {
  const isCurrent = () => state.list?.id === id
  change(id, () => ({ doing, isStopping: false }))
  set({ problem: null, said: "" })
  try {
    let hasMore = true
    while (hasMore && isCurrent() && state.list?.isStopping === false) hasMore = await step()
    if (!hasMore && isCurrent()) set({ said: doing === "counting" ? "The list is counted." : "The list is tracked." })
  } catch (error) {
    if (!isCurrent()) return
    fail(error)
    // Nothing can be shown of a list whose first page cannot be read.
    if (state.list?.counted === noSums) set({ list: null })
  } finally {
    change(id, () => ({ doing: null, isStopping: false }))
  }
}

/** Counts the accounts of a source from its beginning, and tracks nobody. */
export const countList = (source: string): Promise<void> => {
  const list: ListView = {
    id: ++lastId,
    source,
    doing: null,
    isStopping: false,
    counted: noSums,
    next: null,
    isWhole: false,
    tracked: null,
    isTracked: false
  }
  set({ list })
  return goOnCounting(list)
}

/** Counts on from where the counting stopped. */
export const goOnCounting = (list: ListView): Promise<void> =>
  repeat(list, "counting", async () => {
    const from = state.list?.next ?? null
    const place = from === null ? "" : `&next=${encodeURIComponent(from)}`
    const page = await api
      .get<api.ContactPageJson>(`contacts?source=${encodeURIComponent(list.source)}${place}`)
      .catch((error: unknown) => {
        const isWrongName = from === null && error instanceof api.Problem && error.status === 400
        throw isWrongName ? new api.Problem(400, wrongName(list.source)) : error
      })
    const isWhole = page.next === null || page.next === from
    change(list.id, ({ counted }) => ({ source: page.source, counted: add(counted, page), next: page.next, isWhole }))
    return !isWhole
  })

/** Tracks the accounts, or goes on with that. The server knows the place at which an earlier call stopped. */
export const trackList = async (list: ListView): Promise<void> => {
  change(list.id, ({ tracked }) => ({ tracked: tracked ?? noSums }))
  await repeat(list, "tracking", async () => {
    const page = await api.post<api.ContactPageJson>(`contacts?source=${encodeURIComponent(list.source)}`)
    const isTracked = page.next === null
    change(list.id, ({ tracked }) => ({ tracked: add(tracked ?? noSums, page), isTracked }))
    return !isTracked
  })
  await refresh()
}

/** Ends counting or tracking with the page that is on its way. */
export const stopList = ({ id }: ListView): void => change(id, () => ({ isStopping: true }))

export const closeList = (): void => set({ list: null, problem: null })
