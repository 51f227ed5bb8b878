/** The page's calls of the API: addresses relative to the page, answers in their JSON form, problems as errors. */
import type {
  Change,
  ContactPage,
  Day,
  FilePreview,
  GistFile,
  NameCheck,
  News,
  Profile,
  Publication,
  PublicationDetails,
  Scan,
  Status,
  User,
  UserDetails
} from "@gitpip/core"

export type ChangeJson = typeof Change.Encoded
export type ContactPageJson = typeof ContactPage.Encoded
export type DayJson = typeof Day.Encoded
export type FileJson = typeof GistFile.Encoded
export type NameCheckJson = typeof NameCheck.Encoded
export type NewsJson = typeof News.Encoded
export type PreviewJson = typeof FilePreview.Encoded
export type ProfileJson = typeof Profile.Encoded
export type PublicationJson = typeof Publication.Encoded
export type PublicationDetailsJson = typeof PublicationDetails.Encoded
export type ScanJson = typeof Scan.Encoded
export type StatusJson = typeof Status.Encoded
export type UserJson = typeof User.Encoded
export type UserDetailsJson = typeof UserDetails.Encoded

/** An error in words for the reader of the page. */
export class Problem extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** In milliseconds. Previews wait for GitHub; a connection that died while a laptop slept never answers. */
const maxWait = 60_000

const unreachable = "The server cannot be reached. The page connects again by itself"

/** One page of a list. */
export interface Page<A> {
  readonly rows: ReadonlyArray<A>
  readonly hasMore: boolean
}

const send = async (method: string, address: string, headers: Record<string, string> = {}): Promise<Response> => {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), maxWait)
  const response = await fetch(address, { method, headers, signal: waiting.signal })
    .catch(() => {
      throw new Problem(0, unreachable)
    })
    .finally(() => clearTimeout(timer))
  if (response.ok) return response
  const body = (await response.json().catch(() => ({}))) as { readonly title?: string; readonly detail?: string }
  throw new Problem(response.status, body.detail ?? body.title ?? `The server answered ${response.status}`)
}

export const get = async <A>(address: string): Promise<A> => (await send("GET", address)).json() as Promise<A>

export const getPage = async <A>(address: string): Promise<Page<A>> => {
  const response = await send("GET", address)
  return { rows: (await response.json()) as ReadonlyArray<A>, hasMore: response.headers.has("link") }
}

export const post = async <A>(address: string): Promise<A> => (await send("POST", address)).json() as Promise<A>

/** Posts for the sake of the answer's headers. */
export const postForHeaders = async (address: string): Promise<Headers> => (await send("POST", address)).headers

export const remove = async (address: string): Promise<void> => void (await send("DELETE", address))

/** Sends the key once; a cookie replaces the key from then on. */
export const signIn = async (key: string): Promise<void> => {
  // A header allows no other characters, and no key has them.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Problem(401, "")
  await send("POST", "session", { authorization: `Bearer ${key}` })
}

const meta = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="gitpip-${name}"]`)?.content ?? ""

export const visitor = encodeURIComponent(meta("visitor"))
export const asksForKey = meta("key") === "asked"
