/**
 * Follows GitHub's public feed of all users' new gists. One poll finds the gists of all tracked users, so that detection
 * costs the same for ten users as for a million.
 *
 * - The feed only speeds detection up: scans alone decide what is stored, and the schedule checks every user without it.
 * - A poll reads from the newest gist to one that the poll before saw. Without such a gist the feed has a gap, and users are
 *   checked ahead of their turn as far as GitHub's limits allow.
 *
 * Hazard: in a feed ordered by update, a known gist can stand before new ones. The schedule finds those.
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

/** Gists remembered for the next poll: some pages, because gists are deleted too. */
const remembered = 300

/** The feed's part of an hour's requests: little of a token's 5,000, more of the 60 without a token. */
const quotaOf = (limit: number): number => (limit < 1_000 ? 0.2 : 0.04)

/** GitHub's feed hardly changes within this time. */
const minPause = Duration.seconds(30)

/** Failures that may end any minute: outages, and refusals of the token. */
const passing: ReadonlySet<string> = new Set(["Unavailable", "Unreachable", "Unauthorized", "Refused"])

/** The wait after any other failure: another answer is not to be expected soon. */
const refusalPause = Duration.minutes(30)

export class Feed extends Context.Service<
  Feed,
  {
    /** Whether the settings have the feed followed. */
    readonly on: boolean
    /** Polls the feed and has its owners checked when a poll is due. Answers when to call again, by this process's clock. */
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

      /** The gists down to the newest one of the last poll. `None` when the feed has not changed. */
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
          // A page that is not full is the feed's last one.
          const whole = Option.isNone(page.next) && page.gists.length < pageSize
          if (met || whole || Option.isNone(page.next) || pages === maxPages) {
            return Option.some({ gists, pages, etag: first.value.etag, gap: !met && !whole })
          }
          page = yield* github.feedPage(page.next.value)
        }
      })

      /** Tracked users' gists with files that are not stored, each with its user. */
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
        return Duration.max(Duration.millis(pause), minPause)
      })

      const afterFailure = Effect.fnUntraced(function* (position: FeedPosition, { reason, retryAt }: GithubError) {
        failures++
        const now = yield* DateTime.now
        const wait =
          reason._tag === "RateLimited"
            ? DateTime.distance(now, reason.resumeAt)
            : retryAt !== undefined
              ? Duration.max(DateTime.distance(now, retryAt), minPause)
              : passing.has(reason._tag)
                ? Timing.outageDelay(failures)
                : refusalPause
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

      /** Has the owners of these gists checked. Answers the gists that the check did not find; `None` when it was cut off. */
      const checkOwners = Effect.fnUntraced(function* (found: Effect.Success<ReturnType<typeof missing>>) {
        if (found.length === 0) return Option.some<ReadonlyArray<FeedGist>>([])
        const scan = yield* scanner.found([...new Set(found.map(({ key }) => key))])
        if (scan.state !== "done") return Option.none()
        yield* Metric.update(Telemetry.feedUsers, scan.users)
        const absent = yield* missing(found.map(({ gist }) => gist))
        return Option.some(absent.map(({ gist }) => gist))
      })

      /** Handles a changed feed. Answers the wait for the next poll. */
      const afterChange = Effect.fnUntraced(function* (position: FeedPosition, { etag, gap, gists, pages }: Changed) {
        const wait = yield* next(pages)
        const before = new Set(position.seen)
        const again = new Set(position.unsettled)
        const unseen = [...gists].filter(([id]) => !before.has(id) || again.has(id)).map(([, gist]) => gist)
        const found = yield* missing(unseen)
        const absent = yield* checkOwners(found)
        if (Option.isNone(absent)) {
          // The next poll finds the same gists.
          yield* feed.snooze(origin, position, wait)
          return wait
        }
        // The feed may be ahead of a user's list, or wrong: its gists are searched a second time, and not again.
        const unsettled = absent.value.map(identity).filter((id) => !again.has(id))
        if (gap) yield* Telemetry.log("Warn", "feed.gap", { gists: gists.size })
        yield* Metric.update(Telemetry.feedPolls(gap ? "gap" : "new"), 1)
        yield* feed.record(origin, position, {
          // Without the ETag GitHub shows the unsettled gists again.
          etag: unsettled.length > 0 ? null : Option.getOrNull(etag),
          seen: [...new Set([...gists.keys(), ...position.seen])].slice(0, remembered),
          unsettled,
          gap,
          wait
        })
        yield* Telemetry.log("Debug", "feed.polled", { gists: gists.size, users: found.length })
        return wait
      })

      const poll = Effect.fnUntraced(function* (position: FeedPosition) {
        const result = yield* Effect.result(read(position))
        if (result._tag === "Failure") return yield* afterFailure(position, result.failure)
        failures = 0
        if (Option.isSome(result.success)) return yield* afterChange(position, result.success.value)
        const wait = yield* next(1)
        yield* Metric.update(Telemetry.feedPolls("unchanged"), 1)
        yield* feed.record(origin, position, { ...position, gap: false, wait })
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

/** A feed with other gists than at the last poll. */
interface Changed {
  readonly gists: ReadonlyMap<string, FeedGist>
  readonly pages: number
  readonly etag: Option.Option<string>
  /** Whether gists may have passed by unseen. */
  readonly gap: boolean
}

/** A gist in the state that the feed shows. A changed gist has another identity. */
const identity = ({ gistId, updatedAt }: FeedGist): string => `${gistId} ${updatedAt}`
