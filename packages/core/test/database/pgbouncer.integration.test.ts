/** Gitpip behind PgBouncer, which gives each transaction another session in the mode that providers use. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { emptyUrl, layerServer } from "../database.ts"
import { inWorld, name } from "../world.ts"
import { hasPgBouncer, pooled } from "./pgbouncer.ts"

const users = ["ann", "bob", "cat", "dan"]

describe.skipIf(!hasPgBouncer)("behind PgBouncer", () => {
  for (const [mode, query] of [
    ["transaction", ""],
    ["transaction", "?pgbouncer=true"],
    ["session", ""]
  ] as const) {
    it.live(`migrates, scans, publishes and shows each file once in ${mode} mode${query && ` with ${query}`}`, () =>
      Effect.gen(function* () {
        const url = yield* pooled(Redacted.value(yield* emptyUrl), mode)
        yield* inWorld(layerServer(Redacted.make(`${url}${query}`)), {}, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            for (const login of users) {
              github.addUser(login)
              for (const n of [1, 2, 3]) github.addGist(login, { files: { [`${n}.md`]: `# ${n}` } })
            }
            yield* Effect.forEach(users, (login) => gitpip.track(name(login)), { concurrency: "unbounded" })
            yield* gitpip.scan()
            yield* gitpip.publish
            assert.strictEqual(pipedrive.activities.length, 12)
            const visits = yield* Effect.forEach(
              Array.from({ length: 36 }, (_, n) => n),
              (n) => gitpip.latest(name(users[n % 4] ?? ""), Visitor.make(`visitor-${n}`)),
              { concurrency: "unbounded" }
            )
            assert.deepStrictEqual(new Set(visits.map(({ files }) => files.length)), new Set([3]))
          })
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("says what to do about a parameter that PgBouncer does not take", () =>
    Effect.gen(function* () {
      const url = yield* pooled(Redacted.value(yield* emptyUrl), "transaction")
      const error = yield* SqlClient.SqlClient.pipe(
        Effect.provide(Layer.fresh(Database.layerServer(Redacted.make(`${url}?schema=crm`)))),
        Effect.flip
      )
      assert.match(error.message, /unsupported startup parameter: options/)
    }).pipe(Effect.scoped)
  )
})
