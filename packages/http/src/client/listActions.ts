/** Counts and tracks the accounts of a list, page by page. */
import * as api from "./api.js"
import { add, noSums } from "./list.js"
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
  change(id, () => ({ doing }))
  set({ problem: null, said: "" })
  try {
    let hasMore = true
    while (hasMore && isCurrent() && state.list?.doing === doing) hasMore = await step()
    if (!hasMore && isCurrent()) set({ said: doing === "counting" ? "The list is counted." : "The list is tracked." })
  } catch (error) {
    if (!isCurrent()) return
    fail(error)
    // Nothing can be shown of a list whose first page cannot be read.
    if (state.list?.counted === noSums) set({ list: null })
  } finally {
    change(id, () => ({ doing: null }))
  }
}

/** Counts the accounts of a source from its beginning, and tracks nobody. */
export const countList = (source: string): Promise<void> => {
  const list: ListView = {
    id: ++lastId,
    source,
    doing: null,
    counted: noSums,
    next: null,
    isWhole: false,
    tracked: null
  }
  set({ list })
  return goOnCounting(list)
}

/** Counts on from where the counting stopped. */
export const goOnCounting = (list: ListView): Promise<void> =>
  repeat(list, "counting", async () => {
    const from = state.list?.next ?? null
    const place = from === null ? "" : `&next=${encodeURIComponent(from)}`
    const page = await api.get<api.ContactPageJson>(`contacts?source=${encodeURIComponent(list.source)}${place}`)
    const isWhole = page.next === null || page.next === from
    change(list.id, ({ counted }) => ({ source: page.source, counted: add(counted, page), next: page.next, isWhole }))
    return !isWhole
  })

/** Tracks the accounts. The server knows the place at which an earlier call stopped. */
export const trackList = async (list: ListView): Promise<void> => {
  change(list.id, () => ({ tracked: noSums }))
  await repeat(list, "tracking", async () => {
    const page = await api.post<api.ContactPageJson>(`contacts?source=${encodeURIComponent(list.source)}`)
    change(list.id, ({ tracked }) => ({ tracked: add(tracked ?? noSums, page) }))
    return page.next !== null
  })
  await refresh()
}

/** Ends counting or tracking with the page that is on its way. */
export const stopList = ({ id }: ListView): void => change(id, () => ({ doing: null }))

export const closeList = (): void => set({ list: null, problem: null })
