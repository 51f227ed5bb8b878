/** Publishing until the outbox is empty, as `scan` does. */
import type { Drained, Publication, PublicationState, Status } from "@gitpip/core"
import { Clock, Duration, Effect, Schema } from "effect"
import type { Progress } from "./Progress.ts"
import { count, time } from "./Text.ts"

/** A command waits this long for publications that are due soon. Later ones are left to the next run. */
const maxWait = Duration.minutes(1)

/** The result of publishing. */
export const Published = Schema.Struct({
  state: Schema.Literals(["on", "off", "paused"]),
  /** Why it is off or paused, or else why the last attempt at one that is left did not succeed. */
  message: Schema.NullOr(Schema.String),
  published: Schema.Int,
  /** Refused, or out of attempts. */
  failed: Schema.Int,
  /** Deleted on GitHub before they were read: nothing to publish, and no failure. */
  gone: Schema.Int,
  /** Still waiting. */
  left: Schema.Int,
  /** When the first of those is due. */
  dueAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}).pipe(Schema.encodeKeys({ dueAt: "due_at" }))
export type Published = typeof Published.Type

/** An outbox: `publish` ends when nothing is due any more. */
export interface Outbox<E> {
  readonly publish: Effect.Effect<Pick<Drained, "published" | "failed" | "gone">, E>
  readonly status: Effect.Effect<Status, E>
  /** Newest first. */
  readonly publications: (page: {
    readonly before: number
    readonly state: PublicationState
    readonly limit: number
  }) => Effect.Effect<ReadonlyArray<Publication>, E>
}

/** Publishes everything that is due now or within a minute. */
export const publishAll = Effect.fnUntraced(function* <E>(gitpip: Outbox<E>, progress: Progress) {
  const counts = { published: 0, failed: 0, gone: 0 }
  let progressAt = yield* Clock.currentTimeMillis
  for (;;) {
    // A long outbox takes minutes: `watch` reports the progress meanwhile.
    const drained = yield* Effect.raceFirst(gitpip.publish, watch(gitpip, progress))
    counts.published += drained.published
    counts.failed += drained.failed
    counts.gone += drained.gone
    const { publications, publishing } = yield* gitpip.status
    const left = publications.pending + publications.sending
    const dueAt = publications.pending === 0 ? null : (publishing.until ?? publications.oldestDue)
    const now = yield* Clock.currentTimeMillis
    // Hazard: a snooze must not count as progress, or a service that is down keeps the command waiting without end.
    if (drained.published + drained.failed + drained.gone > 0) progressAt = now
    const { message, state } = publishing
    const wait = dueAt === null ? undefined : dueAt.epochMilliseconds - now
    if (wait === undefined || isOver({ state, wait, idle: now - progressAt })) {
      const why = message ?? (left === 0 ? null : yield* reasonLeft(gitpip))
      return { state, message: why, ...counts, left, dueAt } satisfies Published
    }
    if (wait > 0) yield* progress.update(`${count(left, "publication")} waiting; the next is due ${time(dueAt)}`)
    yield* Effect.sleep(Duration.millis(Math.max(wait, 250)))
  }
})

/** Why the last attempt at the newest pending publication did not succeed; null when none was attempted. */
const reasonLeft = <E>({ publications }: Outbox<E>) =>
  Effect.map(
    publications({ before: Number.MAX_SAFE_INTEGER, state: "pending", limit: 100 }),
    (page) => page.find(({ errorMessage }) => errorMessage !== null)?.errorMessage ?? null
  )

interface Waiting {
  readonly state: Published["state"]
  /** Milliseconds until the next publication is due. */
  readonly wait: number
  /** Milliseconds since the last progress. */
  readonly idle: number
}

/** Whether the command stops waiting for the outbox. */
const isOver = ({ idle, state, wait }: Waiting): boolean => {
  const max = Duration.toMillis(maxWait)
  if (state === "off" || wait > max) return true
  // A pause that is extended again and again, as with a refused token, is not waited for.
  if (state === "paused" && wait + idle > max) return true
  // Another process may hold what is due, for any length of time.
  return idle > 2 * max
}

/** Reports how much is left, until it is interrupted. */
const watch = Effect.fnUntraced(function* <E>({ status }: Outbox<E>, progress: Progress) {
  let max = 0
  for (;;) {
    const { publications, publishing } = yield* status
    const left = publications.pending + publications.sending
    max = Math.max(max, left)
    if (left > 0) {
      yield* progress.update({
        doing: "Publishing",
        done: max - left,
        total: max,
        unit: "file",
        facts: publishing.tokensLeft === null ? [] : [`${count(publishing.tokensLeft, "Pipedrive token")} left today`]
      })
    }
    yield* Effect.sleep("500 millis")
  }
})

/** ` (since …, until …)`: the known limits of a pause; empty when neither is known. */
export const during = ({ since, until }: Status["publishing"]): string => {
  const times = [
    ...(since === null ? [] : [`since ${time(since)}`]),
    ...(until === null ? [] : [`until ${time(until)}`])
  ]
  return times.length === 0 ? "" : ` (${times.join(", ")})`
}
