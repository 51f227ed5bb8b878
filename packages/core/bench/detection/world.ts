/**
 * The simulated GitHub's users and gists: how often each user publishes, what each of them has at an instant, and the
 * public feed. A seed decides all of it.
 */
import { Option } from "effect"
import { fileUrl, type ListedFile } from "../../src/domain/GistFile.ts"
import type { Account, FeedGist } from "../../src/github/Github.ts"

const second = 1_000
const hour = 3_600 * second
const day = 24 * hour

/** How rates are spread over users: P(rate > x) falls with x to this power, up to the most gists a day. */
const alpha = 1.2
const maxPerDay = 50

/** How long the users have published, and the maximum of gists that are left of that time. */
const historyDays = 1_000
const maxGists = 3_000

/** Gists of others in the feed, an hour. */
const othersPerHour = 300

/** The part of news that is a file added to an old gist, and of new gists that the feed never shows. */
const addedFiles = 0.03
const hiddenGists = 0.01

/** News of a tracked user. */
export interface News {
  /** From 0 on. */
  readonly user: number
  readonly kind: "gist" | "file"
  readonly gistId: string
  readonly filename: string
  /** Epoch milliseconds. */
  readonly madeAt: number
  /** When the user's list and the batch show it. */
  readonly listedAt: number
}

export interface World {
  /** Gists a day of each user. */
  readonly rates: Float64Array
  /** Gists that each user had at the beginning. */
  readonly gists: Int32Array
  /** In order of `madeAt`. */
  readonly news: ReadonlyArray<News>
  readonly account: (user: number) => Account
  /** News of a user that lists show at that time. */
  readonly newsOf: (user: number, at: number) => ReadonlyArray<News>
  /** A user's gists by then, last made first or last changed first, from `from` on. */
  readonly list: (options: {
    readonly user: number
    readonly at: number
    readonly order: "made" | "changed"
    readonly from: number
    readonly limit: number
  }) => {
    readonly total: number
    readonly gists: ReadonlyArray<{ readonly gistId: string; readonly files: ReadonlyArray<ListedFile> }>
  }
  /** Changes with the first page of a user's list. */
  readonly versionOfPage: (user: number, at: number) => string
  /** A page of the feed by then, from 0 on, with a version that changes with the page. */
  readonly feed: (at: number, page: number) => { readonly gists: ReadonlyArray<FeedGist>; readonly version: number }
}

export const pageSize = 100

/** The same in SQL: `warm.ts`. */
export const gistIdOf = (user: number, gist: number): string =>
  (user + 1).toString(16).padStart(8, "0") + gist.toString(16).padStart(24, "0")
export const filename = "notes.md"
export const loginOf = (user: number): string => `user-${user + 1}`
export const userOf = (login: string): number => Number(login.slice("user-".length)) - 1

