import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, References, Tracer } from "effect"
import { layerTelemetry } from "../src/main.ts"
import { settingsOf } from "./server.ts"

const makesSpans = (env: Record<string, string>) =>
  Effect.gen(function* () {
    return { spans: yield* References.TracerEnabled, attributes: !(yield* References.DisablePropagation) }
  }).pipe(
    Effect.provide(
      layerTelemetry.pipe(
        Layer.provide(settingsOf(env)),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
      )
    )
  )

describe("layerTelemetry", () => {
  it.live.each([
    { reader: "nobody", env: {}, expected: false },
    { reader: "a collector", env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:2" }, expected: true },
    { reader: "the log of a Google project", env: { GOOGLE_CLOUD_PROJECT: "some-project" }, expected: true }
  ])("makes spans only where somebody reads them: $reader", ({ env, expected }) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* makesSpans(env), { spans: expected, attributes: expected })
    })
  )

  it.live("makes spans for the tracer of a program that embeds Gitpip", () =>
    Effect.gen(function* () {
      const tracer = Tracer.make({ span: (options) => Tracer.nativeTracer.span(options) })
      const made = yield* makesSpans({}).pipe(Effect.provideService(Tracer.Tracer, tracer))
      assert.deepStrictEqual(made, { spans: true, attributes: true })
    })
  )
})
