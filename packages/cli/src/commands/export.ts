import { Effect, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import * as Output from "../Output.ts"
import * as Progress from "../Progress.ts"
import type { Table } from "../Table.ts"
import { json, session } from "./shared.ts"

export const exportState = Command.make(
  "export",
  {
    // A path, so that shells offer files. It comes as an absolute one.
    file: Argument.Path("FILE").pipe(Argument.withDescription("A new file; compressed when its name ends in .gz")),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withDatabase } = yield* session
    const { create } = yield* Effect.promise(() => import("../stateFiles.ts"))
    const progress = yield* Progress.make
    const rows = yield* withDatabase(
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* create(typed.file)
          const rows = yield* core.State.exportTo(file.write, (rows) => progress.update(moving("Exporting", rows)))
          yield* file.close
          return rows
        })
      ).pipe(Effect.ensuring(progress.done))
    )
    yield* Output.result(rows, { json: typed.json, schema: Rows, show: showRows })
    yield* Output.message(
      `Written to ${typed.file}. Stop every Gitpip on this database before you start one on the copy. Otherwise files are published twice.`
    )
  })
).pipe(
  Command.withDescription(
    "Write all state of the database to a file, to move it to another database with `gitpip import`"
  ),
  Command.withShortDescription("Write all state to a file"),
  Command.withExamples([
    { command: "gitpip export state.jsonl.gz", description: "Write the database of the settings to a compressed file" }
  ])
)

/** Rows by table. */
export const Rows = Schema.Record(Schema.String, Schema.Int)

export const showRows = (rows: typeof Rows.Type): Table => ({
  rows: [
    Output.headings(["TABLE", "ROWS"]),
    ...Object.entries(rows).map(([table, rows]) => [table, rows.toLocaleString("en")])
  ]
})

export const moving = (doing: string, rows: number): Progress.Counted => ({
  doing,
  done: rows,
  total: undefined,
  unit: "row",
  facts: []
})
