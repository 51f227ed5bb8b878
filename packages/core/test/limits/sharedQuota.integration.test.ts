/** Several processes on one database stay within a service's limit together, while processes start, stop and die. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Database from "../../src/database/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import * as Telemetry from "../../src/telemetry/Telemetry.ts"
import { freshUrl, layerPostgres } from "../database.ts"
import { inWorld, makeWorld, name, services } from "../world.ts"

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

/** Calls back at once for each file that is published. `publish` only answers when no file is due. */
const tracerOf = (onPublished: () => void) =>
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (at, exit) => {
        if (span.attributes.get(Telemetry.attributes.outcome) === "published") onPublished()
        end(at, exit)
      }
      return span
    }
  })

describe("two servers that publish at once", () => {
  /** At least `atFirst` files are published, and the second server starts when the first has published `lead` of them. */
  const publishing = Effect.fnUntraced(function* (atFirst: number, lead: number) {
    const url = yield* freshUrl
    const { github, pipedrive, settings } = yield* makeWorld({
      pipedrive: { burst: { limit: 20, windowMillis: 2_000 } }
    })
    const server = Layer.build(Layer.provideMerge(services(settings), Layer.fresh(Database.layerServer(url))))
    const [first, second] = [yield* server, yield* server]
    const users = ["ann", "bob"]
    let files = 0
    const add = Effect.fnUntraced(function* (count: number) {
      files += count
      const named = Array.from({ length: count / users.length }, (_, n) => [`${n}.md`, "x"] as const)
      for (const login of users) github.addGist(login, { files: Object.fromEntries(named) })
      yield* Effect.flatMap(Gitpip, ({ scan }) => scan()).pipe(Effect.provide(first))
    })
    for (const login of users) {
      github.addUser(login)
      pipedrive.addDeal({ title: login })
      yield* Effect.flatMap(Gitpip, ({ track }) => track(name(login))).pipe(Effect.provide(first))
    }
    yield* add(atFirst)
    let isComplete = false
    // While one server searches a user's deal, the other snoozes the user's files. No test waits for that.
    const publish = Effect.flatMap(Gitpip, ({ publish }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let published = 0
        while (!isComplete || pipedrive.activities.length < files) {
          published += (yield* publish).published
          yield* Effect.orDie(sql`update publications set due_at = now() where state = 'pending' and due_at > now()`)
        }
        return published
      })
    )
    const one = yield* Effect.forkChild(Effect.provide(publish, first))
    yield* pipedrive.seen(lead, isCreate)
    let ofSecond = 0
    const other = yield* Effect.provide(publish, second).pipe(
      Effect.withTracer(tracerOf(() => void ofSecond++)),
      Effect.forkChild
    )
    // The first server must want the whole limit until the second has a share, however slow the machine is.
    while (ofSecond === 0 && files < 400) {
      yield* add(20)
      yield* pipedrive.seen(files - 40, isCreate)
    }
    isComplete = true
    const done = [yield* Fiber.join(one), yield* Fiber.join(other)]
    // Without a quota dozens of requests are refused. One is refused when a process stops between its question and its request.
    assert.isAtMost(pipedrive.count(undefined, undefined, 429), 2)
    assert.strictEqual(
      done.reduce((sum, count) => sum + count, 0),
      files
    )
    assert.isAbove(Math.min(...done), 0)
    assert.strictEqual(pipedrive.activities.length, files)
  })

  it.live("two servers that publish at once share the limit from their first request on", () => publishing(40, 0))
  it.live("two servers share the limit when one of them has all of it before the other comes", () => publishing(60, 25))
})

it.effect("a limit that one server met holds the other server within two seconds", () =>
  inWorld(layerPostgres, {}, ({ github, settings }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      yield* gitpip.track(name("ann"))
      const other = yield* Layer.build(services(settings))
      const check = Effect.flatMap(Github, (github) => github.gists("ann", Option.none())).pipe(Effect.provide(other))
      yield* check
      github.injectFault({ kind: "primary-limit", resetInSeconds: 600 })
      assert.strictEqual((yield* gitpip.scan()).state, "stopped")
      yield* TestClock.adjust("2 seconds")
      const before = github.requests.length
      assert.strictEqual((yield* Effect.flip(check)).reason._tag, "RateLimited")
      assert.strictEqual(github.requests.length, before)
    })
  )
)

it.effect(
  "a server that waits for its share of a limit delays no other server, and all servers go on together afterwards",
  () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        github.addUser("ann")
        const files = 6
        for (let n = 0; n < files; n++) github.addGist("ann", { files: { [`${n}.md`]: "x" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        // No response reports how much other servers use of GitHub's minute.
        yield* sql`alter function acquire_quota rename to no_quota`
        yield* TestClock.adjust("6 seconds")
        assert.strictEqual((yield* gitpip.publish).published, 0)
        assert.strictEqual((yield* gitpip.status).publishing.state, "paused")
        assert.deepStrictEqual(yield* sql`select * from limits`, [])

        yield* sql`alter function no_quota rename to acquire_quota`
        yield* TestClock.adjust("2 seconds")
        // The first create gets no answer, and the other files do not wait for that.
        pipedrive.injectFault({ kind: "hang" }, { when: isCreate })
        const publishing = yield* Effect.forkChild(gitpip.publish)
        yield* sql<{ n: number }>`select count(*) as n from publications where state = 'published'`.pipe(
          Effect.repeat({ until: ([published]) => published?.n === files - 1 })
        )
        // Connections that are still being opened would come too late for the other clock.
        yield* Effect.forEach(Array(10), () => sql`select pg_sleep(0.1)`, { concurrency: "unbounded" })
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* Fiber.join(publishing)).published, files - 1)
      })
    )
)
