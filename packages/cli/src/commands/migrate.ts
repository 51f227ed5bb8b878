import { Effect, Schema } from "effect"
import { Command } from "effect/cli"
import * as Output from "../Output.ts"
import { time } from "../Text.ts"
import { json, session } from "./shared.ts"

export const migrate = Command.make(
  "migrate",
  { json },
  Effect.fnUntraced(function* (typed) {
    const { withMigrations } = yield* session
    const migrations = yield* withMigrations
    yield* Output.result(migrations, {
      json: typed.json,
      schema: Schema.Array(Migration),
      show: () => [
        `The database is up to date: schema ${migrations.at(-1)?.id}`,
        {
          rows: [
            Output.headings(["SCHEMA", "NAME", "APPLIED"]),
            ...migrations.map(({ appliedAt, id, name }) => [String(id), name, time(appliedAt)])
          ]
        }
      ]
    })
  })
).pipe(
  Command.withDescription(
    "Bring the database's schema up to date. Every command that uses the database also does this"
  ),
  Command.withShortDescription("Bring the database's schema up to date")
)

/** A migration that the database has. */
const Migration = Schema.Struct({ id: Schema.Int, name: Schema.String })
