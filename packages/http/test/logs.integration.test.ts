/** Log lines of the server: text of strangers cannot forge a line, and secrets are masked. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Effect, Layer, Tracer } from "effect"
import { layerLogs } from "../src/main.ts"
import { settingsOf } from "./server.ts"

describe("layerLogs", () => {
  const hostile = '\u001b[2J\u009b31m\u202e\u0007"\nFORGED\r\nFORGED\u2028FORGED level=ERROR'
  for (const format of ["pretty", "json", "logfmt"] as const) {
    it.live(`keeps what strangers wrote on its own line, and visible: ${format}`, () =>
      Effect.gen(function* () {
        const printed: Array<string> = []
        const capture = Layer.succeed(Console.Console, {
          ...globalThis.console,
          log: (...parts: ReadonlyArray<unknown>) => void printed.push(parts.join(" "))
        })
        yield* Effect.logError(hostile, Cause.die(new Error(hostile))).pipe(
          Effect.annotateLogs({ filename: hostile }),
          Effect.provide(layerLogs.pipe(Layer.provide(settingsOf({ GITPIP_LOG_FORMAT: format })), Layer.fresh)),
          Effect.provide(capture)
        )
        const [first = "", ...rest] = printed.join("\n").split("\n")
        assert.include(first, "FORGED")
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
        assert.notMatch(printed.join("\n"), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/)
        if (format === "pretty") for (const line of rest) assert.match(line, /^ {4}/)
        else assert.deepStrictEqual(rest, [])
        if (format === "json") assert.strictEqual(JSON.parse(first).annotations.filename, hostile)
      })
    )
  }
})

it.live(
  "lines of the JSON log have the severity and the trace that Google Cloud Logging reads, beside Effect's fields",
  () =>
    Effect.gen(function* () {
      const printed: Array<string> = []
      const capture = Layer.succeed(Console.Console, { ...globalThis.console, log: (line) => void printed.push(line) })
      const span = Tracer.externalSpan({
        traceId: "0af7651916cd43dd8448eb211c80319c",
        spanId: "b7ad6b7169203331",
        sampled: true
      })
      const logged = Effect.all([
        Effect.logDebug("d"),
        Effect.logInfo("i").pipe(Effect.annotateLogs({ scan: 7 })),
        Effect.logWarning("w"),
        Effect.logError("e"),
        Effect.logFatal("f"),
        Effect.logInfo("traced").pipe(Effect.provideService(Tracer.ParentSpan, span))
      ])
      const env = { GITPIP_LOG_FORMAT: "json", GITPIP_LOG_LEVEL: "All" }
      for (const project of [{}, { GOOGLE_CLOUD_PROJECT: "my-project-123" }]) {
        const logs = layerLogs.pipe(Layer.provide(settingsOf({ ...env, ...project })), Layer.fresh)
        yield* logged.pipe(Effect.provide(logs), Effect.provide(capture))
      }
      const lines = printed.map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        lines.map(({ severity, level, message }) => [severity, level, message]),
        [1, 2].flatMap(() => [
          ["DEBUG", "DEBUG", "d"],
          ["INFO", "INFO", "i"],
          ["WARNING", "WARN", "w"],
          ["ERROR", "ERROR", "e"],
          ["CRITICAL", "FATAL", "f"],
          ["INFO", "INFO", "traced"]
        ])
      )
      assert.deepStrictEqual(lines[1].annotations, { scan: 7 })
      const fields = ["severity", "message", "level", "timestamp", "annotations", "spans", "fiberId"]
      for (const line of lines.slice(0, 11)) assert.deepStrictEqual(Object.keys(line), fields)
      const { "logging.googleapis.com/trace": trace, ...traced } = lines[11]
      assert.strictEqual(trace, "projects/my-project-123/traces/0af7651916cd43dd8448eb211c80319c")
      assert.deepInclude(traced, {
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": true
      })
    })
)

it.live("the logs hide a secret that a message holds all the same", () =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    const capture = Layer.succeed(Console.Console, { ...globalThis.console, log: (line) => void printed.push(line) })
    const env = {
      GITHUB_TOKEN: "hush-github-token",
      GITPIP_API_KEY: 'hush-"quoted"-key',
      POSTGRES_CONNECTION_STRING: "postgres://me:hush%20pass%20word@127.0.0.1:1/db"
    }
    for (const format of ["pretty", "json", "logfmt"]) {
      yield* Effect.logError(
        `Bearer hush-github-token, hush-"quoted"-key, hush%20pass%20word, hush pass word`,
        Cause.die(new Error("hush-github-token"))
      ).pipe(
        Effect.provide(layerLogs.pipe(Layer.provide(settingsOf({ ...env, GITPIP_LOG_FORMAT: format })), Layer.fresh)),
        Effect.provide(capture)
      )
    }
    assert.strictEqual(printed.length, 3)
    assert.include(printed.join("\n"), "Bearer ‹secret›")
    assert.notInclude(printed.join("\n"), "hush")
  })
)
