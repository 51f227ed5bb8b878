/** How PostgreSQL plans the statements of ordinary work while all tables are small: such a plan is kept when they are large. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { databases } from "../database.ts"
import { inWorld, name, statementsOf } from "../world.ts"

/** Tables that grow with the number of users and files. */
const large = new Set([
  "attempts",
  "deals",
  "file_rules",
  "gist_files",
  "listings",
  "persons",
  "profiles",
  "publications",
  "scan_failures",
  "users",
  "visits"
])

const isPlannable = (statement: string) => /^\s*(select|with|insert|update|delete)\b/i.test(statement)

const parametersOf = (statement: string) =>
  Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))

/** A part of a plan. https://www.postgresql.org/docs/current/using-explain.html */
interface Plan {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Index Cond"?: string
  readonly "Index Name"?: string
  readonly Plans?: ReadonlyArray<Plan>
}

/**
 * The parts that read a whole large table. A limit above a part ends its read. `partial`: indexes of some rows, as of files that
 * wait. How many rows they have is learned from statistics, which PostgreSQL collects after a thousand changes.
 */
const wholeReads = (plan: Plan, partial: ReadonlySet<string>): ReadonlyArray<string> => {
  if (plan["Node Type"] === "Limit") return []
  const { "Index Cond": condition, "Index Name": index = "", "Node Type": type, "Relation Name": table = "" } = plan
  const isWhole = /^(Seq|Index|Index Only) Scan$/.test(type) && condition === undefined && !partial.has(index)
  const own = isWhole && large.has(table) ? [`${type} of ${table}`] : []
  return [...own, ...(plan.Plans ?? []).flatMap((part) => wholeReads(part, partial))]
}

const partialIndexes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ name: string }>`
    select indexrelid::regclass::text as name from pg_index where indpred is not null`
  return new Set(rows.map(({ name }) => name))
})

/** The plan that PostgreSQL would keep for a prepared statement. */
const planOf = Effect.fnUntraced(function* (statement: string) {
  const sql = yield* SqlClient.SqlClient
  const values = Array.from({ length: parametersOf(statement) }, () => "null").join(", ")
  return yield* Effect.gen(function* () {
    yield* sql`set local plan_cache_mode = force_generic_plan`
    yield* sql.unsafe(`prepare planned as ${statement}`)
    const [row] = yield* sql.unsafe(`explain (format json) execute planned${values === "" ? "" : `(${values})`}`).values
    yield* sql`deallocate planned`
    const [found] = row as unknown as [ReadonlyArray<{ readonly Plan: Plan }>]
    return found
  }).pipe(sql.withTransaction)
})

for (const [kind, database] of databases) {
  it.live(`plans of small tables read by indexes: ${kind}`, () =>
    inWorld(database, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const logins = Array.from({ length: 20 }, (_, n) => `user-${n}`)
        for (const login of logins) {
          github.addUser(login)
          pipedrive.addPerson({ name: login })
        }
        const statements = yield* statementsOf(
          Effect.gen(function* () {
            for (const login of logins) {
              yield* gitpip.track(name(login))
              github.addGist(login, { files: { "a.md": login, "b.md": login } })
            }
            yield* gitpip.scan()
            yield* gitpip.publish
            yield* gitpip.scan()
            yield* gitpip.latest(name("user-1"))
          })
        )
        yield* sql`analyze`
        const partial = yield* partialIndexes
        const found: Array<string> = []
        for (const statement of new Set(statements.filter(isPlannable))) {
          const reads = (yield* planOf(statement)).flatMap(({ Plan }) => wholeReads(Plan, partial))
          if (reads.length > 0) found.push(`${reads.join(", ")}: ${statement}`)
        }
        assert.deepStrictEqual(found, [])
      })
    )
  )
}
