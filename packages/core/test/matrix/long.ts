/**
 * The combinations of the long runs: every pair of values, or with `MATRIX=whole` all. `MATRIX_PART=2/10` takes a tenth.
 *
 * Eight files share them, so that no worker is left alone with the rest.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { all, type Case, pairs } from "./dimensions.ts"
import { chosen, reportedOf, runAll } from "./runner.ts"

export const shares = 8

const longCases = (): ReadonlyArray<Case> => {
  const [part = 1, parts = 1] = (process.env.MATRIX_PART ?? "1/1").split("/").map(Number)
  return quotaOf([...(process.env.MATRIX === "whole" ? all() : pairs())], part, parts)
}

/** Takes single combinations from all over the list: those that follow each other cost about the same. */
const quotaOf = (cases: ReadonlyArray<Case>, share: number, of: number): ReadonlyArray<Case> =>
  cases.filter((_, index) => index % of === share - 1)

/** The tests of one file. */
export const testShare = (share: number) =>
  describe(`the trouble of one thing at GitHub or Pipedrive, share ${share} of ${shares}`, () => {
    it.effect(
      "delays nobody else's new file by more than a minute, floods nobody, and leaves nothing lost or doubled",
      () =>
        Effect.gen(function* () {
          assert.strictEqual(reportedOf(yield* runAll(quotaOf(chosen(longCases), share, shares))), "")
        }),
      24 * 3_600_000
    )
  })
