/** One poll of the public feed from a position, and what it leaves for the next one. */
import { DateTime, Effect, Metric, Option, Result } from "effect"
import type { Github, GithubError } from "../github/Github.ts"
import type { FeedPosition } from "../store/FeedPositions.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { makeOwners } from "./feedOwners.ts"
import { type ChangedFeed, identity, readFeed } from "./feedPages.ts"
import { waitAfterFailure, waitAfterPoll } from "./feedWaits.ts"

/** Gists remembered for the next poll: some pages, because gists are deleted too. */
const remembered = 300

export interface PollOptions extends Pick<Store["Service"], "feed"> {
  readonly github: Github["Service"]
  readonly owners: ReturnType<typeof makeOwners>
  /** The feed's address: each has a position of its own. */
  readonly origin: string
}

/** Polls the feed from a position. Answers the wait for the next poll. */
export const makePoll = ({ feed, github, origin, owners: { checkOwners, missing } }: PollOptions) => {
  /** Failures in a row. */
  let failures = 0

  const next = Effect.fnUntraced(function* (requests: number) {
    const { budget } = yield* github.limits
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
