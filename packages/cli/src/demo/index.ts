/** The demo: a tour of everything, then a server to try out. */
import { createServer } from "node:net"
import { ListenError } from "@gitpip/http"
import { Effect, Schema } from "effect"
import { Unsuccessful } from "../Failure.ts"
import * as Output from "../Output.ts"
import { core } from "../Session.ts"
import { count } from "../Text.ts"
import { afterwards } from "./afterwards.ts"
import * as Narrator from "./Narrator.ts"
import * as Stage from "./stage.ts"
import { tour } from "./tour.ts"

export const run = (options: { readonly exit: boolean; readonly port: number; readonly json: boolean }) =>
  Effect.scoped(
    Effect.gen(function* () {
      const narrator = Narrator.make(options)
      yield* canListen(options.port)
      const stage = yield* Stage.make
      yield* narrator.say("Starting an empty database in memory takes a few seconds …")
      yield* Effect.gen(function* () {
        yield* tour(stage, narrator, options.port)
        yield* Output.result(narrator.claims, {
          json: options.json,
          schema: Schema.Array(Narrator.Claim),
          show: (claims) =>
            claims.every(({ holds }) => holds) ? `\nAll ${count(claims.length, "claim")} were checked and held.` : ""
        })
        const broken = narrator.claims.filter(({ holds }) => !holds)
        if (broken.length > 0) {
          return yield* new Unsuccessful({
            message: `${count(broken.length, "claim")} did not hold:\n${broken.map(({ claim, seen }) => `  - ${claim} (seen: ${seen})`).join("\n")}\nThis is an error in Gitpip; please report it.`
          })
        }
        if (!options.exit) yield* afterwards(stage, narrator, options.port)
      }).pipe(Effect.provide(core.Database.layerMemory))
    })
  ).pipe(
    Effect.provide(Stage.layerLogs),
    Effect.catchTag("ListenError", (error) =>
      Effect.fail(
        new Unsuccessful({
          message: `${error.message.split(". ")[0]}. Choose another port: gitpip demo --port ${options.port === 65_535 ? 8_081 : options.port + 1}`
        })
      )
    )
  )

/** Fails when another program has the port, before the database is created, which takes seconds. */
const canListen = (port: number): Effect.Effect<void, ListenError> =>
  Effect.callback((resume) => {
    const probe = createServer()
    probe.once("error", (cause: NodeJS.ErrnoException) =>
      resume(
        cause.code === "EADDRINUSE"
          ? Effect.fail(
              new ListenError({
                message: `The server cannot listen on 127.0.0.1, port ${port}: another program listens there`,
                cause
              })
            )
          : // The server fails in the same way later, with the reason.
            Effect.void
      )
    )
    probe.listen(port, "127.0.0.1", () => probe.close(() => resume(Effect.void)))
  })
