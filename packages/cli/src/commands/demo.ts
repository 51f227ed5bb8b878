import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Input from "../Input.ts"
import { json } from "./shared.ts"

export const demo = Command.make(
  "demo",
  {
    exit: Flag.Boolean("exit").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Exit after the tour instead of serving on")
    ),
    port: Flag.String("port").pipe(
      Flag.withMetavar("N"),
      Flag.withDefault("8080"),
      Flag.withDescription("Port to serve on, on 127.0.0.1; 0 takes any free one. Default: 8080")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { port } = yield* Input.all({ port: Input.number("--port", Input.Port, typed.port) })
    const { run } = yield* Effect.promise(() => import("../demo/index.ts"))
    yield* run({ exit: typed.exit, port, json: typed.json })
  })
).pipe(
  Command.withDescription(
    "Show everything that Gitpip does, with fakes of GitHub and Pipedrive and a database in memory. Needs no account, no settings and no network"
  ),
  Command.withShortDescription("See everything work, without any account")
)
