import { Effect } from "effect"
import { Command, Flag } from "effect/cli"

export const serve = Command.make(
  "serve",
  {
    json: Flag.Boolean("json").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Log one JSON document per line, whatever GITPIP_LOG_FORMAT says")
    )
  },
  Effect.fnUntraced(function* (typed) {
    const { serve } = yield* Effect.promise(() => import("../server.ts"))
    yield* serve({ json: typed.json })
  })
).pipe(
  Command.withDescription("Scan at every interval, publish, and answer over HTTP, until stopped. Logs go to stdout"),
  Command.withShortDescription("Run the server: scan, publish and answer over HTTP")
)
