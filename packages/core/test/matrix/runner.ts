/** Runs combinations one after the other on one database, and prints how to replay those that broke a promise. */
import { appendFileSync } from "node:fs"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { freshUrl, layerServer } from "../database.ts"
import { type Case, parse } from "./dimensions.ts"
import { beginning, type Outcome, run } from "./scenario.ts"

/** The combinations that `MATRIX_CASE` names, apart by commas; otherwise these. */
export const chosen = (otherwise: () => ReadonlyArray<Case>): ReadonlyArray<Case> =>
  process.env.MATRIX_CASE === undefined ? otherwise() : process.env.MATRIX_CASE.split(",").map(parse)

/** The outcomes that broke a promise. Each outcome is added to the file that `MATRIX_REPORT` names, as a line of JSON. */
export const runAll = Effect.fnUntraced(function* (cases: ReadonlyArray<Case>) {
  if (cases.length === 0) return []
  const report = process.env.MATRIX_REPORT
  yield* TestClock.setTime(beginning)
  const url = yield* freshUrl
  return yield* Effect.gen(function* () {
    const broken: Array<Outcome> = []
    for (const one of cases) {
      const before = process.cpuUsage()
      const outcome = yield* run(one)
      const { system, user } = process.cpuUsage(before)
      if (report !== undefined) {
        appendFileSync(report, `${JSON.stringify({ ...outcome, cpuMillis: Math.round((user + system) / 1_000) })}\n`)
      }
      if (outcome.violations.length > 0) broken.push(outcome)
    }
    return broken
  }).pipe(Effect.provide(layerServer(url)))
}, Effect.scoped)

/** What to read, and what to type. */
export const reportedOf = (broken: ReadonlyArray<Outcome>): string =>
  broken
    .map(({ name, violations }) => [`MATRIX_CASE='${name}'`, ...violations.map((text) => `  ${text}`)].join("\n"))
    .join("\n")
