import { Effect, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { listing } from "../publicationTable.ts"
import { json, session } from "./shared.ts"

export const skip = Command.make(
  "skip",
  {
    ids: Argument.String("PUBLICATION").pipe(
      Argument.withDescription("Numbers of pending or failed publications, which `gitpip history` shows in brackets"),
      Argument.variadic({ min: 1 })
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { ids } = yield* Input.all({
      ids: Input.each(typed.ids, (id) => Input.number("PUBLICATION", Input.RowId, id))
    })
    const [skipped, refused] = yield* withGitpip((gitpip) => Effect.partition(ids, (id) => gitpip.skip(id)))
    yield* Output.list({
      ...listing,
      json: typed.json,
      schema: core.Publication,
      pages: Stream.make(skipped),
      empty: ""
    })
    if (skipped.length > 0) yield* Output.message("To publish them after all: gitpip retry PUBLICATION…")
    if (refused.length > 0)
      return yield* new Unsuccessful({ message: refused.map(({ message }) => message).join(".\n") })
  })
).pipe(
  Command.withDescription("Leave files out: their publications are skipped until you retry them"),
  Command.withShortDescription("Leave files out of Pipedrive")
)
