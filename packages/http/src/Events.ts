/**
 * Changes as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Guarantees: the stream ends when the server stops, and after an hour in any case. A sign of life goes out before a proxy
 * would close an idle connection.
 */
import { Change, type DatabaseError, Telemetry } from "@gitpip/core"
import { Context, Effect, Schedule, Schema, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

/** Completes when the server stops, so that endless streams do not delay the stop. */
export const Stopping = Context.Reference<Effect.Effect<void>>("gitpip/http/Stopping", {
  defaultValue: () => Effect.never
})

const heartbeat = "15 seconds"
const maxDuration = "1 hour"

/** In milliseconds: how long browsers wait before they connect again. */
const retry = 2_000

const toJson = Schema.encodeSync(Schema.fromJsonString(Change))

/**
 * Streams changes until `stopping` completes or an hour has passed. A failure of the database ends the stream after a
 * log line.
 */
export const eventStream = (
  changes: Stream.Stream<Change, DatabaseError>,
  stopping: Effect.Effect<void>
): HttpServerResponse.HttpServerResponse => {
  const events = changes.pipe(
    Stream.map((change) => `data: ${toJson(change)}\n\n`),
    // The browser connects again, and gets the error in that answer.
    Stream.catch((error) =>
      Stream.fromEffectDrain(Telemetry.log("Error", "database.failed", { detail: error.message }))
    )
  )
  const signsOfLife = Stream.fromSchedule(Schedule.spaced(heartbeat)).pipe(Stream.map(() => ":\n\n"))
  const text = Stream.make(`retry: ${retry}\n\n`).pipe(
    Stream.concat(Stream.merge(events, signsOfLife, { haltStrategy: "left" })),
    Stream.interruptWhen(Effect.raceFirst(stopping, Effect.sleep(maxDuration)))
  )
  return HttpServerResponse.stream(Stream.encodeText(text), {
    contentType: "text/event-stream",
    // Hazard: a proxy that buffers would hold events back.
    headers: { "x-accel-buffering": "no" }
  })
}
