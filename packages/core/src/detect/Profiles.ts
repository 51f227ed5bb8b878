/**
 * Reads profiles by requests of their own: soon after a user is tracked, and then once in a month. Batches show profiles as
 * well, but no e-mail address, and small installations send no batches.
 *
 * Guarantee: no check fails because of a profile, and only the first check of a new user waits for one, for a minute at most.
 * Profiles are read with what is left of the hour.
 */
import { Clock, Context, Duration, Effect, Layer, Option, Semaphore } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { Github, type ProfilePage } from "../github/Github.ts"
import { RequestedFor } from "../limits/evidence.ts"
import { Limits } from "../limits/Limits.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import type { DueProfile } from "../store/Profiles.ts"
import { Store } from "../store/Store.ts"

/** Publishing waits that long for profiles: in a minute some hundreds are read, the contacts of a first run. */
const maxRound = Duration.minutes(1)

/** After a round of such a length in which nothing was read, nobody waits for profiles for a while. */
const silence = { atLeast: Duration.seconds(30), pause: Duration.minutes(5) }

/** GitHub asks for few requests at a time. https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api */
const sideBySide = 4

/** A reader meets an outage after that many failures in a row. */
const maxFailures = 2

/** Whether the hour has room for that many profiles: half of the hour belongs to checks and files, less towards the hour's end. */
export const hasRoomForProfile = (
  { blockedUntil, budget }: Pick<ThrottleState, "blockedUntil" | "budget">,
  now: number,
  profiles = 1
): boolean =>
  blockedUntil <= now &&
  (budget === undefined ||
    budget.resetAt <= now ||
    Timing.backlogAllowance({
      left: budget.remaining,
      limit: budget.limit,
      renewsAt: budget.resetAt,
      period: Duration.hours(1),
      now
    }) >= profiles)

/** Whether an answer is about the account that is tracked: a login that was given up may belong to another person. */
export const isOwn = (due: Pick<DueProfile, "githubId">, { account }: Pick<ProfilePage, "account">): boolean =>
  due.githubId === null || due.githubId === account.id

/** Keeps the profiles of tracked users fresh. */
export class Profiles extends Context.Service<
  Profiles,
  {
    /**
     * Reads profiles that are due while the hour has room. Takes a minute at most, with the wait for another caller's round.
     * Answers how many were read.
     */
    readonly refresh: Effect.Effect<number, DatabaseError>
  }
>()("gitpip/Profiles") {
  static readonly layer: Layer.Layer<Profiles, never, Store | Limits | Github> = Layer.effect(
    Profiles,
    Effect.gen(function* () {
      const { profiles } = yield* Store
      const github = yield* Github
      const limits = yield* Limits
      const one = yield* Semaphore.make(1)

      /** Whether each of the readers may read a profile. */
      const mayRead = Effect.fnUntraced(function* (readers: number) {
        if (Option.isSome(yield* github.refused)) return false
        return hasRoomForProfile(yield* limits.requests, yield* Clock.currentTimeMillis, readers)
      })

      const store = Effect.fnUntraced(function* (due: DueProfile, page: Option.Option<ProfilePage>) {
        if (Option.isNone(page)) return yield* profiles.confirm(due.userKey)
        // The next check finds out who the login belongs to. Until then the profile is due again tomorrow.
        if (!isOwn(due, page.value)) return
        const { etag, profile } = page.value
        yield* profiles.put({ ...profile, userKey: due.userKey, etag: Option.getOrNull(etag) })
      })

      /** Reads the profile that is due longest. `none`: there is none, or the hour has no room. */
      const readNext = Effect.fnUntraced(function* (readers: number) {
        if (!(yield* mayRead(readers))) return "none"
        const due = yield* profiles.takeDue
        if (Option.isNone(due)) return "none"
        const { etag, userKey, username } = due.value
        return yield* github.profile(username, Option.fromNullishOr(etag)).pipe(
          Effect.provideService(RequestedFor, { user: `${userKey}`, thing: `${userKey}` }),
          // One answer that failed would make a person without an e-mail address.
          Effect.retry({
            times: 1,
            while: ({ reason }) => reason._tag === "Unavailable" || reason._tag === "Unreachable"
          }),
          Effect.flatMap((page) => store(due.value, page)),
          Effect.as("read" as const),
          // Checks report what GitHub refuses. The profile is due again tomorrow.
          Effect.catchReason("GithubError", "UserNotFound", () => Effect.succeed("read" as const)),
          Effect.catchTag("GithubError", () => Effect.succeed("failed" as const))
        )
      })

      /** Reads one profile after the other until some fail in a row. */
      const readSome = Effect.fnUntraced(function* (onRead: () => void) {
        for (let failures = 0; failures < maxFailures; ) {
          const outcome = yield* readNext(sideBySide)
          if (outcome === "none") return
          failures = outcome === "failed" ? failures + 1 : 0
          if (outcome === "read") onRead()
        }
      })

      const readAll = Effect.fnUntraced(function* (onRead: () => void) {
        // Most rounds find none, and cost one statement.
        const first = yield* readNext(1)
        if (first === "none") return
        if (first === "read") onRead()
        yield* Effect.forEach(Array.from({ length: sideBySide }), () => readSome(onRead), {
          concurrency: "unbounded",
          discard: true
        })
      })

      /** Until when GitHub is taken to answer no request for a profile, in epoch milliseconds. */
      let silentUntil = 0

      const round = Effect.gen(function* () {
        const begin = yield* Clock.currentTimeMillis
        if (begin < silentUntil) return 0
        let count = 0
        const noteSilence = Effect.map(Clock.currentTimeMillis, (now) => {
          const isSilent = count === 0 && now - begin >= Duration.toMillis(silence.atLeast)
          if (isSilent) silentUntil = now + Duration.toMillis(silence.pause)
        })
        yield* Effect.ensuring(
          readAll(() => count++),
          noteSilence
        )
        return count
      })

      return Profiles.of({
        // One round at a time: a second caller goes on when the profiles of the first are stored.
        refresh: round.pipe(
          one.withPermit,
          // A profile whose request is cut off is due again tomorrow.
          Effect.timeoutOrElse({ duration: maxRound, orElse: () => Effect.succeed(0) }),
          Effect.withSpan("Profiles.refresh")
        )
      })
    })
  )
}
