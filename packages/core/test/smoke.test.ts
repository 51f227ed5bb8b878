import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { Gitpip } from "../src/Gitpip.ts"
import { layerTransport } from "../src/internal/exchange.ts"
import { Settings } from "../src/Settings.ts"
import { GithubStandIn, PipedriveStandIn } from "../src/testing/index.ts"
import { Username } from "../src/domain/User.ts"
import { databases } from "./database.ts"

for (const [name, database] of databases) {
  it.live(`smoke ${name}`, () =>
    Effect.gen(function* () {
      const github = yield* GithubStandIn.make({ token: "t" })
      const pipedrive = yield* PipedriveStandIn.make({ burst: false })
      github.addUser("alice")
      github.addGist("alice", { files: { "a.ts": "let a = 1 < 2", "b.md": "# hi" } })
      const env = { GITHUB_TOKEN: "t", GITHUB_API_URL: github.url.origin, PIPEDRIVE_TOKEN: pipedrive.token, PIPEDRIVE_API_URL: pipedrive.url.origin }
      const settings = Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
      yield* Effect.gen(function* () {
        const gitpip = yield* Gitpip
        console.log(yield* gitpip.track(Username.make("alice")))
        console.log(yield* gitpip.scan())
        console.log(yield* gitpip.publish)
        console.log(pipedrive.activities)
        console.log(yield* gitpip.latest(Username.make("alice")), yield* gitpip.latest(Username.make("alice")))
        console.log(yield* gitpip.scan())
        console.log(yield* gitpip.user(Username.make("alice")))
        console.log(yield* gitpip.publications({ before: 1e9, limit: 10 }))
        console.log(yield* gitpip.status)
        console.log(github.requests.map((r) => [r.path, r.status]), pipedrive.requests.map((r) => [r.method, r.path, r.status]))
      }).pipe(Effect.provide(Gitpip.layerWithDatabase.pipe(Layer.provideMerge(settings), Layer.provide(Layer.mergeAll(database, layerTransport)))))
    }), 60000)
}
