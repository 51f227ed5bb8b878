/** Asks for many users, or for many gists' texts, by one query, and estimates how many users can be checked a second. */
import { Array as Arr, Clock, Duration, Effect } from "effect"
import type { ThrottleState } from "../limits/Throttle.ts"
import { type Api, pointsPerMinute } from "./api.ts"
import { fail, type GithubError, Unauthorized } from "./errors.ts"
import { refusesProfiles } from "./profiles.ts"
import { costOf, type GistTexts, type NewestOptions, newest, readNewest, readTexts, texts } from "./queries.ts"
import * as Splitting from "./splitting.ts"
import type { Capacity } from "./types.ts"

/**
 * Users asked for by one query: a hundred cost one point.
 * https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */
export const maxLogins = 100

/** Gists whose texts are asked for by one query. */
const maxTexts = 20

/** 1,000 gists with up to 11 files each, or 20 small gists with their texts, escaped in JSON. */
const maxBytes = 16 * 1024 * 1024

/** GitHub's limits, until a response reports them: requests an hour without a token, points an hour with one. */
const anonymousLimit = 60
const pointLimit = 5_000

/** How long a query is assumed to last before the first one, and how many queries the median is taken of later. */
const usualSeconds = 1
const measured = 20

/** How long queries are not counted on after one that answered nothing. This server may not offer queries at all. */
const whenRefused = Duration.hours(1)
const whenAway = Duration.minutes(1)

/** When queries are counted on again, in epoch milliseconds. */
const pausedUntil = ({ reason }: GithubError, now: number): number => {
  switch (reason._tag) {
    case "RateLimited":
      return reason.resumeAt.epochMilliseconds
    case "Unexpected":
    case "Blocked":
      return now + Duration.toMillis(whenRefused)
    default:
      return now + Duration.toMillis(whenAway)
  }
}

const needsToken = fail(
  new Unauthorized({ message: "GitHub answers for many users at a time with a token only. Set GITHUB_TOKEN" })
)

/** Batches without any measurement yet: their rate is assumed until queries were answered. */
export const make = (api: Api, hasToken: boolean) => {
  const splitter = Splitting.make(maxLogins)
  /** Seconds that the last queries took. */
  let durations: ReadonlyArray<number> = []
  /** Epoch milliseconds. */
  let refusedUntil = 0
  /** Points of the last query. */
  let cost = 1
  /** Until this server refuses a query for a field of profiles. */
  let withProfiles = true

  const queryNewest = Effect.fnUntraced(function* (logins: ReadonlyArray<string>, options: NewestOptions) {
    let answer = yield* api.query({ ...newest(logins, { ...options, withProfiles }), maxBytes })
    if (withProfiles && answer.data == null && refusesProfiles(answer)) {
      withProfiles = false
      answer = yield* api.query({ ...newest(logins, { ...options, withProfiles }), maxBytes })
    }
    cost = costOf(answer) ?? cost
    durations = [...durations, answer.seconds].slice(-measured)
    return yield* Effect.fromResult(readNewest(logins, answer))
  })

  const notePause = (error: GithubError) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      refusedUntil = pausedUntil(error, now)
    })

  /** Users a second by batches: the points of an hour, or the time that queries take, whichever ends first. */
  const batchedRate = (points: ThrottleState, now: number): number => {
    if (!hasToken || refusedUntil > now) return 0
    const seconds = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? usualSeconds
    const pointsPerSecond = (points.budget?.limit ?? pointLimit) / 3_600
    return Math.min((pointsPerSecond / cost) * splitter.size(), splitter.size() / seconds)
  }

  const singleRate = (requests: ThrottleState): number =>
    hasToken || api.isUnlimited()
      ? pointsPerMinute.limit / (pointsPerMinute.millis / 1_000)
      : (requests.budget?.limit ?? anonymousLimit) / 3_600

  return {
    batch: Effect.fn("Github.batch")(function* (logins: ReadonlyArray<string>, options: NewestOptions = {}) {
      if (!hasToken) return yield* needsToken
      return yield* Effect.tapError(
        splitter.ask(logins, (some) => queryNewest(some, options)),
        notePause
      )
    }),
    texts: Effect.fn("Github.texts")(function* (gists: ReadonlyArray<{ readonly node: string }>) {
      if (!hasToken) return yield* needsToken
      return yield* readAllTexts(api, gists)
    }),
    capacity: Effect.gen(function* () {
      const requests = yield* api.requests.limits
      const points = yield* api.points.limits
      const now = yield* Clock.currentTimeMillis
      return { single: singleRate(requests), batched: batchedRate(points, now) } satisfies Capacity
    })
  }
}

/** The texts of gists, by as many queries as they take. */
const readAllTexts = Effect.fnUntraced(function* (api: Api, gists: ReadonlyArray<{ readonly node: string }>) {
  const found = new Map<string, GistTexts>()
  for (const some of Arr.chunksOf(gists, maxTexts)) {
    const query = texts(some.map(({ node }) => node))
    for (const [gistId, one] of readTexts(yield* api.query({ ...query, maxBytes }))) found.set(gistId, one)
  }
  return found
})
