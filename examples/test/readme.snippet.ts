/** The README's library example, as it stands there. Type-checked with the examples. */
import { Gitpip, Settings, Username } from "@gitpip/core"
import { Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const gitpip = yield* Gitpip
  yield* gitpip.track(Username.make("octocat"))
  yield* gitpip.scan()
  yield* gitpip.publish
  return yield* gitpip.latest(Username.make("octocat"))
})

const visit = await Effect.runPromise(program.pipe(Effect.provide(Gitpip.layer.pipe(Layer.provide(Settings.layer)))))

export { visit }
