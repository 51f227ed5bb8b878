/**
 * Follows the persons of Pipedrive: a person who is given a GitHub username there is tracked from then on.
 *
 * - The first reading reads all persons, and each later one those that changed since, by Pipedrive's own times.
 * - Several servers share one position, so that a reading is done once between them.
 * - New names that GitHub answers nothing about have their page read again, and after some hours they are tracked all the same.
 */
import { Context, DateTime, Duration, Effect, Layer, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { Source } from "../domain/Source.ts"
import * as Timing from "../domain/Timing.ts"
import { Settings } from "../Settings.ts"
import type { Position } from "../store/Sources.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Contacts } from "./Contacts.ts"
import type { SourceUnavailable } from "./SourceUnavailable.ts"

const source = Source.make("pipedrive")

/** The name of the position: not the one of a reading that a person began. */
const positionName = "followed pipedrive"

/** Follows Pipedrive's persons on a schedule. */
export class Following extends Context.Service<
  Following,
  {
    /** Whether the settings have Pipedrive's persons followed. */
    readonly on: boolean
    /** Reads on when a reading is due. Answers the wait until the next call, by this process's clock. */
    readonly poll: Effect.Effect<Duration.Duration, DatabaseError>
  }
>()("gitpip/Following") {
  static readonly layer: Layer.Layer<Following, never, Contacts | Store | Settings> = Layer.effect(
    Following,
    Effect.gen(function* () {
      const { sources } = yield* Store
      const contacts = yield* Contacts
      const { followPipedrive } = yield* Settings
      const interval = Option.getOrElse(followPipedrive, () => Duration.infinity)
      /** Failures in a row. */
      let failures = 0
      /** Those of them in which GitHub did not answer for a name. */
      let unanswered = 0

      const readPage = Effect.fnUntraced(function* (position: Position) {
        const page = yield* contacts.read(source, position)
        // One name that GitHub never answers would hold up all later pages.
        const isLast = unanswered >= Timing.maxAttempts - 1
        const tracked = yield* contacts
          .trackPage(source, page, { unanswered: isLast ? "track" : "fail" })
          .pipe(Effect.tapErrorTag("SourceUnavailable", () => Effect.sync(() => unanswered++)))
        failures = 0
        unanswered = 0
        yield* note(tracked)
        return after(position, page)
      })

      const afterFailure = Effect.fnUntraced(function* (
        position: Position,
        error: SourceUnavailable
      ): Effect.fn.Return<void, DatabaseError> {
        failures++
        const now = yield* DateTime.now
        const wait = waitAfterFailure(error, { failures, now })
        const until = DateTime.formatIso(DateTime.addDuration(now, wait))
        yield* Telemetry.log("Warn", "contacts.failed", { detail: error.message, until })
        // A place that Pipedrive refuses would be refused again.
        yield* sources.put(positionName, error.retryAt === null ? { ...position, next: null } : position, wait)
      })

      return Following.of({
        on: Option.isSome(followPipedrive),
        poll: Effect.gen(function* () {
          const claimed = yield* sources.claim({ source: positionName, lease: Timing.feedLease })
          let position = Option.getOrUndefined(claimed)
          while (position !== undefined) {
            const from: Position = position
            position = yield* readPage(from).pipe(
              Effect.tap((next) => sources.put(positionName, next, next.next === null ? interval : Timing.feedLease)),
              Effect.map((next) => (next.next === null ? undefined : next)),
              Effect.catchTag("SourceUnavailable", (error) => Effect.as(afterFailure(from, error), undefined))
            )
          }
          return Duration.clamp(yield* sources.untilDue(positionName), {
            minimum: Duration.seconds(1),
            maximum: Timing.feedLease
          })
        }).pipe(Effect.withSpan("Following.poll"))
      })
    })
  )
}

/** The position behind a page. At the end of a reading, the next one begins at the latest change that this one met. */
export const after = (
  { changedSince, newest, next }: Position,
  page: { readonly next: string | null; readonly newest: string | null }
): Position => {
  const latest = page.newest ?? newest
  // A place that leads to itself would never end.
  return page.next === null || page.next === next
    ? { next: null, changedSince: latest ?? changedSince, newest: null }
    : { next: page.next, changedSince, newest: latest }
}

/** The wait after a number of failures in a row, of which this is the last. */
export const waitAfterFailure = (
  { retryAt }: Pick<SourceUnavailable, "retryAt">,
  { failures, now }: { readonly failures: number; readonly now: DateTime.Utc }
): Duration.Duration => {
  const least = Timing.outageDelay(failures)
  return retryAt === null ? least : Duration.max(least, DateTime.distance(now, retryAt))
}

/** Logs whom a page had tracked, and which names were wrong. */
const note = Effect.fnUntraced(function* ({
  contacts,
  invalid
}: Effect.Success<ReturnType<Contacts["Service"]["trackPage"]>>) {
  const fresh = contacts.filter(({ state }) => state === "new").length
  const unknown = contacts.flatMap(({ personId, state }) =>
    state === "unknown" || state === "organization" ? [personId] : []
  )
  if (fresh > 0) yield* Telemetry.log("Info", "contacts.tracked", { contacts: fresh })
  const wrong = [...unknown, ...invalid.map(({ personId }) => personId)]
  if (wrong.length > 0) yield* Telemetry.log("Warn", "contacts.wrong", { persons: wrong.slice(0, 20).join(", ") })
})
