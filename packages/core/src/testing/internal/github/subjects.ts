/** Users and the public feed of the GitHub fake: lists of gists, sorted while they change. */
import type { StoredFile } from "./files.ts"

export interface StoredGist {
  readonly id: string
  readonly owner: StoredUser
  readonly description: string | null
  /** The gist that this one was forked from. */
  readonly forkOf: StoredGist | undefined
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

/** A list of gists that keeps its validators until the list changes. */
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
  newest(since: number | undefined, max: number): ReadonlyArray<StoredGist> {
    const found: Array<StoredGist> = []
    for (let index = this.gists.length - 1; index >= 0 && found.length < max; index--) {
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

/** What a user has made public about themselves. `null`: nothing. */
export interface UserProfile {
  readonly name: string | null
  readonly email: string | null
  readonly company: string | null
  readonly location: string | null
  /** The address of a page, as the user typed it. */
  readonly website: string | null
  readonly bio: string | null
}

/** https://docs.github.com/en/rest/users/users */
export type AccountType = "User" | "Organization" | "Bot"

export class StoredUser extends Subject {
  suspended = false
  profile: UserProfile = { name: null, email: null, company: null, location: null, website: null, bio: null }
  /** Whether requests come with the token of this user, whose list then shows secret gists as well. */
  isSelf = false
  login: string
  readonly id: number
  readonly type: AccountType
  readonly createdAt: number

  constructor(account: Pick<StoredUser, "login" | "id" | "type" | "createdAt">) {
    super()
    this.login = account.login
    this.id = account.id
    this.type = account.type
    this.createdAt = account.createdAt
  }
}

const isOlder = (a: StoredGist, b: StoredGist): boolean =>
  a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt
