/** Publishing until the outbox is empty, as `scan` does. */
import type { Drained, Status } from "@gitpip/core"
import { Clock, Duration, Effect, Schema } from "effect"
import type { Progress } from "./Progress.ts"
import { count, time } from "./Text.ts"

/** A command waits this long for what is due soon. What is due later is left to the next run. */
const patience = Duration.minutes(1)

/** What publishing came to. */
export const Published = Schema.Struct({
  state: Schema.Literals(["on", "off", "paused"]),
  /** Why it is off or paused. */
  message: Schema.NullOr(Schema.String),
  published: Schema.Int,
  /** Refused, or tried too often. */
  failed: Schema.Int,
  /** Deleted on GitHub before they could be read: nothing to publish, and no failure. */
  gone: Schema.Int,
  /** Still waiting. */
  left: Schema.Int,
  /** When the first of those can be tried again. */
  dueAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}).pipe(Schema.encodeKeys({ dueAt: "due_at" }))
export type Published = typeof Published.Type

/** Who publishes: `publish` answers when nothing is due any more. */
export interface Outbox<E> {
  readonly publish: Effect.Effect<Pick<Drained, "published" | "failed" | "gone">, E>
  readonly status: Effect.Effect<Status, E>
}

/** Publishes what is due and what becomes due within a minute. */
export const publishAll = Effect.fnUntraced(function* <E>(gitpip: Outbox<E>, progress: Progress) {
  let published = 0
  let failed = 0
  let gone = 0
  let moved = yield* Clock.currentTimeMillis
  for (;;) {
    // A drain of a long outbox takes minutes: what waits is counted beside it.
    const drained = yield* Effect.raceFirst(gitpip.publish, watch(gitpip, progress))
    published += drained.published
    failed += drained.failed
    gone += drained.gone
    const { publications, publishing } = yield* gitpip.status
    const left = publications.pending + publications.sending
    const dueAt = publications.pending === 0 ? null : (publishing.until ?? publications.oldestDue)
    const now = yield* Clock.currentTimeMillis
    // What was only put off has not moved: a service that is down would keep the command waiting without end.
    if (drained.published + drained.failed + drained.gone > 0) moved = now
    const wait = dueAt === null ? undefined : dueAt.epochMilliseconds - now
    // What is due and does not move is in the hands of another process, which may keep it for as long as it likes.
    const stuck = now - moved > 2 * Duration.toMillis(patience)
    // A pause that goes on and on, as with a token that is refused, is not waited for to its end.
    const endless = publishing.state === "paused" && (wait ?? 0) + now - moved > Duration.toMillis(patience)
    if (publishing.state === "off" || wait === undefined || wait > Duration.toMillis(patience) || stuck || endless) {
      return {
        state: publishing.state,
        message: publishing.message,
        published,
        failed,
        gone,
        left,
        dueAt
      } satisfies Published
    }
    if (wait > 0) yield* progress.update(`${count(left, "publication")} postponed; the next is due ${time(dueAt)}`)
    yield* Effect.sleep(Duration.millis(Math.max(wait, 250)))
  }
})

/** Says how much waits, without end. */
const watch = Effect.fnUntraced(function* <E>({ status }: Outbox<E>, progress: Progress) {
  let most = 0
  for (;;) {
    const { publications, publishing } = yield* status
    const left = publications.pending + publications.sending
    most = Math.max(most, left)
    if (left > 0) {
      yield* progress.update({
        doing: "Publishing",
        done: most - left,
        total: most,
        unit: "file",
        facts: publishing.tokensLeft === null ? [] : [`${count(publishing.tokensLeft, "Pipedrive token")} left today`]
      })
    }
    yield* Effect.sleep("500 millis")
  }
})

/** Since when and until when publishing waits, as far as that is known. */
export const during = ({ since, until }: Status["publishing"]): string => {
  const times = [
    ...(since === null ? [] : [`since ${time(since)}`]),
    ...(until === null ? [] : [`until ${time(until)}`])
  ]
  return times.length === 0 ? "" : ` (${times.join(", ")})`
}
