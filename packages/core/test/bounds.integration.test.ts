/**
 * What strangers make as large as they like takes no more memory than is meant for it, and a day's work leaves none behind.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip } from "../src/Gitpip.ts"
import { layerPostgres } from "./database.ts"
import { everything, inWorld, name } from "./world.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

const scans = 288

/** A GitHub with one user, one gist and one file, whose content never ends. Counts what is read of it. */
const endlessGithub = Effect.acquireRelease(
  Effect.promise(async () => {
    const state = { sent: 0, closed: 0 }
    const server = createServer((request, response) => {
      const origin = `http://${request.headers.host}`
      const owner = { login: "ann", id: 1, type: "User" }
      const file = {
        filename: "big.txt",
        type: "text/plain",
        language: "Text",
        raw_url: `${origin}/raw/ann/aa/1/big.txt`,
        size: 100 * 1024 * 1024
      }
      const times = { created_at: "2020-01-01T00:00:00Z", updated_at: "2020-01-01T00:00:00Z" }
      const gist = {
        id: "aa",
        html_url: "https://gist.github.com/ann/aa",
        description: null,
        public: true,
        owner,
        ...times
      }
      if (request.url?.startsWith("/users/ann/gists") === true) {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify([{ ...gist, files: { "big.txt": file } }]))
        return
      }
      if (request.url?.startsWith("/gists/aa") === true) {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ ...gist, files: { "big.txt": { ...file, truncated: true, content: "" } } }))
        return
      }
      response.on("close", () => state.closed++)
      const chunk = Buffer.alloc(64 * 1024, "x")
      const fill = () => {
        while (!response.destroyed && state.sent < 1_000_000_000) {
          state.sent += chunk.length
          if (!response.write(chunk)) {
            response.once("drain", fill)
            return
          }
        }
      }
      fill()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return { server, state, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }),
  ({ server }) =>
    Effect.promise(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
)

describe("what is large", () => {
  it.live("a file of 100 MB, or one that never ends: only the beginning is read, and the connection is given up", () =>
    Effect.gen(function* () {
      const { origin, state } = yield* endlessGithub
      yield* inWorld(layerPostgres, { env: { GITHUB_API_URL: origin } }, ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* gitpip.track(name("ann"))
          assert.strictEqual((yield* gitpip.scan()).files, 1)
          yield* gitpip.publish
          assert.include(pipedrive.activities[0]?.note ?? "", "only the beginning")
          // What lay in the sockets' buffers was sent as well.
          assert.isBelow(state.sent, 16 * 1024 * 1024)
          while (state.closed === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        })
      )
    })
  )

  it.live("a gist of 300 files is read once and published whole", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", {
          files: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${n}.md`, `# ${n}`]))
        })
        yield* gitpip.track(name("ann"))
        assert.strictEqual((yield* gitpip.scan()).files, 300)
        yield* gitpip.publish
        assert.strictEqual(new Set(pipedrive.activities.map(({ subject }) => subject)).size, 300)
        assert.strictEqual(github.count("GET", "/gists/{id}"), 1)
      })
    )
  )

  it.live("a user of 3,000 gists is listed once, page by page, and stored whole", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 3_000; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("ann"))
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.files], ["done", 3_000])
        assert.strictEqual(github.requests.length, 30)
        assert.strictEqual((yield* gitpip.history(name("ann"), everything)).length, 1_000)
      })
    )
  )
})

describe("a day's work", () => {
  it.effect(
    "a day of scans every five minutes, with new gists, failing users and Pipedrive's faults, leaves no memory, handle or connection behind",
    () =>
      inWorld(
        layerPostgres,
        { github: { log: false, limit: false }, pipedrive: { log: false, dailyTokens: false } },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            const sql = yield* SqlClient.SqlClient
            const logins = Array.from({ length: 20 }, (_, n) => `user-${n}`)
            for (const login of logins) {
              if (login !== "user-7") github.addUser(login)
              yield* gitpip.track(name(login))
            }
            const measure = Effect.gen(function* () {
              // Buffers are freed by tasks that a collection leaves behind.
              for (let times = 0; times < 3; times++) {
                collect()
                yield* Effect.promise(() => new Promise((turn) => setImmediate(turn)))
              }
              const [row] = yield* sql<{ n: number }>`
                select count(*) as n from pg_stat_activity where datname = current_database()`
              return {
                heap: process.memoryUsage().heapUsed,
                buffers: process.memoryUsage().arrayBuffers,
                handles: process.getActiveResourcesInfo().length,
                connections: row?.n ?? 0
              }
            })
            let early = yield* measure
            for (let pass = 0; pass < scans; pass++) {
              const login = logins[pass % logins.length] as string
              if (login !== "user-7") github.addGist(login, { files: { [`${pass}.md`]: "#".repeat(2_000) } })
              if (pass % 10 === 0) pipedrive.injectFault({ kind: "lost" }, { when: ({ method }) => method === "POST" })
              if (pass % 15 === 0) github.injectFault({ kind: "status", status: 500 })
              yield* gitpip.scan()
              yield* gitpip.publish
              yield* TestClock.adjust("5 minutes")
              // By then everything has been loaded and compiled.
              if (pass === 96) early = yield* measure
            }
            const late = yield* measure
            assert.isAtLeast(pipedrive.activities.length, scans * 0.76)
            // The fakes keep what was published: 2 kB for each file, and the notes.
            assert.isBelow(late.heap - early.heap, 6 * 1024 * 1024)
            assert.isBelow(late.buffers - early.buffers, 2 * 1024 * 1024)
            assert.isAtMost(late.handles, early.handles + 3)
            assert.isAtMost(late.connections, early.connections)
          })
      )
  )
})
