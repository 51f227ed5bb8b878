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
import { Context, DateTime, Duration, Effect, Layer, Metric, Option, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { Github, type GithubError } from "../github/Github.ts"
import { Limits } from "../limits/Limits.ts"
import { Settings } from "../Settings.ts"
import type { FeedPosition } from "../store/FeedPositions.ts"
import type { ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { makeOwners } from "./feedOwners.ts"
import { type ChangedFeed, identity, readFeed } from "./feedPages.ts"
import { waitAfterFailure, waitAfterPoll } from "./feedWaits.ts"
import { Scanner } from "./Scanner.ts"

/** Gists remembered for the next poll: some pages, because gists are deleted too. */
const maxSeen = 300

/** Follows GitHub's public feed, and scans tracked users that it names. */
export class Feed extends Context.Service<
  Feed,
  {
    /** Whether the settings have the feed followed. */
    readonly on: boolean
    /** Polls the feed and has its owners checked when a poll is due. Answers when to call again, by this process's clock. */
    readonly poll: Effect.Effect<DateTime.Utc, DatabaseError | ScanRunning | ScanNotFound>
  }
>()("gitpip/Feed") {
  static readonly layer: Layer.Layer<Feed, never, Scanner | Store | Limits | Github | Settings> = Layer.effect(
    Feed,
    Effect.gen(function* () {
      const { checks, feed, files } = yield* Store
      const github = yield* Github
      const owners = makeOwners({ checks, files, scanner: yield* Scanner })
      const { feed: on, githubApiUrl: origin } = yield* Settings
      const poll = makePoll({ feed, github, limits: yield* Limits, origin, owners })

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

interface PollOptions extends Pick<Store["Service"], "feed"> {
  readonly github: Github["Service"]
  readonly limits: Limits["Service"]
  readonly owners: ReturnType<typeof makeOwners>
  /** The feed's address: each has a position of its own. */
  readonly origin: string
}

/** Polls the feed from a position. Answers the wait for the next poll. */
const makePoll = ({ feed, github, limits, origin, owners: { checkOwners, missing } }: PollOptions) => {
  /** Failures in a row. */
  let failures = 0

  const next = Effect.fnUntraced(function* (requests: number) {
    const { budget } = yield* limits.requests
    return waitAfterPoll(requests, budget?.limit)
  })

  const afterFailure = Effect.fnUntraced(function* (position: FeedPosition, error: GithubError) {
    failures++
    const now = yield* DateTime.now
    const wait = waitAfterFailure(error, failures, now)
    const until = DateTime.addDuration(now, wait)
    yield* Telemetry.log("Warn", "feed.failed", {
      reason: error.reason._tag,
      detail: error.message,
      until: DateTime.formatIso(until)
    })
    yield* Metric.update(Telemetry.feedPolls("failed"), 1)
    yield* feed.snooze(origin, position, wait)
    return wait
  })

  /** Handles a changed feed. Answers the wait for the next poll. */
  const afterChange = Effect.fnUntraced(function* (position: FeedPosition, { etag, gap, gists, pages }: ChangedFeed) {
    const wait = yield* next(pages)
    const again = new Set(position.unsettled)
    const found = yield* missing(unseenSince(position, gists))
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
      seen: [...new Set([...gists.keys(), ...position.seen])].slice(0, maxSeen),
      unsettled,
      gap,
      wait
    })
    yield* Telemetry.log("Debug", "feed.polled", { gists: gists.size, users: found.length })
    return wait
  })

  return Effect.fnUntraced(function* (position: FeedPosition) {
    const result = yield* Effect.result(readFeed(github, position))
    if (Result.isFailure(result)) return yield* afterFailure(position, result.failure)
    failures = 0
    if (Option.isSome(result.success)) return yield* afterChange(position, result.success.value)
    const wait = yield* next(1)
    yield* Metric.update(Telemetry.feedPolls("unchanged"), 1)
    yield* feed.record(origin, position, { ...position, gap: false, wait })
    return wait
  })
}

/** The gists that the poll before did not see, and those that it did not settle. */
const unseenSince = ({ seen, unsettled }: FeedPosition, gists: ChangedFeed["gists"]) => {
  const before = new Set(seen).difference(new Set(unsettled))
  return [...gists].filter(([id]) => !before.has(id)).map(([, gist]) => gist)
}
