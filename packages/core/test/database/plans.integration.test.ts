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
  readonly "Parent Relationship"?: string
  readonly Plans?: ReadonlyArray<Plan>
}

/**
 * Indexes of few rows, as of files that wait. How many rows they have is learned from statistics, which a server collects after a
 * thousand changes.
 */
const short = new Set([
  "publications_fresh",
  "publications_lease",
  "publications_start_tag",
  "publications_waiting",
  "users_failing",
  "users_retry",
  "users_unchecked"
])

/** The parts that read a whole large table. `isLimited`: a limit above ends the read. */
const wholeReads = (plan: Plan, isLimited = false): ReadonlyArray<string> => {
  const { "Index Cond": condition, "Index Name": index = "", "Node Type": type, "Relation Name": table = "" } = plan
  const isWhole =
    /^(Seq|Index|Index Only) Scan$/.test(type) && condition === undefined && !isLimited && !short.has(index)
  const own = isWhole && large.has(table) ? [`${type} of ${table}`] : []
  // Sorts, aggregates, hashes and copies read all that is below them before they answer a row.
  const passesOn = type === "Limit" || (isLimited && !/Sort|Aggregate|Hash|Materialize/.test(type))
  const endsEarly = type === "Merge Join" ? /^(Outer|Inner)$/ : /^(Outer|Subquery)$/
  const parts = (plan.Plans ?? []).flatMap((part) =>
    wholeReads(part, passesOn && endsEarly.test(part["Parent Relationship"] ?? ""))
  )
  return [...own, ...parts]
}

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
        const found: Array<string> = []
        for (const statement of new Set(statements.filter(isPlannable))) {
          const reads = (yield* planOf(statement)).flatMap(({ Plan }) => wholeReads(Plan))
          if (reads.length > 0) found.push(`${reads.join(", ")}: ${statement}`)
        }
        assert.deepStrictEqual(found, [])
      })
    )
  )
}
