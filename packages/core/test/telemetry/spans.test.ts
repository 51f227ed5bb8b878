import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, References } from "effect"
import { inSpan } from "../../src/telemetry/spans.ts"

const current = Effect.option(Effect.currentParentSpan)
const spanned = current.pipe(
  Effect.map(Option.map((span) => (span._tag === "Span" ? [span.name, ...span.attributes] : "another's"))),
  inSpan("Publisher.publish", () => ({ attributes: { "gitpip.publication": 7 } }))
)

describe("inSpan", () => {
  it.effect("makes a span with its attributes where spans are read", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* spanned, Option.some(["Publisher.publish", ["gitpip.publication", 7]]))
    })
  )

  it.effect("makes no span where nobody reads spans", () =>
    Effect.gen(function* () {
      const found = yield* Effect.provideService(spanned, References.TracerEnabled, false)
      assert.deepStrictEqual(found, Option.none())
    })
  )
})
