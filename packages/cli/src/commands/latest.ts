import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { table } from "../Text.ts"
import { header, row } from "./files.ts"
import { json, session, username } from "./shared.ts"

export const latest = Command.make(
  "latest",
  {
    username,
    visitor: Flag.String("visitor").pipe(
      Flag.withMetavar("NAME"),
      Flag.optional,
      Flag.withDescription("Who looks: each visitor sees every file once. Default: the one that all share")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username, visitor } = yield* Input.all({
      username: Input.text("USERNAME", core.Username, typed.username),
      visitor: Input.optional(typed.visitor, (visitor) => Input.text("--visitor", core.Visitor, visitor))
    })
    const visit = yield* withGitpip((gitpip) => gitpip.latest(username, visitor))
    yield* Output.result(typed.json, core.Visit, visit, ({ files }) =>
      files.length === 0 ? "" : table([header, ...files.map(row)])
    )
    if (visit.files.length === 0) yield* Output.message(`${username} has no new files since the last visit.`)
  })
).pipe(
  Command.withDescription("Show a user's files that are new since the last visit, and record this one"),
  Command.withShortDescription("Show what is new of a user since the last visit")
)
