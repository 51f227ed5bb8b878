/**
 * Gitpip as one service of a larger Effect program: here, a digest of what is new.
 *
 * Run: npx node examples/01-inside-an-effect-program.ts octocat torvalds
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Gitpip, Settings, Username } from "@gitpip/core"
import { Console, Effect, Layer, References, Schema } from "effect"

const digest = Effect.fn("digest")(function* (usernames: ReadonlyArray<Username>) {
  const gitpip = yield* Gitpip
  for (const username of usernames) yield* gitpip.track(username)

  const scan = yield* gitpip.scan()
  const { published } = yield* gitpip.publish
  yield* Console.log(`${scan.users} users, ${scan.files} new files, ${published} published`)

  for (const username of usernames) {
    const { files } = yield* gitpip.latest(username)
    for (const file of files) yield* Console.log(`${file.owner}: ${file.filename} ${file.htmlUrl}`)
  }
})

const program = Schema.decodeUnknownEffect(Schema.Array(Username))(process.argv.slice(2)).pipe(Effect.flatMap(digest))

program.pipe(
  Effect.provide(Gitpip.layer.pipe(Layer.provide(Settings.layer))),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  NodeRuntime.runMain
)
