/**
 * A copy of one of Pipedrive's lists, for many users at a time: pages of 500 items cost 10 tokens, a search costs 20.
 *
 * Guarantees: the copy is used when the list was read to its end, and shows every change that people made until ten seconds
 * ago at most. The list is read by rising ids, and a cursor names the id that comes next, so an item that is
 * added meanwhile comes at the end
 * (https://pipedrive.readme.io/docs/core-api-concepts-pagination). What changes meanwhile is read afterwards, by
 * Pipedrive's own times. A list that is refused or too long is not used: then each user is searched for.
 */
import { Clock, DateTime, Duration, Effect, Option, Semaphore } from "effect"
import type { UserKey } from "../domain/User.ts"
import type { SinkError } from "../publish/Sink.ts"
import type { PipedriveError } from "./errors.ts"
import { pageCost, pageSize, pagesWorth } from "./listing.ts"
import { failing } from "./sinkErrors.ts"
import type { Page } from "./wire.ts"

/** The changes that a copy shows are no older. A create follows at once, so a person has that long to make the same item. */
const freshness = Duration.seconds(10)

/** How long a copy lives. Few things leave a list without a change that shows: an archived deal, or one that is hidden. */
const lifetime = Duration.hours(1)

/** Items change at the same time, and become visible one after the other. */
const overlap = Duration.seconds(10)

/** How long searches are made after a list was refused, or its answers made no sense. */
const refusalWait = Duration.minutes(15)

/** How long a list counts as too long, or as not worth its tokens: users may come one by one, as the day's budget permits. */
const costWait = Duration.hours(1)

/** The users who are searched for within `rush` before the waiting users are counted, once in `countInterval`. */
const searchedFirst = 2
const rush = Duration.minutes(10)
const countInterval = Duration.minutes(1)

/** The users that are counted as waiting, at most. */
export const maxWaiting = 5_000

/** Pages of changes between two uses at least. More change when somebody imports or edits many items at once. */
const minChangedPages = 10

interface Changing {
  readonly update_time?: string | null | undefined
}

/** The list, and what is made of it. */
export interface Listing<A extends Changing, Index> {
  /** A page of the items that count, by rising ids. */
  readonly page: (cursor: Option.Option<string>) => Effect.Effect<Page<A>, PipedriveError>
  /** A page of items that changed since then, the last changed first, also of those that no longer count. */
  readonly changed: (
    which: { readonly since: DateTime.Utc | undefined; readonly limit: number },
    cursor: Option.Option<string>
  ) => Effect.Effect<Page<A>, PipedriveError>
  readonly index: Index & { readonly put: (item: A) => void }
}

/** What a copy is made of, and for whom. */
export interface Options<K, A extends Changing, Index> {
  /** The list by the present settings. */
  readonly listing: (settings: K) => Listing<A, Index>
  /** How many users wait for an item of their own. */
  readonly waiting: Effect.Effect<number>
  /** Tokens that the searches for one user cost. */
  readonly searchesCost: number
}

interface Copy<K, A extends Changing, Index> {
  readonly settings: K
  readonly listing: Listing<A, Index>
  readonly maxPages: number
  /** Of the list, and with those of changes. */
  pages: number
  requests: number
  /** Users who were not searched for. */
  readonly served: Set<UserKey>
  /** The page that comes next; `undefined` behind the last one. */
  next: Option.Option<string> | undefined
  /** An instant by Pipedrive's clock before which no change is missing. `undefined`: the list was empty. */
  seenUntil: DateTime.Utc | undefined
  /** When that was answered, by `monotonicMillis`. */
  answeredAt: number
  /** When the changes were last asked for, by this process's clock. Epoch milliseconds. */
  askedAt: number
  /** Whether the changes since the list was read have been read. */
  isCurrent: boolean
}

/** By a clock that nobody sets: a wall clock that is set forward would have changes left out. It may stop while a machine sleeps. */
const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** The last of these items' changes. `undefined` when none says when it changed. */
const lastChange = (items: ReadonlyArray<Changing>): DateTime.Utc | undefined => {
  const times = items.map(({ update_time }) => Date.parse(update_time ?? "")).filter(Number.isFinite)
  return times.length === 0 ? undefined : DateTime.makeUnsafe(Math.max(...times))
}

const latest = (one: DateTime.Utc | undefined, other: DateTime.Utc | undefined): DateTime.Utc | undefined =>
  one === undefined || other === undefined ? (one ?? other) : DateTime.max(one, other)

/** Reads up to the end of the list. `false`: the list is longer than it is worth. */
const readOn = Effect.fnUntraced(function* <K, A extends Changing, Index>(copy: Copy<K, A, Index>) {
  while (copy.next !== undefined) {
    if (copy.pages >= copy.maxPages) return false
    const { cursor, items } = yield* copy.listing.page(copy.next)
    for (const item of items) copy.listing.index.put(item)
    copy.pages++
    copy.requests++
    copy.next = Option.isSome(cursor) ? cursor : undefined
  }
  return true
})

/** Reads what changed since the last time. `false`: too much did. */
const readChanges = Effect.fnUntraced(function* <K, A extends Changing, Index>(copy: Copy<K, A, Index>) {
  const { listing, maxPages, pages, seenUntil } = copy
  const since = seenUntil && DateTime.subtractDuration(seenUntil, overlap)
  const askedAt = yield* Clock.currentTimeMillis
  // Pipedrive's clock went on as this one did: the same changes are not read again while nobody makes new ones.
  let seen = seenUntil && DateTime.add(seenUntil, { milliseconds: (yield* monotonicMillis) - copy.answeredAt })
  let answeredAt: number | undefined
  let next = Option.none<string>()
  for (let left = Math.max(maxPages - pages, minChangedPages); left > 0; left--) {
    const { cursor, items } = yield* listing.changed({ since, limit: pageSize }, next)
    copy.requests++
    if (answeredAt === undefined) {
      answeredAt = yield* monotonicMillis
      seen = latest(seen, lastChange(items))
    }
    for (const item of items) listing.index.put(item)
    if (Option.isNone(cursor)) {
      Object.assign(copy, { seenUntil: seen, askedAt, answeredAt, isCurrent: true })
      return true
    }
    next = cursor
  }
  return false
})

