import type { UserState } from "@gitpip/core"
import { Effect, Option, Stream } from "effect"
import { Command } from "effect/cli"
import * as Output from "../Output.ts"
import type { Meaning } from "../Screen.ts"
import { time } from "../Text.ts"
import { json, session } from "./shared.ts"

/** Users read at a time, so that a million users need not fit into memory. */
const pageSize = 1_000

export const users = Command.make(
  "users",
  { json },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    yield* withGitpip((gitpip) =>
      Output.list({
        json: typed.json,
        schema: core.User,
        pages: Stream.paginate(0, (after: number) =>
          Effect.map(gitpip.users({ after, limit: pageSize }), (page) => [
            [page],
            Option.map(Option.fromNullishOr(page.length < pageSize ? undefined : page.at(-1)), ({ id }) => id)
          ])
        ),
        header: ["ID", "USER", "STATE", "SCANNED", "ERROR"],
        row: (user) => [
          String(user.id),
          user.login,
          { text: user.state, meaning: meanings[user.state] },
          time(user.checkedAt),
          user.errorMessage === null
            ? ""
            : `${user.errorMessage}${user.retryAt === null ? "" : ` (tried again ${time(user.retryAt)})`}`
        ],
        empty: "Nobody is tracked. Track somebody: gitpip track USERNAME"
      })
    )
  })
).pipe(Command.withDescription("List the tracked users, by id"), Command.withShortDescription("List the tracked users"))

const meanings: Readonly<Record<UserState, Meaning>> = { new: "busy", ok: "good", failing: "bad" }
