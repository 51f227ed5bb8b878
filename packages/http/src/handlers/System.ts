import { Gitpip, Telemetry, Worker } from "@gitpip/core"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"
import { eventStream, Stopping } from "../Events.ts"
import { health } from "../Health.ts"
import { NotReadyProblem } from "../Problems.ts"

/** A supervisor has its own time limit, commonly some seconds. */
const maxWait = "3 seconds"

export const layerSystem = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip
    const worker = yield* Worker
    const alive = yield* health

    const reasons = (exclude: "work" | undefined) =>
      gitpip.overdue(worker.startedAt).pipe(
        Effect.map((overdue) => (exclude === "work" ? [] : overdue)),
        Effect.catch((error) =>
          Effect.as(Telemetry.log("Error", "database.failed", { detail: error.message }), [
            error.reason === "readOnly" ? error.message : "the database cannot be used; the log says why"
          ])
        ),
        Effect.timeoutOrElse({
          duration: maxWait,
          orElse: () => Effect.succeed([`the database did not answer within ${maxWait}`])
        })
      )

    const events = eventStream(gitpip.changes, yield* Stopping)

    return handlers.handleAll({
      health: () => alive,
      ready: Effect.fnUntraced(function* ({ query }) {
        const found = yield* reasons(query.exclude)
        if (found.length > 0) return yield* new NotReadyProblem({ detail: found.join("; "), reasons: found })
        return { ready: true as const }
      }),
      status: () => orProblem(gitpip.status),
      days: ({ query }) => orProblem(gitpip.days(query.days ?? 14)),
      events: () => Effect.succeed(events),
      metrics: () => Effect.andThen(gitpip.measure, PrometheusMetrics.format())
    })
  })
)
