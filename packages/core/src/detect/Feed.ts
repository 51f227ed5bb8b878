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
import { Context, DateTime, Duration, Effect, Layer, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { Github } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import { makeOwners } from "./feedOwners.ts"
import { makePoll } from "./feedPoll.ts"
import { Scanner } from "./Scanner.ts"

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
      const owners = makeOwners({ checks, files, scanner: yield* Scanner })
      const { feed: on, githubApiUrl: origin } = yield* Settings
      const poll = makePoll({ feed, github, origin, owners })

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
