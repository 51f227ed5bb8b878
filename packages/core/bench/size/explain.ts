/**
 * Every statement of the store on a large database: which plan PostgreSQL carried out, and how long it took.
 *
 * The plans are those of the statements that Gitpip sent, as PostgreSQL's auto_explain logs them after they ran, those
 * inside functions and of foreign keys included.
 */
import { Effect, Exit, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Store } from "../../src/store/Store.ts"
import { median, print, rounded } from "../support/bench.ts"
import { beside, database, sizes } from "./database.ts"
import { know, rounds, unused } from "./known.ts"
import { logged, markOf, plansOf } from "./plans.ts"
import { publishOperations } from "./publishOperations.ts"
import { readOperations } from "./readOperations.ts"
import { scanOperations } from "./scanOperations.ts"

const large = ["users", "gist_files", "publications", "attempts", "visits", "deals"]

/** More rows than this are many, for one statement. */
const many = 10_000

/** What PostgreSQL logged. */
let log = ""

const main = Effect.gen(function* () {
  const url = yield* database(logged, (text) => {
    log += text
  })
  const mark = yield* Layer.build(beside(url))
  const note = (what: string) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(markOf(what))).pipe(Effect.provide(mark))
  const times = new Map<string, Array<number>>()
  const failures: Array<string> = []
  const uncalled = yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.provide(sizes, mark)
    const [most] = yield* sql<{ key: number }>`
      select user_key as key from gist_files group by user_key order by count(*) desc limit 1`
    const known = yield* know(most?.key ?? 1)
    const operations = { ...scanOperations(known), ...publishOperations(known), ...readOperations(known) }
    for (let n = 0; n < rounds; n++) {
      for (const [operation, run] of Object.entries(operations)) {
        yield* note(operation)
        const begin = performance.now()
        const exit = yield* Effect.exit(run(n))
        const time = performance.now() - begin
        yield* note("")
        if (Exit.isFailure(exit)) failures.push(`${operation}: ${exit.cause}`)
        times.set(operation, [...(times.get(operation) ?? []), time])
      }
    }
    return yield* unused
  }).pipe(Effect.provide(Layer.provideMerge(Store.layer, beside(url))))
  yield* note("the end")
  // The log arrives on another way than the answers.
  while (!log.includes("mark: the end")) yield* Effect.sleep("100 millis")
  return { times, failures, uncalled, plans: plansOf(log) }
})

const { failures, plans, times, uncalled } = await Effect.runPromise(Effect.scoped(main))

let bad = failures.length + uncalled.length
for (const [operation, all] of times) {
  const own = plans.filter((plan) => plan.operation === operation)
  const scans = own.flatMap((plan) => plan.scans.map((scan) => ({ ...scan, text: plan.text })))
  const indexes = new Set(scans.flatMap(({ index }) => index ?? []))
  print(
    `${operation.padEnd(48)} ${rounded(median(all), 1).padStart(8)} ms, at most ${rounded(Math.max(...all), 1).padStart(8)} ms  ${[...indexes].join(", ")}`
  )
  const reported = new Set<string>()
  for (const { rows, table, text, type } of scans) {
    const sequential = type.includes("Seq Scan") && large.includes(table)
    if (!sequential && rows <= many) continue
    const key = `${sequential} ${table} ${text}`
    if (reported.has(key)) continue
    reported.add(key)
    if (sequential) bad++
    const what = sequential ? `all of ${table}` : `${rounded(rows)} rows of ${table === "" ? "a subquery" : table}`
    print(`    reads ${what}: ${text.slice(0, 150)}`)
  }
}
print()
print(`${rounded(new Set(plans.map(({ text }) => text)).size)} statements, ${rounded(plans.length)} plans`)
for (const failure of failures) print(`failed: ${failure}`)
for (const one of uncalled) print(`not called: ${one}`)
print(bad === 0 ? "no table of users, files or publications was read without an index" : "faults: see above")
process.exit(bad === 0 ? 0 : 1)
