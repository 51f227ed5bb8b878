/**
 * What the GitHub fake knows: users by login and by number, their gists, and the public feed.
 *
 * Lists stay sorted while they change, since a benchmark polls the feed of a million gists.
 */
import { createHash } from "node:crypto"
import { storedFile } from "./files.ts"
import { type AccountType, type StoredGist, StoredUser, Subject, type UserProfile } from "./subjects.ts"

/** A gist to add to the fake: its owner and files; the fake fills the rest. */
export interface GistInput {
  readonly id?: string
  readonly description?: string | null
  /**
   * Contents by file name. A string is text whatever it holds; bytes are text when they are UTF-8 without a zero. Hazard:
   * `{ __proto__: "..." }` is no key in JavaScript, `{ ["__proto__"]: "..." }` is.
   */
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** Anything `new Date` takes. Default: now. */
  readonly createdAt?: Date | number | string
  readonly public?: boolean
  /** The id of the gist that this one was forked from. */
  readonly forkOf?: string
}

/** The accounts and gists of the fake. Methods that change them throw on names that do not exist, or exist already. */
export class GithubState {
  readonly feed = new Subject()
  readonly #logins = new Map<string, StoredUser>()
  readonly #ids = new Map<number, StoredUser>()
  /** Lists of accounts by their addresses, in small letters. */
  readonly #accounts = new Map<string, ReadonlyArray<StoredUser>>()
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

  addUser(login: string, id: number = this.#freeId(), type: AccountType = "User"): number {
    this.#claim(login)
    if (this.#ids.has(id)) throw new Error(`The GitHub fake has a user with the id ${id} already`)
    const user = new StoredUser({ login, id, type, createdAt: this.#second(this.#now()) })
    user.isSelf = login.toLowerCase() === this.#self
    this.#logins.set(login.toLowerCase(), user)
    this.#ids.set(id, user)
    return id
  }

  /** The accounts of the list at that address that outsiders can see. `undefined` without such a list. */
  accountsAt(path: string): ReadonlyArray<StoredUser> | undefined {
    return this.#accounts.get(path.toLowerCase())?.filter((user) => this.#ids.has(user.id) && !user.suspended)
  }

  /** The members, followers or stargazers at that address, in the order in which they are listed. */
  setAccounts(path: string, logins: ReadonlyArray<string>): void {
    this.#accounts.set(
      path.toLowerCase(),
      logins.map((login) => this.#user(login))
    )
  }

  removeUser(login: string): void {
    const user = this.#user(login)
    for (const gist of [...this.#gists.values()]) if (gist.owner === user) this.deleteGist(gist.id)
    this.#logins.delete(login.toLowerCase())
    this.#ids.delete(user.id)
  }

  setProfile(login: string, changes: Partial<UserProfile>): void {
    const user = this.#user(login)
    user.profile = { ...user.profile, ...changes }
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
      forkOf: input.forkOf === undefined ? undefined : this.#known(input.forkOf),
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

  addFile(gistId: string, name: string, content: string | Uint8Array): void {
    const gist = this.#known(gistId)
    if (gist.files.has(name)) throw new Error(`Gist ${gistId} already has a file ${JSON.stringify(name)}`)
    gist.files.set(name, storedFile(name, content))
    this.#updated(gist)
  }

  editFile(gistId: string, name: string, content: string | Uint8Array): void {
    const gist = this.#known(gistId)
    this.#archive(gist, name)
    gist.files.set(name, storedFile(name, content))
    this.#updated(gist)
  }

  removeFile(gistId: string, name: string): void {
    const gist = this.#known(gistId)
    this.#archive(gist, name)
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

  /** Keeps the present content readable by its raw address. */
  #archive(gist: StoredGist, name: string): void {
    const before = gist.files.get(name)
    if (before === undefined) throw new Error(`Gist ${gist.id} has no file ${JSON.stringify(name)}`)
    gist.past.set(before.sha, before)
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
