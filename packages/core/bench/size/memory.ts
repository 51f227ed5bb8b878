/**
 * Whether the memory of a server grows that scans a million users and publishes meanwhile: live heap after full collections,
 * every half minute, for some minutes. GitHub and Pipedrive are processes that answer at once and keep no state.
 */
import { fork } from "node:child_process"
import { Clock, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { gitpip, print, rounded, service } from "../support/bench.ts"
import { database, options } from "./database.ts"

const MB = 1024 * 1024
const every = 30_000

const child = (github: string, pipedrive: string, postgres: string) =>
  Effect.gen(function* () {
    const server = yield* Gitpip
    const sql = yield* SqlClient.SqlClient
    // Removes what an interrupted script left behind.
    yield* sql`update scans set lease_until = now() where state = 'running'`
    yield* sql`update publications set state = 'pending', sent_at = null, lease_until = null where state = 'sending'`
    // Dead rows of interrupted work lie before the waiting ones until a vacuum.
    yield* sql`vacuum publications`
    const done = { checked: 0, passes: 0, published: 0 }
    const scanning = yield* Effect.forkChild(
      Effect.forever(
        Effect.gen(function* () {
          const before = done.checked
          yield* server.scan({
            onProgress: ({ users }) =>
              Effect.sync(() => {
                done.checked = before + users
              })
          })
          done.passes++
        })
      )
    )
    const publishing = yield* Effect.forkChild(Effect.forever(Effect.andThen(server.publish, Effect.sleep("1 second"))))
    const begin = yield* Clock.currentTimeMillis
    const lives: Array<number> = []
    while ((yield* Clock.currentTimeMillis) - begin < options.minutes * 60_000) {
      yield* Effect.sleep(every)
      for (const fiber of [scanning, publishing]) if (fiber.pollUnsafe() !== undefined) yield* Fiber.join(fiber)
      globalThis.gc?.()
      const { external, heapUsed, rss } = process.memoryUsage()
      lives.push(heapUsed)
      const [counted] = yield* sql<{ n: number }>`
        select count(*) as n from publications where state = 'published' and published_at >= ${new Date(begin)}`
      done.published = counted?.n ?? 0
      print(
        `after ${rounded(((yield* Clock.currentTimeMillis) - begin) / 1_000).padStart(5)} s: live heap ${rounded(heapUsed / MB, 1)} MB, external ${rounded(external / MB, 1)} MB, resident ${rounded(rss / MB)} MB; ${rounded(done.checked)} checks, ${rounded(done.published)} published`
      )
    }
    yield* Fiber.interrupt(scanning)
    yield* Fiber.interrupt(publishing)
    const [first = 0] = lives
    const last = lives.at(-1) ?? 0
    print(`live heap from the first half minute to the last: x ${rounded(last / first, 2)}`)
  }).pipe(
    Effect.provide(
      gitpip({
        GITHUB_TOKEN: "token",
        GITHUB_API_URL: github,
        PIPEDRIVE_TOKEN: "token",
        PIPEDRIVE_API_URL: pipedrive,
        POSTGRES_CONNECTION_STRING: postgres
      })
    ),
    Effect.scoped
  )

const parent = Effect.gen(function* () {
  const url = yield* database()
  const github = yield* service("unchanged")
  const pipedrive = yield* service("accepting")
  yield* Effect.callback<void>((resume) => {
    const process = fork(new URL(import.meta.url), [...argv, "--", github.url, pipedrive.url, url], {
      execArgv: ["--expose-gc"]
    })
    process.once("exit", (code) =>
      resume(code === 0 ? Effect.void : Effect.die(new Error(`The server ended with ${code}`)))
    )
  })
})

const argv = process.argv.slice(2)
const [github, pipedrive, postgres] = options.rest
if (github !== undefined && pipedrive !== undefined && postgres !== undefined) {
  await Effect.runPromise(child(github, pipedrive, postgres))
} else {
  await Effect.runPromise(Effect.scoped(parent))
}
