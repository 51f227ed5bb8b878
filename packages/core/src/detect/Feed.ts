/**
 * Follows GitHub's public feed, which shows everybody's new gists: one poll finds those of all tracked users, so that
 * detection costs the same for ten users as for a million. It only speeds up. What the feed leaves out, shows late or
 * makes up costs a look at most: scans alone decide what is stored, and the schedule reaches everybody without it.
 *
 * A poll reads from the newest gist to one that the poll before saw. When it finds none, gists may have passed by unseen,
 * and the users are looked at ahead of their turn as far as GitHub's limits have room.
 *
 * Hazard: when pages end with a gist that the last poll saw although newer ones stand behind it, as a feed ordered by
 * update can make them, those are left to the schedule.
 */
import { Context, DateTime, Duration, Effect, Layer, Metric, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { fileIdentity } from "../domain/GistFile.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { type FeedGist, type FeedPage, Github, type GithubError } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { FeedPosition } from "../store/FeedPositions.ts"
import type { ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Scanner } from "./Scanner.ts"

/** The feed ends here: https://docs.github.com/en/rest/gists/gists#list-public-gists */
const maxPages = 30

const pageSize = 100

/** So many gists are remembered, to be recognised by the next poll: some pages, since gists are deleted too. */
const remembered = 300

/** What the feed may take of the requests of an hour: little of a token's 5,000, more of the 60 without one. */
const quotaOf = (limit: number): number => (limit < 1_000 ? 0.2 : 0.04)

/** Nothing is gained by asking more often than GitHub shows new gists. */
const shortest = Duration.seconds(30)

/** Failures that may end any minute: outages, and refusals that may be the token's. */
const passing: ReadonlySet<string> = new Set(["Unavailable", "Unreachable", "Unauthorized", "Refused"])

/** After an answer that makes no sense. */
const afterRefusal = Duration.minutes(30)

export class Feed extends Context.Service<
  Feed,
  {
    /** Whether it is to be followed. */
    readonly on: boolean
    /** Polls the feed when that is due and no other process does, has owners looked at, and answers when to come again. */
    readonly poll: Effect.Effect<DateTime.Utc, DatabaseError | ScanRunning | ScanNotFound>
  }
>()("gitpip/Feed") {
  static readonly layer: Layer.Layer<Feed, never, Scanner | Store | Github | Settings> = Layer.effect(
    Feed,
    Effect.gen(function* () {
      const { checks, feed, files } = yield* Store
      const github = yield* Github
      const scanner = yield* Scanner
      const { feed: on, githubApiUrl: origin } = yield* Settings
      let failures = 0

      /** The gists down to the newest one that was seen before. `None`: nothing has changed. */
      const read = Effect.fnUntraced(function* (position: FeedPosition) {
        const seen = new Set(position.seen)
        const first = yield* github.feed(Option.fromNullishOr(position.etag))
        if (Option.isNone(first)) return Option.none()
        const gists = new Map<string, FeedGist>()
        let page: FeedPage = first.value
        for (let pages = 1; ; pages++) {
          for (const gist of page.gists) gists.set(identity(gist), gist)
          const last = page.gists.at(-1)
          const met = last === undefined || seen.has(identity(last)) || position.polledAt === null
          // A feed that ends on a page that is not full has been read whole.
          const whole = Option.isNone(page.next) && page.gists.length < pageSize
          if (met || whole || Option.isNone(page.next) || pages === maxPages) {
            return Option.some({ gists, pages, etag: first.value.etag, gap: !met && !whole })
          }
          page = yield* github.feedPage(page.next.value)
        }
      })

      /** Of these gists, the ones of tracked users with files that are not stored, with their users. */
      const missing = Effect.fnUntraced(function* (gists: ReadonlyArray<FeedGist>) {
        const owned = gists.flatMap((gist) => Option.toArray(Option.map(gist.owner, (owner) => ({ gist, owner }))))
        if (owned.length === 0) return []
        const tracked = yield* checks.ofAccounts(owned.map(({ owner }) => owner))
        const keys = new Map<number | string, UserKey>(
          tracked.map(({ githubId, key, username }) => [githubId ?? username.toLowerCase(), key])
        )
        const theirs = owned.flatMap(({ gist, owner }) => {
          const key = keys.get(owner.id) ?? keys.get(owner.login.toLowerCase())
          return key === undefined ? [] : [{ gist, key }]
        })
        if (theirs.length === 0) return []
        const known = yield* files.known(theirs.map(({ gist }) => gist.gistId))
        return theirs.filter(({ gist }) => gist.filenames.some((name) => !known.has(fileIdentity(gist.gistId, name))))
      })

      /** The wait after a poll that took a number of requests. */
      const next = Effect.fnUntraced(function* (requests: number) {
        const { budget } = yield* github.limits
        const pause =
          budget === undefined ? 0 : (requests * 3_600_000) / (Math.max(budget.limit, 1) * quotaOf(budget.limit))
        return Duration.max(Duration.millis(pause), shortest)
      })

      const afterFailure = Effect.fnUntraced(function* (position: FeedPosition, { reason, retryAt }: GithubError) {
        failures++
        const now = yield* DateTime.now
        const wait =
          reason._tag === "RateLimited"
            ? DateTime.distance(now, reason.resumeAt)
            : retryAt !== undefined
              ? Duration.max(DateTime.distance(now, retryAt), shortest)
              : passing.has(reason._tag)
                ? Timing.outageDelay(failures)
                : afterRefusal
        const until = DateTime.addDuration(now, wait)
        yield* Telemetry.log("Warn", "feed.failed", {
          reason: reason._tag,
          detail: reason.message,
          until: DateTime.formatIso(until)
        })
        yield* Metric.update(Telemetry.feedPolls("failed"), 1)
        yield* feed.snooze(origin, position, wait)
        return wait
      })

      const poll = Effect.fnUntraced(function* (position: FeedPosition) {
        const result = yield* Effect.result(read(position))
        if (result._tag === "Failure") return yield* afterFailure(position, result.failure)
        failures = 0
        const news = result.success
        if (Option.isNone(news)) {
          const wait = yield* next(1)
          yield* Metric.update(Telemetry.feedPolls("unchanged"), 1)
          yield* feed.record(origin, position, {
            ...position,
            gap: false,
            wait
          })
          return wait
        }
        const { etag, gap, gists, pages } = news.value
        const wait = yield* next(pages)
        const before = new Set(position.seen)
        const again = new Set(position.unsettled)
        const unseen = [...gists].filter(([id]) => !before.has(id) || again.has(id)).map(([, gist]) => gist)
        const found = yield* missing(unseen)
        let unsettled: ReadonlyArray<string> = []
        if (found.length > 0) {
          const scan = yield* scanner.found([...new Set(found.map(({ key }) => key))])
          // Not everybody was looked at: the same gists are found by the next poll.
          if (scan.state !== "done") {
            yield* feed.snooze(origin, position, wait)
            return wait
          }
          yield* Metric.update(Telemetry.feedUsers, scan.users)
          // The feed may be ahead of the user's list, or not tell the truth: it is believed once more, and no oftener.
          const absent = yield* missing(found.map(({ gist }) => gist))
          unsettled = absent.map(({ gist }) => identity(gist)).filter((id) => !again.has(id))
        }
        if (gap) yield* Telemetry.log("Warn", "feed.gap", { gists: gists.size })
        yield* Metric.update(Telemetry.feedPolls(gap ? "gap" : "new"), 1)
        yield* feed.record(origin, position, {
          // What is looked for once more has to be shown again, too.
          etag: unsettled.length > 0 ? null : Option.getOrNull(etag),
          seen: [...new Set([...gists.keys(), ...position.seen])].slice(0, remembered),
          unsettled,
          gap,
          wait
        })
        yield* Telemetry.log("Debug", "feed.polled", { gists: gists.size, users: found.length })
        return wait
      })

      return Feed.of({
        on,
        poll: Effect.gen(function* () {
          const claimed = yield* feed.claim(origin)
          const wait = Option.isSome(claimed)
            ? yield* poll(claimed.value)
            : Option.getOrElse(yield* feed.untilNext(origin), () => Duration.zero)
          return DateTime.addDuration(yield* DateTime.now, wait)
        }).pipe(Effect.withSpan("Feed.poll"))
      })
    })
  )
}

/** A gist as it was shown: one that changes is another one. */
const identity = ({ gistId, updatedAt }: FeedGist): string => `${gistId} ${updatedAt}`
