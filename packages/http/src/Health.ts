/** Whether the process serves and its background work lives. `Api.ts` declares the call. */
import { Worker } from "@gitpip/core"
import { Context, Effect, Tracer } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type App, pathOf } from "./Guard.ts"

const path = "/health"

/** 200 `Alive`, or 503 with the background work that has ended. */
export const health = Effect.map(Worker, ({ dead }) => Effect.mapEager(dead, answer))

const answer = (dead: ReadonlyArray<string>): HttpServerResponse.HttpServerResponse =>
  dead.length === 0
    ? alive
    : HttpServerResponse.text(`No longer alive: ${dead.join(", ")}. Restart the server`, { status: 503 })

const alive = HttpServerResponse.text("Alive")

/** Answers `GET /health` before the router, which takes several times as long as the answer itself. */
export const healthBeforeRouter = Effect.map(
  health,
  (answered) =>
    (app: App): App =>
      Effect.withFiber((fiber) => {
        const { method, url } = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
        if ((method !== "GET" && method !== "HEAD") || pathOf(url) !== path) return app
        // Traces show the route, as behind the router.
        const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
        if (span?._tag === "Span") span.attribute("http.route", path)
        return answered
      })
)
