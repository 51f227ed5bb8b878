/** Log lines of the server: text of strangers cannot forge a line, and secrets are masked. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Effect, Layer } from "effect"
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