/** From 0 up to 1. SplitMix32: https://doi.org/10.1145/2714064.2660195 */
export const randomOf = (seed: number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

export const make = (options: {
  readonly seed: number
  readonly users: number
  /** Gists an hour of all users together. */
  readonly perHour: number
  readonly start: number
  readonly hours: number
}): World => {
  const { start, users } = options
  const end = start + options.hours * hour
  const random = randomOf(options.seed)
  /** The wait for the next random event, at that many an hour. */
  const wait = (perHour: number) => (-Math.log(1 - random()) / perHour) * hour
  const between = (from: number, to: number) => (from + random() * (to - from)) * second

  const rates = ratesOf(users, options.perHour * 24, random)
  const gists = Int32Array.from(rates, (rate) => Math.min(Math.floor(rate * historyDays + random()), maxGists))
  const upTo = new Float64Array(users)
  let sum = 0
  for (let user = 0; user < users; user++) upTo[user] = sum += rates[user] as number
  const anybody = () => {
    const wanted = random() * sum
    let low = 0
    let high = users - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((upTo[middle] as number) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }

  const news: Array<News> = []
  const byUser = new Map<number, Array<News>>()
  const shown: Array<{ readonly madeAt: number; readonly shownAt: number; readonly gist: FeedGist }> = []
  const show = (madeAt: number, gistId: string, owner: Account) =>
    shown.push({
      madeAt,
      shownAt: madeAt + between(5, 35),
      gist: { gistId, owner: Option.some(owner), updatedAt: instant(madeAt), filenames: [filename] }
    })
  const account = (user: number): Account => ({ id: user + 1, login: loginOf(user) })

  for (let madeAt = start + wait(options.perHour); madeAt < end; madeAt += wait(options.perHour)) {
    const user = anybody()
    const theirs = byUser.get(user) ?? []
    const own = gists[user] as number
    const kind = own > 0 && random() < addedFiles ? "file" : "gist"
    const common = { user, madeAt, listedAt: madeAt + between(1, 5) }
    const one: News =
      kind === "file"
        ? { ...common, kind, gistId: gistIdOf(user, Math.floor(random() * own)), filename: `more-${theirs.length}.md` }
        : { ...common, kind, gistId: gistIdOf(user, own + theirs.length), filename }
    news.push(one)
    byUser.set(user, [...theirs, one])
    if (kind === "gist" && random() >= hiddenGists) show(madeAt, one.gistId, account(user))
  }
  // The feed is full already when time begins.
  let others = 0
  for (let madeAt = start - 2 * hour; madeAt < end; madeAt += wait(othersPerHour)) {
    show(madeAt, `0${(others++).toString(16).padStart(31, "0")}`, { id: 1e9 + others, login: `other-${others}` })
  }
  shown.sort((a, b) => a.madeAt - b.madeAt)
  const shownAt = Float64Array.from(shown, (one) => one.shownAt).sort()
  const made = Float64Array.from(shown, (one) => one.madeAt)

  const listed = (gistId: string, name: string, madeAt: string, updatedAt: string): ListedFile => ({
    gistId,
    filename: name,
    htmlUrl: `https://gist.github.com/${gistId}${name === filename ? page : fileUrl("", name)}`,
    rawUrl: null,
    description: null,
    language: "Markdown",
    type: "text/markdown",
    size: 1_000,
    createdAt: madeAt,
    updatedAt
  })
  const page = fileUrl("", filename)
  const before = instant(start - day)
  const newsOf = (user: number, at: number) => byUser.get(user)?.filter(({ listedAt }) => listedAt <= at) ?? none

  return {
    rates,
    gists,
    news,
    account,
    newsOf,
    list: ({ at, from, limit, order, user }) => {
      const all = newsOf(user, at)
      const own = gists[user] as number
      const fresh = all.filter(({ kind }) => kind === "gist").reverse()
      const added = all.filter(({ kind }) => kind === "file").reverse()
      const old = (gistId: string) => {
        const more = added.filter((file) => file.gistId === gistId)
        return {
          gistId,
          files: [
            listed(gistId, filename, before, more[0] === undefined ? before : instant(more[0].madeAt)),
            ...more.map((file) => listed(gistId, file.filename, before, instant(file.madeAt)))
          ]
        }
      }
      const changed = [...new Set(added.map(({ gistId }) => gistId))]
      const moved = new Set(order === "changed" ? changed : [])
      const head =
        order === "made"
          ? fresh.map(({ gistId }) => gistId)
          : [...new Set(all.toReversed().map(({ gistId }) => gistId))]
      const freshById = new Map(fresh.map((one) => [one.gistId, one]))
      const page: Array<{ readonly gistId: string; readonly files: ReadonlyArray<ListedFile> }> = []
      for (const gistId of head.slice(from, from + limit)) {
        const one = freshById.get(gistId)
        page.push(
          one === undefined
            ? old(gistId)
            : { gistId, files: [listed(gistId, one.filename, instant(one.madeAt), instant(one.madeAt))] }
        )
      }
      let skip = Math.max(from - head.length, 0)
      for (let gist = own - 1; gist >= 0 && page.length < limit; gist--) {
        const gistId = gistIdOf(user, gist)
        if (moved.has(gistId)) continue
        if (skip > 0) skip--
        else page.push(old(gistId))
      }
      return { total: own + fresh.length, gists: page }
    },
    versionOfPage: (user, at) => {
      const all = newsOf(user, at)
      const fresh = all.filter(({ kind }) => kind === "gist").length
      const first = gistIdOf(user, Math.max((gists[user] as number) + fresh - pageSize, 0))
      return `${fresh} ${all.filter(({ gistId, kind }) => kind === "file" && gistId >= first).length}`
    },
    feed: (at, page) => {
      const found: Array<FeedGist> = []
      let skip = page * pageSize
      for (let n = countUpTo(made, at) - 1; n >= 0 && found.length < pageSize; n--) {
        const one = shown[n]
        if (one === undefined || one.shownAt > at) continue
        if (skip > 0) skip--
        else found.push(one.gist)
      }
      return { gists: found, version: countUpTo(shownAt, at) }
    }
  }
}

const none: ReadonlyArray<News> = []

/** Rates of a Pareto distribution, one for each of equal parts, in random order; `perDay` in all. */
const ratesOf = (users: number, perDay: number, random: () => number): Float64Array => {
  const rates = Float64Array.from({ length: users }, (_, n) => (1 - (n + 0.5) / users) ** (-1 / alpha))
  for (let n = users - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    const rate = rates[n] as number
    rates[n] = rates[other] as number
    rates[other] = rate
  }
  // The others gain what the limit takes from the most prolific users.
  for (let round = 0; round < 20; round++) {
    const scale = perDay / rates.reduce((sum, rate) => sum + rate, 0)
    for (let n = 0; n < users; n++) rates[n] = Math.min((rates[n] as number) * scale, maxPerDay)
  }
  return rates
}

/** How many of ascending values are at most the given one. */
const countUpTo = (values: Float64Array, most: number): number => {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) <= most) low = middle + 1
    else high = middle
  }
  return low
}

const instant = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`
