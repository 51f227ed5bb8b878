/** What a statement's rows are compared with before the program uses them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { findAll } from "../../src/database/statements.ts"

const Row = Schema.Struct({ id: Schema.Int, name: Schema.NullOr(Schema.String) })
const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ id: n, name: n % 2 === 0 ? null : `${n}` }))
const list = (found: ReadonlyArray<unknown>) => findAll(Row, () => Effect.succeed(found))()

describe("a statement that lists rows", () => {
  it.effect("answers all rows in their order", () =>
    Effect.gen(function* () {
      for (const count of [0, 1, 10, 11, 1_000]) assert.deepStrictEqual(yield* list(rows(count)), rows(count))
    })
  )

  it.effect("fails as a database error when one of its first ten rows does not fit the schema", () =>
    Effect.gen(function* () {
      for (const wrong of [{ id: 1 }, { id: 1.5, name: null }, { id: "1", name: null }, { ID: 1, name: null }]) {
        for (const before of [0, 9]) {
          const error = yield* Effect.flip(list([...rows(before), wrong, ...rows(5)]))
          assert.strictEqual(error._tag, "DatabaseError")
        }
      }
    })
  )
})
