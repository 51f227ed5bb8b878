/** What is logged is a fact by its name, with keys that mean the same everywhere. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import * as Telemetry from "../../src/telemetry/Telemetry.ts"

const packages = fileURLToPath(new URL("../../../", import.meta.url))
const sources = readdirSync(packages).flatMap((name) =>
  readdirSync(`${packages}${name}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: `${name}/src/${file}`, text: readFileSync(`${packages}${name}/src/${file}`, "utf8") }))
)

describe("log lines", () => {
  it("are written in one place, by the name of an event and keys that are documented", () => {
    const elsewhere = sources
      .filter(({ file }) => file !== "core/src/telemetry/events.ts")
      .flatMap(({ file, text }) =>
        (text.match(/Effect\.(log|annotateLogs|withLogSpan)\w*/g) ?? []).map((call) => [file, call])
      )
    assert.deepStrictEqual(elsewhere, [])
  })

  it("are of every event that is documented", () => {
    const used = new Set(
      sources.flatMap(({ text }) =>
        [...text.matchAll(/Telemetry\.log\(\s*"\w+",\s*([^,]+),/g)].flatMap(([, event = ""]) =>
          [...event.matchAll(/"([^"]+)"/g)].map(([, name]) => name as string)
        )
      )
    )
    assert.sameMembers([...used], Object.keys(Telemetry.events))
  })

  it("name every key that is documented", () => {
    const unused = Object.keys(Telemetry.keys).filter(
      (key) =>
        !sources.some(
          ({ file, text }) => !file.startsWith("core/src/telemetry/") && new RegExp(`\\b${key}\\b`).test(text)
        )
    )
    assert.deepStrictEqual(unused, [])
  })

  it.effect("hold the event as their message, and all that varies as annotations", () =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const capture = Logger.make(({ fiber, logLevel, message }) => {
        lines.push([logLevel, message, fiber.getRef(References.CurrentLogAnnotations)])
      })
      yield* Telemetry.log("Warn", "user.failed", { user: "ann", reason: "UserNotFound" }).pipe(
        Effect.provide(Logger.layer([capture]))
      )
      assert.deepStrictEqual(lines, [["Warn", ["user.failed"], { user: "ann", reason: "UserNotFound" }]])
    })
  )
})
