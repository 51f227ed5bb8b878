import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Database from "../../src/Database.ts"
import { freshUrl } from "../database.ts"
import { parse, sample } from "./dimensions.ts"
import { beginning, run } from "./scenario.ts"
import { withVirtualClock } from "./virtualTime.ts"

const seed = Number(process.env.MATRIX_SEED ?? Math.floor(Math.random() * 1e9))
const cases = process.env.MATRIX_CASE === undefined ? sample(seed, Number(process.env.MATRIX_COUNT ?? 20)) : process.env.MATRIX_CASE.split(",").map(parse)

describe("matrix", () => {
  it.effect("sample", () =>
    Effect.gen(function* () {
      console.log("seed", seed)
      yield* TestClock.setTime(beginning)
      const url = yield* freshUrl
      yield* withVirtualClock(url)
      const bad = yield* Effect.gen(function* () {
        const bad = []
        for (const one of cases) {
          const t = performance.now(); const c0 = process.cpuUsage(); 
          const outcome = yield* run(one)
          const cu = process.cpuUsage(c0); console.log("CPU", Math.round((cu.user + cu.system) / 1000), Math.round(performance.now() - t), outcome.name, outcome.struck, outcome.violations)
          if (outcome.violations.length > 0) bad.push(outcome)
        }
        return bad
      }).pipe(Effect.provide(Database.layerServer(url)))
      assert.deepStrictEqual(bad, [])
    }), 3_600_000)
})
