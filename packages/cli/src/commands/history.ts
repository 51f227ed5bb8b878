import { Effect, Schema, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { orStored } from "../onRecord.ts"
import { header, reasons, row } from "./files.ts"
import { json, session, username } from "./shared.ts"

export const history = Command.make(
  "history",
  {
    username,
    limit: Flag.String("limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDefault("100"),
      Flag.withDescription("How many files, at most 10000. Default: 100")
    ),
    after: Flag.String("after").pipe(
      Flag.withMetavar("ID"),
      Flag.optional,
      Flag.withDescription("Start after the file with this id, the last one of the previous list")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username, limit, after } = yield* Input.all({
      username: Input.text("USERNAME", core.Username, core.loginOf(typed.username)),
      limit: Input.number("--limit", Input.Limit, typed.limit),
      after: Input.optional(typed.after, (after) => Input.number("--after", Input.RowId, after))
    })
    const files = yield* withGitpip((gitpip) =>
      orStored(gitpip, username)(gitpip.history(username, { before: after ?? Number.MAX_SAFE_INTEGER, limit }))
    )
    yield* Output.list({
      json: typed.json,
      schema: core.GistFile,
      pages: Stream.make(files),
      header,
      row,
      links: true,
      empty: after === undefined ? `No file of ${username} has been found yet.` : `${username} has no older files.`
    })
    const why = typed.json ? [] : reasons(files)
    if (why.length > 0) {
      const rows = [Output.headings(["PUBLICATION", "REASON"]), ...why]
      yield* Output.result(files, { json: false, schema: Schema.Unknown, show: () => ({ whole: true, rows }) })
    }
    const last = files.at(-1)
    if (!typed.json && files.length === limit && last !== undefined) {
      yield* Output.message(`Older ones: gitpip history ${username} --limit ${limit} --after ${last.id}`)
    }
  })
).pipe(
  Command.withDescription("List a user's files, newest found first, without recording a visit"),
  Command.withShortDescription("List a user's files, newest found first")
)
