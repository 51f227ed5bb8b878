import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Input from "../Input.ts"

export const serve = Command.make(
  "serve",
  {
    host: Flag.String("host").pipe(
      Flag.withMetavar("ADDRESS"),
      Flag.optional,
      Flag.withDescription("Address to listen on, in place of GITPIP_HOST")
    ),
    port: Flag.String("port").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription("Port to listen on, in place of GITPIP_PORT; 0 takes any free one")
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Log one JSON document per line, whatever GITPIP_LOG_FORMAT says")
    )
  },
  Effect.fnUntraced(function* (typed) {
    const { host, port } = yield* Input.all({
      host: Input.optional(typed.host, (host) => Input.text("--host", Input.Host, host)),
      port: Input.optional(typed.port, (port) => Input.number("--port", Input.Port, port))
    })
    const { serve } = yield* Effect.promise(() => import("../server.ts"))
    yield* serve({ json: typed.json, host, port })
  })
).pipe(
  Command.withDescription("Scan at every interval, publish, and answer over HTTP, until stopped. Logs go to stdout"),
  Command.withShortDescription("Run the server: scan, publish and answer over HTTP"),
  Command.withExamples([
    { command: "gitpip serve --port 9000", description: "Answer at http://127.0.0.1:9000, whatever GITPIP_PORT says" }
  ])
)
