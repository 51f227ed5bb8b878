import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { count, table } from "../Text.ts"
import { json, session, username } from "./shared.ts"

export const track = Command.make(
  "track",
  {
    username,
    id: Flag.String("id").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription("Your own number for the user. Default: the next free one")
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Show what tracking would publish and cost, and store nothing")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username, id } = yield* Input.all({
      username: Input.text("USERNAME", core.Username, typed.username),
      id: Input.optional(typed.id, (id) => Input.number("--id", core.UserId, id))
    })
    if (typed.dryRun) {
      const preview = yield* withGitpip((gitpip) => gitpip.preview(username))
      return yield* Output.result(typed.json, core.Preview, preview, (preview) =>
        table([
          ["user", preview.login],
          ["gists", `${count(preview.gists, "gist")} with ${count(preview.files, "file")}`],
          ["activities", `${count(preview.activities, "activity", "activities")} would be created`],
          ["Pipedrive", `${count(preview.tokens, "token")}, ${preview.days} of a day's budget of 30,000`],
          ["GitHub", `${count(preview.githubRequests, "request")} for a scan of everything`]
        ])
      )
    }
    const { created, user } = yield* withGitpip((gitpip) => gitpip.track(username, { id }))
    if (!created) yield* Output.message(`${user.login} is tracked already.`)
    yield* Output.result(typed.json, core.User, user, ({ id, login }) => `Tracking ${login} (id ${id})`)
    if (created) yield* Output.message("The next scan looks at it: that of a running server, or `gitpip scan`.")
  })
).pipe(
  Command.withDescription("Track a GitHub user: every file of their public gists is published from now on"),
  Command.withShortDescription("Track a GitHub user"),
  Command.withExamples([
    { command: "gitpip track octocat", description: "Track octocat under the next free id" },
    { command: "gitpip track octocat --dry-run", description: "See first what that would publish" }
  ])
)
