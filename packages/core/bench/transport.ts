/** What publishing costs with undici as the client of both services, and with `fetch`: each in a process of its own, in turns. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { ConfigProvider, Effect, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Database from "../src/database/Database.ts"
import { Gitpip } from "../src/Gitpip.ts"
import { layerTransport } from "../src/net/transport.ts"
import { Settings } from "../src/Settings.ts"
import { measure, median, postgres, print, rounded, service, trackUsers } from "./support/bench.ts"

const users = 10
const files = 2_000
const rounds = 3

interface Published {
  readonly cpu: number
  readonly wall: number
  /** Most resident memory, in MB. */
  readonly memory: number
}

const transports = {
  fetch: Layer.fresh(FetchHttpClient.layer).pipe(
    Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
  ),
  undici: layerTransport
}

/** Publishes all files once, in this process. */
const publish = (client: keyof typeof transports) => {
  const settings = Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv())))
  const database = Database.layerServer(Redacted.make(process.env.POSTGRES_CONNECTION_STRING ?? ""))
  const layer = Gitpip.layerWithDatabase.pipe(
    Layer.provide(transports[client]),
    Layer.provideMerge(Layer.mergeAll(settings, database)),
    Layer.provideMerge(Logger.layer([]))
  )
  return Effect.gen(function* () {
    const gitpip = yield* Gitpip
    yield* trackUsers(1, users)
    yield* gitpip.scan()
    const { cpu, result, wall } = yield* measure(gitpip.publish)
    if (result.published !== files) return yield* Effect.die(new Error(`published ${JSON.stringify(result)}`))
    return { cpu, wall, memory: process.resourceUsage().maxRSS / 1024 } satisfies Published
  }).pipe(Effect.provide(layer), Effect.scoped)
}

const inProcess = (client: string, env: Readonly<Record<string, string>>): Published =>
  JSON.parse(
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), client], {
      env: { PATH: process.env.PATH ?? "", ...env },
      encoding: "utf8"
    })
  )

const main = Effect.gen(function* () {
  const newDatabase = yield* postgres
  const github = yield* service("github")
  const pipedrive = yield* service("pipedrive", { burst: false })
  yield* github.call("gists", { from: 1, users, files: Array(files / users).fill(1), bytes: 2_000 })
  const runs: Record<string, Array<Published>> = { fetch: [], undici: [] }
  for (let round = 0; round < rounds; round++) {
    for (const [client, published] of Object.entries(runs)) {
      published.push(
        inProcess(client, {
          GITHUB_TOKEN: "token",
          PIPEDRIVE_TOKEN: "pipedrive-token",
          GITHUB_API_URL: github.url,
          PIPEDRIVE_API_URL: pipedrive.url,
          POSTGRES_CONNECTION_STRING: yield* newDatabase
        })
      )
    }
  }
  const middle = (of: keyof Published, client: string) => median((runs[client] ?? []).map((run) => run[of]))
  for (const client of Object.keys(runs)) {
    print(
      `${client}: ${rounded(files / middle("wall", client))} files/s, ${rounded(files / middle("cpu", client))}/s CPU, ${rounded(middle("memory", client))} MB`
    )
  }
  print(
    `ratio ${rounded(middle("wall", "fetch") / middle("wall", "undici"), 2)} wall, ${rounded(middle("cpu", "fetch") / middle("cpu", "undici"), 2)} CPU`
  )
})

const client = process.argv[2]
if (client === "fetch" || client === "undici") print(JSON.stringify(await Effect.runPromise(publish(client))))
else await Effect.runPromise(Effect.scoped(main))
