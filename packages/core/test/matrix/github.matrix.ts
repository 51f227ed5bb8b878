/** Whatever GitHub answers to one request, for however long. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { longCases } from "./long.ts"
import { chosen, reportedOf, runAll } from "./runner.ts"

describe("the trouble of one thing at GitHub", () => {
  it.effect(
    "delays nobody else's new file by more than a minute, floods nobody, and leaves nothing lost or doubled",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(reportedOf(yield* runAll(chosen(() => longCases("github")))), "")
      }),
    24 * 3_600_000
  )
})
