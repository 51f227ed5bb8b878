import { Effect } from "effect"
import { Command } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { json, session, username } from "./shared.ts"

export const untrack = Command.make(
  "untrack",
  { username, json },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username } = yield* Input.all({ username: Input.text("USERNAME", core.Username, typed.username) })
    const user = yield* withGitpip((gitpip) => gitpip.untrack(username)).pipe(
      // The error's own message ends with how to track the user.
      Effect.catchTag("UserNotTracked", () => new Unsuccessful({ message: `${username} is not tracked` }))
    )
    yield* Output.result(user, {
      json: typed.json,
      schema: core.User,
      show: ({ id, login }) => `No longer tracking ${login} (id ${id})`
    })
  })
).pipe(
  Command.withDescription("Stop tracking a user. Found files stay, and pending files are still published"),
  Command.withShortDescription("Stop tracking a user")
)
