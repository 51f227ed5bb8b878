/** `src/database/schema.sql` shows the schema that the migrations make. */
import { readFileSync } from "node:fs"
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { schemaDump } from "../../build/schemaDump.ts"
import * as Database from "../../src/database/Database.ts"
import { emptyUrl, freshUrl } from "../database.ts"

const committed = readFileSync(new URL("../../src/database/schema.sql", import.meta.url), "utf8")

describe("the dump of the schema", () => {
  it.live("the dump of the schema is what `npm run schema` writes", () =>
    Effect.gen(function* () {
      const dump = yield* Effect.provide(schemaDump, Database.layerServer(yield* freshUrl))
      assert.strictEqual(committed, dump, "Run npm run schema")
    })
  )

  it.live("the dump of the schema makes the same schema of an empty database", () =>
    Effect.gen(function* () {
      const dump = yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        for (const statement of committed.split(/;\n(?:\n|$)/)) if (statement !== "") yield* sql.unsafe(statement)
        return yield* schemaDump
      }).pipe(Effect.provide(PgClient.layer({ url: yield* emptyUrl, maxConnections: 1 })))
      assert.strictEqual(dump, committed)
    })
  )
})
