/** How PostgreSQL plans the statements of ordinary work while all tables are small: such a plan is kept when they are large. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { databases } from "../database.ts"
import { inWorld, name, statementsOf } from "../world.ts"

/** Tables that grow with the number of users and files. */
const large = /\b(users|profiles|persons|deals|listings|gist_files|publications|attempts|visits)\b/

const isPlannable = (statement: string) => /^\s*(select|with|insert|update|delete)\b/i.test(statement)

const parametersOf = (statement: string) =>
  Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))

/** The lines of the plan that PostgreSQL would keep for a prepared statement. */
const planOf = Effect.fnUntraced(function* (statement: string) {
  const sql = yield* SqlClient.SqlClient
  const values = Array.from({ length: parametersOf(statement) }, () => "null").join(", ")
  return yield* Effect.gen(function* () {
    yield* sql`set local plan_cache_mode = force_generic_plan`
    yield* sql.unsafe(`prepare planned as ${statement}`)
    const plan = yield* sql.unsafe(`explain execute planned${values === "" ? "" : `(${values})`}`).values
    yield* sql`deallocate planned`
    return plan.map(String)
  }).pipe(sql.withTransaction)
})

for (const [kind, database] of databases) {
  it.live(`every plan reads large tables by an index: ${kind}`, () =>
    inWorld(database, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const logins = Array.from({ length: 20 }, (_, n) => `user-${n}`)
        for (const login of logins) github.addUser(login)
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
          const scans = (yield* planOf(statement)).filter((line) => line.includes("Seq Scan on") && large.test(line))
          if (scans.length > 0) found.push(`${scans.join(", ")}: ${statement}`)
        }
        assert.deepStrictEqual(found, [])
      })
    )
  )
}
