/**
 * What the GitHub fake knows: users by login and by number, their gists, and the public feed.
 *
 * Lists are kept sorted while they change, since a benchmark polls the feed of a million gists.
 */
import { createHash } from "node:crypto"

export interface StoredFile {
  readonly name: string
  readonly content: Buffer
  /** Whether the content is handed out as text. Bytes that are not UTF-8, or hold a zero, are not. */
  readonly text: boolean
  readonly language: string | null
  /** The name git gives the content: an edit changes it, a new file name does not. */
  readonly sha: string
}

export interface StoredGist {
  readonly id: string
  readonly owner: StoredUser
  readonly description: string | null
  /** A Map, since a file may be called `__proto__`. */
  readonly files: Map<string, StoredFile>
  /** Contents of earlier revisions, which stay readable by their raw address. */
  readonly past: Map<string, StoredFile>
  /** Epoch milliseconds on whole seconds, like all times of the service. */
  readonly createdAt: number
  updatedAt: number
  public: boolean
  blockedAt: number | undefined
}

/** A list whose validators are remembered until it changes. */
export class Subject {
  readonly etags = new Map<string, string>()
  /** Gists as they are listed, oldest first, ties by id. */
  readonly gists: Array<StoredGist> = []

  touch(): void {
    this.etags.clear()
  }

  insert(gist: StoredGist): void {
    this.gists.splice(this.#place(gist), 0, gist)
    this.touch()
  }

  remove(gist: StoredGist): void {
    const place = this.#place(gist)
    if (this.gists[place] === gist) this.gists.splice(place, 1)
    this.touch()
  }

  /** Newest created first, which all recordings show, against the feed's own documentation. */
  newest(since: number | undefined, most: number): ReadonlyArray<StoredGist> {
    const found: Array<StoredGist> = []
    for (let index = this.gists.length - 1; index >= 0 && found.length < most; index--) {
      const gist = this.gists[index]
      if (gist !== undefined && (since === undefined || gist.updatedAt >= since)) found.push(gist)
    }
    return found
  }

  #place(gist: StoredGist): number {
    let low = 0
    let high = this.gists.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.gists[middle]
      if (other !== undefined && isOlder(other, gist)) low = middle + 1
      else high = middle
    }
    return low
  }
}

export class StoredUser extends Subject {
  suspended = false
  /** Whether requests come with this user's token: then their list shows secret gists as well. */
  isSelf = false
  login: string
  readonly id: number
  readonly type: "User" | "Organization"
  readonly createdAt: number

  constructor(login: string, id: number, type: "User" | "Organization", createdAt: number) {
    super()
    this.login = login
    this.id = id
    this.type = type
    this.createdAt = createdAt
  }
}

export interface GistInput {
  readonly id?: string
  readonly description?: string | null
  /**
   * Contents by file name. A string is text whatever it holds; bytes are looked at. Hazard: `{ __proto__: "..." }` is no
   * key in JavaScript, `{ ["__proto__"]: "..." }` is.
   */
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** Anything `new Date` takes. Default: now. */
  readonly createdAt?: Date | number | string
  readonly public?: boolean
}

export class GithubState {
  readonly feed = new Subject()
  readonly #logins = new Map<string, StoredUser>()
  readonly #ids = new Map<number, StoredUser>()
  readonly #gists = new Map<string, StoredGist>()
  readonly #now: () => number
  #nextId = 1001

  /** The user of the token that requests come with, if any. */
  readonly #self: string | undefined

  constructor(now: () => number, self?: string) {
    this.#now = now
    this.#self = self?.toLowerCase()
  }

