import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import * as Output from "../Output.ts"
import * as Progress from "../Progress.ts"
import { moving, Rows, showRows } from "./export.ts"
import { json, session } from "./shared.ts"

export const importState = Command.make(
  "import",
  {
    // A path, so that shells offer files. It comes as an absolute one.
    file: Argument.Path("FILE").pipe(Argument.withDescription("A file that `gitpip export` wrote")),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withDatabase } = yield* session
    const { lines, requireReadable } = yield* Effect.promise(() => import("../stateFiles.ts"))
    const progress = yield* Progress.make
    const rows = yield* withDatabase(
      requireReadable(typed.file).pipe(
        Effect.andThen(core.State.importFrom(lines(typed.file), (rows) => progress.update(moving("Importing", rows)))),
        Effect.ensuring(progress.done)
      )
    )
    yield* Output.result(rows, { json: typed.json, schema: Rows, show: showRows })
    yield* Output.message("Every table has as many rows as the file says. Nothing was published.")
  })
).pipe(
  Command.withDescription(
    "Read a file that `gitpip export` wrote into the database of the settings, which must be empty. Imports everything or, after any error, nothing"
  ),
  Command.withShortDescription("Read all state from a file"),
  Command.withExamples([
    { command: "gitpip import state.jsonl.gz", description: "Fill the new, empty database of the settings" }
  ])
)
