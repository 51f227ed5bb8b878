import type { User } from "@gitpip/core"
import { Effect, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { json, session } from "./shared.ts"

export const untrack = Command.make(
  "untrack",
  {
    usernames: Argument.String("USERNAME").pipe(
      Argument.withDescription("GitHub user names, in any case"),
      Argument.variadic({ min: 1 })
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { usernames } = yield* Input.all({
      usernames: Input.each(typed.usernames, (username) =>
        Input.text("USERNAME", core.Username, core.loginOf(username))
      )
    })
    const users: Array<User> = []
    const missing: Array<string> = []
    yield* withGitpip((gitpip) =>
      Effect.forEach(usernames, (username) =>
        Effect.matchEffect(gitpip.untrack(username), {
          onSuccess: (user) => Effect.sync(() => users.push(user)),
          // The error's own message ends with how to track the user.
          onFailure: (error) =>
            error._tag === "UserNotTracked"
              ? Effect.sync(() => missing.push(`${username} is not tracked`))
              : Effect.fail(error)
        })
      )
    )
    const show = ({ id, login }: User) => `No longer tracking ${login} (id ${id})`
    const [user] = users
    if (usernames.length === 1) {
      if (user !== undefined) yield* Output.result(user, { json: typed.json, schema: core.User, show })
    } else {
      const schema = Schema.Array(core.User)
      yield* Output.result(users, { json: typed.json, schema, show: (users) => users.map(show) })
    }
    if (missing.length > 0) return yield* new Unsuccessful({ message: missing.join("\n") })
  })
).pipe(
  Command.withDescription("Stop tracking users. Found files stay, and pending files are still published"),
  Command.withShortDescription("Stop tracking users")
)
