/** The state of the page: one object, changed in one place; every change is drawn once. */
import type {
  DayJson,
  FileJson,
  NewsJson,
  Page,
  PreviewJson,
  PublicationJson,
  ScanJson,
  StatusJson,
  UserDetailsJson,
  UserJson
} from "./api.js"
import type { Kind, Sums } from "./list.js"

export interface Overview {
  readonly days: ReadonlyArray<DayJson>
  readonly users: Page<UserJson>
  readonly news: ReadonlyMap<string, number>
  readonly failing: Page<UserJson>
  readonly failed: Page<PublicationJson>
}

export interface UserView {
  readonly login: string
  readonly details: UserDetailsJson
  readonly files: Page<FileJson>
  /** Files that were new when this page was opened, or since. */
  readonly fresh: ReadonlySet<number>
  /** The newest file that a visit has shown. */
  readonly seen: number
  /** Why files of the list were not published, by publication id. */
  readonly reasons: ReadonlyMap<number, string>
}

/** A list of accounts that is counted or tracked. */
export interface ListView {
  readonly id: number
  readonly source: string
  /** What is under way. */
  readonly doing: "counting" | "tracking" | null
  /** Whether it ends with the page that is on its way. */
  readonly isStopping: boolean
  readonly counted: Sums
  /** Where counting goes on. */
  readonly next: string | null
  /** Whether the list was counted to its end. */
  readonly isWhole: boolean
  /** What was tracked; `null` before. */
  readonly tracked: Sums | null
  /** Whether the list was tracked to its end. */
  readonly isTracked: boolean
}

export type Preview = PreviewJson | { readonly problem: string } | "loading"

/** Everything that the page shows. An action replaces it by another one. */
export interface State {
  /** The user whose page is shown, or `null` for the overview. */
  readonly route: string | null
  readonly signIn: "unknown" | "needed" | "done"
  readonly live: boolean
  readonly now: number
  readonly status: StatusJson | null
  readonly overview: Overview | null
  readonly user: UserView | null
  /** The number of rows that lists show. */
  readonly shown: number
  readonly scans: ReadonlyMap<number, ScanJson>
  readonly previews: ReadonlyMap<number, Preview>
  /** Whether the page asks for confirmation to untrack the user. */
  readonly asking: boolean
  readonly listKind: Kind
  readonly list: ListView | null
  /** The user whom this page tracked last. */
  readonly tracked: string | null
  /** What went wrong with the last action. */
  readonly problem: string | null
  /** The result of the last action. */
  readonly said: string
}

export const firstShown = 50
/** The longest page of the API. */
export const maxShown = 1_000

export const routeOf = (): string | null => new URLSearchParams(location.search).get("user")

export let state: State = {
  route: routeOf(),
  signIn: "unknown",
  live: false,
  now: Date.now(),
  status: null,
  overview: null,
  user: null,
  shown: firstShown,
  scans: new Map(),
  previews: new Map(),
  asking: false,
  listKind: "org",
  list: null,
  tracked: null,
  problem: null,
  said: ""
}

let draw: () => void = () => {}
let due = false

export const onChange = (listener: () => void): void => {
  draw = listener
}

export const set = (changed: Partial<State>): void => {
  // `now` moves with every change, so that what was just read is never in the future.
  state = { ...state, now: Date.now(), ...changed }
  if (due) return
  due = true
  queueMicrotask(() => {
    due = false
    draw()
  })
}

/** Resets the state for the page that the address names. */
export const enterRoute = (): void =>
  set({
    route: routeOf(),
    user: null,
    shown: firstShown,
    previews: new Map(),
    asking: false,
    list: null,
    tracked: null,
    problem: null,
    said: ""
  })

export const newsByLogin = (news: ReadonlyArray<NewsJson>): ReadonlyMap<string, number> =>
  new Map(news.map(({ files, login }) => [login, files]))
