/** What the page knows. One object, changed in one place; every change is drawn once. */
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
  /** Files that this opening of the list showed for the first time. */
  readonly fresh: ReadonlySet<number>
  /** The newest file that a visit has shown. */
  readonly seen: number
  /** Why files of the list have not been published, by their publications. */
  readonly reasons: ReadonlyMap<number, string>
}

export type Preview = PreviewJson | { readonly problem: string } | "loading"

export interface State {
  /** Whose list is shown, or `null` for the overview. */
  readonly route: string | null
  readonly signIn: "unknown" | "needed" | "done"
  readonly live: boolean
  readonly now: number
  readonly status: StatusJson | null
  readonly overview: Overview | null
  readonly user: UserView | null
  /** How many rows of a list are shown. */
  readonly shown: number
  readonly scans: ReadonlyMap<number, ScanJson>
  readonly previews: ReadonlyMap<number, Preview>
  /** Whether the user really is to be untracked. */
  readonly asking: boolean
  /** Who was tracked here last. */
  readonly tracked: string | null
  /** What went wrong with the last thing that was asked for. */
  readonly problem: string | null
  /** What came of the last thing that was asked for. */
  readonly said: string
}

export const firstShown = 50
/** The greatest page of the API. */
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
  // What was just read must not lie in the future.
  state = { ...state, now: Date.now(), ...changed }
  if (due) return
  due = true
  queueMicrotask(() => {
    due = false
    draw()
  })
}

/** The list that the address names now. */
export const enterRoute = (): void =>
  set({
    route: routeOf(),
    user: null,
    shown: firstShown,
    previews: new Map(),
    asking: false,
    tracked: null,
    problem: null,
    said: ""
  })

export const newsByLogin = (news: ReadonlyArray<NewsJson>): ReadonlyMap<string, number> =>
  new Map(news.map(({ files, login }) => [login, files]))