/** Decides when a list may be read: by the users who came lately, those who wait, and what went wrong before. */
const makePolicy = ({
  searchesCost,
  waiting
}: {
  readonly searchesCost: number
  readonly waiting: Effect.Effect<number>
}) => {
  let asked: ReadonlyArray<number> = []
  let countedAt = Number.NEGATIVE_INFINITY
  let searchUntil = Number.NEGATIVE_INFINITY
  let tooLong = { pages: 0, at: Number.NEGATIVE_INFINITY }
  const isWithin = (now: number, at: number, time: Duration.Duration) => Math.abs(now - at) < Duration.toMillis(time)

  return {
    /** How many pages may be read now. A user or two are searched for without a count. */
    pages: Effect.fnUntraced(function* (now: number) {
      asked = [...asked, now].slice(-searchedFirst - 1)
      if (asked.length <= searchedFirst || !isWithin(now, asked[0] ?? now, rush)) return 0
      if (isWithin(now, countedAt, countInterval) || now < searchUntil) return 0
      const tooFew = isWithin(now, tooLong.at, costWait) ? tooLong.pages : 0
      const pages = pagesWorth({ users: yield* waiting, searchesCost, tooFew })
      if (pages === 0) countedAt = now
      return pages
    }),
    /** Notes that these pages were not the whole list. */
    wasTooLong: (pages: number, at: number): void => {
      tooLong = { pages, at }
    },
    /** Notes what a copy cost and saved, at its end. */
    hasEnded: ({ requests, served }: { readonly requests: number; readonly served: number }, now: number): void => {
      if (served * searchesCost < requests * pageCost) searchUntil = now + Duration.toMillis(costWait)
    },
    /** Notes a list that cannot be used. */
    wasRefused: (now: number): void => {
      searchUntil = now + Duration.toMillis(refusalWait)
    }
  }
}

export const make = Effect.fnUntraced(function* <K, A extends Changing, Index>(options: Options<K, A, Index>) {
  const scope = yield* Effect.scope
  const one = yield* Semaphore.make(1)
  const policy = makePolicy(options)
  let copy: Copy<K, A, Index> | undefined

  const begin = Effect.fnUntraced(function* (settings: K, maxPages: number) {
    const listing = options.listing(settings)
    const askedAt = yield* Clock.currentTimeMillis
    const { items } = yield* listing.changed({ since: undefined, limit: 1 }, Option.none())
    const seenUntil = lastChange(items)
    // Without times nothing shows what changes while the list is read.
    if (items.length > 0 && seenUntil === undefined) return undefined
    const made: Copy<K, A, Index> = {
      settings,
      listing,
      maxPages,
      pages: 0,
      requests: 1,
      served: new Set(),
      next: Option.none(),
      seenUntil,
      askedAt,
      answeredAt: yield* monotonicMillis,
      isCurrent: false
    }
    const end = Effect.map(Clock.currentTimeMillis, (now) => {
      if (copy !== made) return
      copy = undefined
      policy.hasEnded({ requests: made.requests, served: made.served.size }, now)
    })
    yield* Effect.forkIn(Effect.delay(end, lifetime), scope)
    return made
  })

  const giveUp = Effect.map(Clock.currentTimeMillis, (now) => {
    copy = undefined
    policy.wasRefused(now)
    return Option.none<Index>()
  })

  const read = Effect.fnUntraced(function* (settings: K, user: UserKey) {
    const now = yield* Clock.currentTimeMillis
    if (copy !== undefined && copy.settings !== settings) copy = undefined
    if (copy === undefined) {
      const pages = yield* policy.pages(now)
      if (pages === 0) return Option.none<Index>()
      copy = yield* begin(settings, pages)
      if (copy === undefined) return yield* giveUp
    }
    const own = copy
    if (!(yield* readOn(own))) {
      policy.wasTooLong(own.pages, now)
      copy = undefined
      return Option.none<Index>()
    }
    const age = Math.abs((yield* Clock.currentTimeMillis) - own.askedAt)
    const isFresh = own.isCurrent && age < Duration.toMillis(freshness)
    if (!isFresh && !(yield* readChanges(own))) return yield* giveUp
    own.served.add(user)
    return Option.some<Index>(own.listing.index)
  })

  return {
    /**
     * The index of the list for this user, when reading the list is cheaper than searching. One caller reads, and others wait.
     * A limit ends the reading, which goes on later from the page that is missing.
     */
    current: (settings: K, user: UserKey): Effect.Effect<Option.Option<Index>, SinkError> =>
      one.withPermit(
        read(settings, user).pipe(
          Effect.catchReasons("PipedriveError", {
            Refused: () => giveUp,
            Forbidden: () => giveUp,
            NotFound: () => giveUp,
            NotPipedrive: () => giveUp,
            OutcomeUnknown: () => giveUp,
            ItemLimited: () => giveUp
          }),
          Effect.catchTag("PipedriveError", failing)
        )
      ),
    /** The index while there is one. */
    known: Effect.sync(() => Option.fromUndefinedOr(copy?.listing.index))
  }
})
