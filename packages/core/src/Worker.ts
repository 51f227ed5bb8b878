/**
 * The background loops of a server: scheduled scans, requested scans, the watch on the public feed, the watch on Pipedrive's
 * persons, and the publisher.
 * Stopping interrupts the loops; a request in flight ends, and claims are released.
 */
import { Clock, Context, DateTime, Duration, Effect, type Fiber, Layer, Option } from "effect"
import { Following } from "./contacts/Following.ts"
import { Feed } from "./detect/Feed.ts"
import { Profiles } from "./detect/Profiles.ts"
import { Scanner } from "./detect/Scanner.ts"
import * as Timing from "./domain/Timing.ts"
import { Publisher } from "./publish/Publisher.ts"
import { Signals } from "./Signals.ts"
import { Gauges } from "./status/Gauges.ts"
import * as Telemetry from "./telemetry/Telemetry.ts"

/**
 * How often the database is polled for what no signal reports: work that another process requested, gauges, and profiles
 * that are due. Tests of one process in virtual time poll less often.
 */
export class PollIntervals extends Context.Reference<{
  readonly work: Duration.Duration
  readonly gauges: Duration.Duration
  readonly profiles: Duration.Duration
}>("gitpip/Worker/PollIntervals", {
  defaultValue: () => ({ work: Duration.seconds(2), gauges: Duration.seconds(15), profiles: Duration.minutes(1) })
}) {}

/** The wait after the database failed, or while another process runs the scan. */
const pauseAfterFailure = Duration.seconds(5)

/** Runs one round after the other. A failed round does not end the loop. */
const forever = <E extends { readonly message: string }>(loop: string, round: Effect.Effect<void, E>) =>
  round.pipe(
    Effect.catch((error) =>
      Telemetry.log("Warn", "worker.failed", { loop, detail: error.message }).pipe(
        Effect.andThen(Effect.sleep(pauseAfterFailure))
      )
    ),
    Effect.catchDefect((defect) =>
      Telemetry.log("Error", "worker.broke", { loop, cause: defect }).pipe(
        Effect.andThen(Effect.sleep(pauseAfterFailure))
      )
    ),
    Effect.forever
  )

/** The background loops of a server: scans, the feed, publishing. */
export class Worker extends Context.Service<
  Worker,
  {
    /** The loops that have ended. An ended loop is a fault of Gitpip. */
    readonly dead: Effect.Effect<ReadonlyArray<string>>
    readonly startedAt: DateTime.Utc
  }
>()("gitpip/Worker") {
  static readonly layer: Layer.Layer<
    Worker,
    never,
    Scanner | Feed | Following | Publisher | Gauges | Profiles | Signals
  > = Layer.effect(
    Worker,
    Effect.gen(function* () {
      const publisher = yield* Publisher
      const gauges = yield* Gauges
      const feed = yield* Feed
      const following = yield* Following
      const signals = yield* Signals
      const profiles = yield* Profiles
      const { gauges: refreshed, profiles: profilesRead } = yield* PollIntervals
      const { followingFeed, publishing, requestedScans, scheduledScans } = yield* rounds

      if (Option.isSome(publisher.off)) {
        yield* Telemetry.log("Warn", "publisher.off", { detail: publisher.off.value })
      }
      // Refreshes metrics that are pushed. A collected metric is refreshed when it is collected.
      yield* Effect.forkScoped(forever("gauges", Effect.andThen(gauges.refresh, Effect.sleep(refreshed))))
      // After the first checks, which have the first requests.
      yield* Effect.forkScoped(forever("profiles", Effect.andThen(Effect.sleep(profilesRead), profiles.refresh)))
      const loops: Record<string, Fiber.Fiber<never>> = {
        "the scheduled scans": yield* Effect.forkScoped(forever("scheduled scans", scheduledScans)),
        "the requested scans": yield* Effect.forkScoped(forever("requested scans", requestedScans)),
        ...(feed.on ? { "the watch on the feed": yield* Effect.forkScoped(forever("feed", followingFeed)) } : {}),
        ...(following.on
          ? {
              "the watch on Pipedrive's persons": yield* Effect.forkScoped(
                forever("persons", Effect.flatMap(following.poll, Effect.sleep))
              )
            }
          : {}),
        "the publisher": yield* Effect.forkScoped(
          forever("publisher", Option.isSome(publisher.off) ? signals.publications.wait("1 hour") : publishing)
        )
      }
      return Worker.of({
        dead: Effect.sync(() =>
          Object.entries(loops).flatMap(([name, fiber]) => (fiber.pollUnsafe() === undefined ? [] : [name]))
        ),
        startedAt: yield* DateTime.now
      })
    })
  )
}

/** One round of each loop: the work that is due, then a wait for more. */
const rounds = Effect.gen(function* () {
  const scanner = yield* Scanner
  const publisher = yield* Publisher
  const feed = yield* Feed
  const profiles = yield* Profiles
  const signals = yield* Signals
  const { work: poll } = yield* PollIntervals

  const scheduledScans = Effect.gen(function* () {
    const requested = yield* scanner.runQueued("all")
    const wait = (yield* scanner.nextScheduled).epochMilliseconds - (yield* Clock.currentTimeMillis)
    if (requested === 0 && wait > 0) return yield* signals.fullScans.wait(Duration.min(Duration.millis(wait), poll))
    if (wait <= 0) {
      yield* scanner.scan({ kind: "scheduled", userKey: null, onProgress: () => signals.publications.raise })
    }
    yield* signals.publications.raise
  }).pipe(
    // Another process runs the scan, with the same result.
    Effect.catchTag("ScanRunning", () => signals.fullScans.wait(pauseAfterFailure))
  )

  const requestedScans = Effect.gen(function* () {
    const done = (yield* scanner.runQueued("single")) + (yield* scanner.checkNew)
    if (done > 0) yield* signals.publications.raise
    yield* signals.singleScans.wait(poll)
  })

  const publishing = Effect.gen(function* () {
    // Of new users, so that new persons in Pipedrive bear their names. Publishing goes on without profiles.
    yield* Effect.ignore(profiles.refresh)
    yield* publisher.drain
    const now = yield* Clock.currentTimeMillis
    const wait = Option.match(yield* publisher.nextAt, {
      onNone: () => poll,
      onSome: (at) => Duration.millis(Math.max(at.epochMilliseconds - now, 50))
    })
    yield* signals.publications.wait(Duration.min(wait, poll))
  })

  const followingFeed = Effect.gen(function* () {
    const due = (yield* feed.poll).epochMilliseconds
    yield* signals.publications.raise
    const wait = due - (yield* Clock.currentTimeMillis)
    // Another process may delay the next poll, or have ended: the database is asked again within the lease.
    yield* Effect.sleep(Duration.millis(Math.min(Math.max(wait, 1_000), Duration.toMillis(Timing.feedLease))))
  })

  return { scheduledScans, requestedScans, publishing, followingFeed }
})
