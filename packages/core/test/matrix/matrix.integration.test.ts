/**
 * Whatever GitHub or Pipedrive answers to one request, for however long: a few combinations of all, drawn by a seed.
 *
 * `MATRIX_SEED=7 MATRIX_COUNT=100` draws others and more; `MATRIX_CASE='github gist/502/html/missing/thing/ever/done'` runs
 * that one alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sample } from "./dimensions.ts"
import { chosen, reportedOf, runAll } from "./runner.ts"

// Without an endless answer, of which each costs most of a second.
const seed = Number(process.env.MATRIX_SEED ?? 35)
const count = Number(process.env.MATRIX_COUNT ?? 8)

describe("the trouble of one thing, by a sample of the matrix", () => {
  it.effect(
    "one thing's trouble delays no other user's new file by more than a minute, floods no service, and leaves nothing lost or doubled",
    () =>
      Effect.gen(function* () {
        const broken = yield* runAll(chosen(() => sample(seed, count)))
        assert.strictEqual(reportedOf(broken), "", `MATRIX_SEED=${seed} MATRIX_COUNT=${count}`)
      }),
    3_600_000
  )
})