  /** The user with that login, if outsiders can see the account. */
  byLogin(login: string): StoredUser | undefined {
    return visible(this.#logins.get(login.toLowerCase()))
  }

  byId(id: string): StoredUser | undefined {
    return /^\d+$/.test(id) ? visible(this.#ids.get(Number(id))) : undefined
  }

  gist(id: string): StoredGist | undefined {
    const gist = this.#gists.get(id)
    return gist?.owner.suspended === true ? undefined : gist
  }

  addUser(login: string, id: number = this.#freeId(), type: "User" | "Organization" = "User"): number {
    this.#claim(login)
    if (this.#ids.has(id)) throw new Error(`The GitHub fake has a user with the id ${id} already`)
    const user = new StoredUser(login, id, type, this.#second(this.#now()))
    user.isSelf = login.toLowerCase() === this.#self
    this.#logins.set(login.toLowerCase(), user)
    this.#ids.set(id, user)
    return id
  }

  removeUser(login: string): void {
    const user = this.#user(login)
    for (const gist of [...this.#gists.values()]) if (gist.owner === user) this.deleteGist(gist.id)
    this.#logins.delete(login.toLowerCase())
    this.#ids.delete(user.id)
  }

  renameUser(from: string, to: string): void {
    const user = this.#user(from)
    if (from.toLowerCase() !== to.toLowerCase()) this.#claim(to)
    this.#logins.delete(from.toLowerCase())
    this.#logins.set(to.toLowerCase(), user)
    user.login = to
    user.touch()
    this.feed.touch()
  }

  suspend(login: string, suspended: boolean): void {
    const user = this.#user(login)
    if (user.suspended === suspended) return
    user.suspended = suspended
    for (const gist of user.gists) {
      if (suspended) this.feed.remove(gist)
      else if (gist.public) this.feed.insert(gist)
    }
  }

  addGist(login: string, input: GistInput): string {
    const owner = this.#user(login)
    const id =
      input.id ??
      createHash("md5")
        .update(`gist ${this.#gists.size} ${this.#nextId++}`)
        .digest("hex")
    if (this.#gists.has(id)) throw new Error(`The GitHub fake has a gist ${id} already`)
    const createdAt = this.#second(input.createdAt === undefined ? this.#now() : new Date(input.createdAt).getTime())
    const gist: StoredGist = {
      id,
      owner,
      description: input.description ?? null,
      files: new Map(Object.entries(input.files).map(([name, content]) => [name, storedFile(name, content)])),
      past: new Map(),
      createdAt,
      updatedAt: createdAt,
      public: false,
      blockedAt: undefined
    }
    this.#gists.set(id, gist)
    if (owner.isSelf) owner.insert(gist)
    if (input.public ?? true) this.setPublic(id, true)
    return id
  }

  putFile(gistId: string, name: string, content: string | Uint8Array, expected: "new" | "old"): void {
    const gist = this.#known(gistId)
    const before = gist.files.get(name)
    if ((before === undefined) !== (expected === "new")) {
      throw new Error(
        `Gist ${gistId} ${before === undefined ? "has no" : "already has a"} file ${JSON.stringify(name)}`
      )
    }
    if (before !== undefined) gist.past.set(before.sha, before)
    gist.files.set(name, storedFile(name, content))
    this.#updated(gist)
  }

  removeFile(gistId: string, name: string): void {
    const gist = this.#known(gistId)
    const before = gist.files.get(name)
    if (before === undefined) throw new Error(`Gist ${gistId} has no file ${JSON.stringify(name)}`)
    gist.past.set(before.sha, before)
    gist.files.delete(name)
    this.#updated(gist)
  }

  deleteGist(id: string): void {
    const gist = this.#known(id)
    this.setPublic(id, false)
    gist.owner.remove(gist)
    this.#gists.delete(gist.id)
  }

  setPublic(id: string, isPublic: boolean): void {
    const gist = this.#known(id)
    if (gist.public === isPublic) return
    gist.public = isPublic
    if (isPublic) {
      if (gist.owner.isSelf) gist.owner.touch()
      else gist.owner.insert(gist)
      if (!gist.owner.suspended) this.feed.insert(gist)
    } else {
      if (gist.owner.isSelf) gist.owner.touch()
      else gist.owner.remove(gist)
      this.feed.remove(gist)
    }
  }

  blockGist(id: string): void {
    this.#known(id).blockedAt = this.#second(this.#now())
  }

  #updated(gist: StoredGist): void {
    gist.updatedAt = this.#second(this.#now())
    gist.owner.touch()
    this.feed.touch()
  }

  #user(login: string): StoredUser {
    const user = this.#logins.get(login.toLowerCase())
    if (user === undefined) throw new Error(`The GitHub fake has no user ${JSON.stringify(login)}`)
    return user
  }

  #known(id: string): StoredGist {
    const gist = this.#gists.get(id)
    if (gist === undefined) throw new Error(`The GitHub fake has no gist ${JSON.stringify(id)}`)
    return gist
  }

  #claim(login: string): void {
    if (this.#logins.has(login.toLowerCase())) {
      throw new Error(`The GitHub fake has a user ${JSON.stringify(login)} already`)
    }
  }

  #freeId(): number {
    while (this.#ids.has(this.#nextId)) this.#nextId++
    return this.#nextId++
  }

  #second(millis: number): number {
    return Math.floor(millis / 1000) * 1000
  }
}

const visible = (user: StoredUser | undefined): StoredUser | undefined => (user?.suspended === true ? undefined : user)

const isOlder = (a: StoredGist, b: StoredGist): boolean =>
  a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt

/** A few are enough: languages are shown, never decided upon. An unknown one is `null`, as recorded. */
const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ["css", "CSS"],
  ["html", "HTML"],
  ["java", "Java"],
  ["js", "JavaScript"],
  ["json", "JSON"],
  ["md", "Markdown"],
  ["py", "Python"],
  ["sh", "Shell"],
  ["ts", "TypeScript"],
  ["txt", "Text"]
])

const storedFile = (name: string, content: string | Uint8Array): StoredFile => {
  // Copied: the caller may change its bytes afterwards.
  // Copied out of Node's pool: a byte that is kept would keep 64 KB of it.
  const bytes = Buffer.from(new Uint8Array(Buffer.from(content)).buffer)
  return {
    name,
    content: bytes,
    text: typeof content === "string" || isText(bytes),
    language: LANGUAGES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? null,
    sha: createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex")
  }
}

const isText = (bytes: Buffer): boolean => {
  if (bytes.includes(0)) return false
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
