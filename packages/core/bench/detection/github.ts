/**
 * `Github` on a simulated world, without HTTP: GitHub's answers, limits and times, and counts of requests.
 */
import { Clock, DateTime, Effect, Layer, Option, Result } from "effect"
import { type GistPage, Github, githubError, RateLimited, Unexpected } from "../../src/github/Github.ts"
import { pageSize, userOf, type World } from "./world.ts"

const hour = 3_600_000

/** GitHub's limits of a token: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const perHour = 5_000
const perMinute = 900

/** Durations of requests, in seconds. A query takes its way, and time for what it asks. */
const requestSeconds = 0.15
const waySeconds = 0.2
const textsSeconds = 0.5

const usersInQuery = 100
const gistsInQuery = 10
const textsInQuery = 20

/** Queries whose median gives the users checked in a second, as in `Github.ts`. */
const measured = 20

export interface Counts {
  checks: number
  /** Requests: charged, and free because nothing had changed. */
  charged: number
  free: number
  feed: number
  /** One point each. */
  queries: number
  refused: number
}

export const layer = (
  world: World,
  options: {
    readonly batched: boolean
    /** Seconds for a hundred users. */
    readonly querySeconds: number
    readonly start: number
  },
  counts: Counts
): Layer.Layer<Github> =>
  Layer.sync(Github, () => {
    const requests = meter(options.start)
    const points = meter(options.start)
    let lasted: ReadonlyArray<number> = [options.querySeconds]
    /** When the next request may leave, and when the query before has its answer: one at a time. */
    let nextRequest = 0
    let nextQuery = 0

    /** A request, answered by the state of the world when it left. */
    const ask = Effect.fnUntraced(function* <A>(
      answer: (at: number) => { readonly charged: boolean; readonly value: A }
    ) {
      const now = yield* Clock.currentTimeMillis
      const at = Math.max(now, nextRequest)
      nextRequest = at + 60_000 / perMinute
      yield* Effect.sleep(at - now + requestSeconds * 1_000)
      const { charged, value } = answer(at)
      if (!charged) counts.free++
      else {
        yield* requests.charge(at, counts)
        counts.charged++
      }
      return value
    })
    const query = Effect.fnUntraced(function* <A>(seconds: number, answer: (at: number) => A) {
      const now = yield* Clock.currentTimeMillis
      const at = Math.max(now, nextQuery)
      nextQuery = at + seconds * 1_000
      yield* points.charge(at, counts)
      counts.queries++
      yield* Effect.sleep(nextQuery - now)
      return answer(at)
    })

    const pageOf = (user: number, page: number, at: number): GistPage => {
      const { gists, total } = world.list({ user, at, order: "made", from: page * pageSize, limit: pageSize })
      return {
        owner: gists.length > 0 ? Option.some(world.account(user)) : Option.none(),
        files: gists.flatMap(({ files }) => files),
        etag: page === 0 ? Option.some(etagOf(world, user, at)) : Option.none(),
        next:
          total > (page + 1) * pageSize
            ? Option.some(new URL(`https://api.github.com/user/${user + 1}/gists?page=${page + 2}`))
            : Option.none()
      }
    }
    const pageIn = (url: URL) => Number(url.searchParams.get("page")) - 1
    const feedPage = (page: number, at: number) => {
      const { gists, version } = world.feed(at, page)
      return {
        gists,
        etag: Option.some(`"${version}"`),
        next:
          gists.length === pageSize
            ? Option.some(new URL(`https://api.github.com/gists/public?page=${page + 2}`))
            : Option.none()
      }
    }
    const newestOf = (login: string, at: number) => {
      const user = userOf(login)
      const { gists, total } = world.list({ user, at, order: "changed", from: 0, limit: gistsInQuery })
      return Result.succeed({
        owner: world.account(user),
        total,
        complete: total <= gistsInQuery,
        fingerprint: fingerprintOf(world, user, at),
        profile: undefined,
        gists: gists.map(({ files, gistId }) => ({
          node: gistId,
          gistId,
          files,
          complete: true,
          small: true,
          updatedAt: files[0]?.updatedAt ?? ""
        }))
      })
    }
    const notNeeded = Effect.fail(githubError(new Unexpected({ message: "not simulated" })))

    return Github.of({
      limitKey: "github:simulated",
      accounts: () => notNeeded,
      gists: (login, etag) => {
        counts.checks++
        return ask((at) => {
          const user = userOf(login)
          const unchanged = Option.contains(etag, etagOf(world, user, at))
          return { charged: !unchanged, value: unchanged ? Option.none() : Option.some(pageOf(user, 0, at)) }
        })
      },
      page: (next) =>
        ask((at) => ({ charged: true, value: pageOf(Number(next.pathname.split("/")[2]) - 1, pageIn(next), at) })),
      feed: (etag) => {
        counts.feed++
        return ask((at) => {
          const page = feedPage(0, at)
          const unchanged = Option.isSome(etag) && etag.value === Option.getOrNull(page.etag)
          return { charged: !unchanged, value: unchanged ? Option.none() : Option.some(page) }
        })
      },
      feedPage: (next) => {
        counts.feed++
        return ask((at) => ({ charged: true, value: feedPage(pageIn(next), at) }))
      },
      account: (id) => ask(() => ({ charged: true, value: world.account(id - 1) })),
      profile: () => notNeeded,
      contents: () => notNeeded,
      raw: () => notNeeded,
      contentOf: () => notNeeded,
      refused: Effect.succeedNone,
      check: Effect.succeed({ refused: [] }),
      checkLists: Effect.void,
      batched: options.batched,
      batch: Effect.fnUntraced(function* (logins) {
        counts.checks += logins.length
        const seconds = waySeconds + (options.querySeconds - waySeconds) * (logins.length / usersInQuery)
        lasted = [...lasted, seconds].slice(-measured)
        return yield* query(seconds, (at) => logins.map((login) => newestOf(login, at)))
      }),
      texts: Effect.fnUntraced(function* (gists) {
        for (let from = 0; from < gists.length; from += textsInQuery) yield* query(textsSeconds, () => undefined)
        return new Map(
          gists.map(({ node }) => [node, { description: null, files: new Map([["notes.md", "text"]]) }] as const)
        )
      }),
      capacity: Effect.sync(() => {
        const seconds = lasted.toSorted((a, b) => a - b)[Math.floor(lasted.length / 2)] ?? 1
        return {
          single: perMinute / 60,
          batched: options.batched ? Math.min((perHour / 3_600) * usersInQuery, usersInQuery / seconds) : 0
        }
      }),
      points: { limitKey: "github-points:simulated", limits: points.limits, block: () => Effect.void },
      limits: requests.limits,
      block: () => Effect.void
    })
  })

/** What is left of the hour's limit, which is renewed at each full hour. */
const meter = (start: number) => {
  let used = 0
  let resetAt = start + hour
  const renew = (at: number) => {
    if (at < resetAt) return
    used = 0
    resetAt += Math.ceil((at - resetAt + 1) / hour) * hour
  }
  return {
    charge: (at: number, counts: Counts) =>
      Effect.suspend(() => {
        renew(at)
        if (used >= perHour) {
          counts.refused++
          const resumeAt = DateTime.makeUnsafe(resetAt)
          return Effect.fail(
            githubError(new RateLimited({ message: "the limit is used up", resumeAt, enforcedBy: "service" }))
          )
        }
        used++
        return Effect.void
      }),
    limits: Effect.map(Clock.currentTimeMillis, (at) => {
      renew(at)
      return { budget: { limit: perHour, remaining: perHour - used, resetAt }, blockedUntil: 0, why: "" }
    })
  }
}

/** As long as the real ones are. */
export const etagOf = (world: World, user: number, at: number): string =>
  `"${world.versionOfPage(user, at).padStart(64, "0")}"`
export const fingerprintOf = (world: World, user: number, at: number): string =>
  String(world.newsOf(user, at).length).padStart(43, "0")
