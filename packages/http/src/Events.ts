/**
 * What changes, as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Guarantees: the stream ends when the server stops, and after an hour in any case, since every connection ends by
 * itself; a sign of life goes out before a proxy would take the connection for dead.
 */
import { Change, type DatabaseError, Telemetry } from "@gitpip/core"
import { Context, Effect, Schedule, Schema, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

/** Done when the server stops, so that what would go on forever does not keep it. */
export const Stopping = Context.Reference<Effect.Effect<void>>("gitpip/http/Stopping", {
  defaultValue: () => Effect.never
})

const heartbeat = "15 seconds"
const longest = "1 hour"

/** How long browsers wait before they ask again, in milliseconds. */
const retry = 2_000

const toJson = Schema.encodeSync(Schema.fromJsonString(Change))

export const eventStream = (
  changes: Stream.Stream<Change, DatabaseError>,
  stopping: Effect.Effect<void>
): HttpServerResponse.HttpServerResponse => {
  const events = changes.pipe(
    Stream.map((change) => `data: ${toJson(change)}\n\n`),
    // The browser asks again, and is told by then what is wrong.
    Stream.catch((error) =>
      Stream.fromEffectDrain(Telemetry.log("Error", "database.failed", { detail: error.message }))
    )
  )
  const signsOfLife = Stream.fromSchedule(Schedule.spaced(heartbeat)).pipe(Stream.map(() => ":\n\n"))
  const text = Stream.make(`retry: ${retry}\n\n`).pipe(
    Stream.concat(Stream.merge(events, signsOfLife, { haltStrategy: "left" })),
    Stream.interruptWhen(Effect.raceFirst(stopping, Effect.sleep(longest)))
  )
  return HttpServerResponse.stream(Stream.encodeText(text), {
    contentType: "text/event-stream",
    // A proxy that collects what passes through it would hold everything back.
    headers: { "x-accel-buffering": "no" }
  })
}
