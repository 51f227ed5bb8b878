/** The real server process, killed again and again at the worst moments: every file ends up in Pipedrive exactly once. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import { Database } from "@gitpip/core"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freshUrl } from "../../core/test/database.ts"

const bin = fileURLToPath(new URL("../bin/gitpip.js", import.meta.url))
const files = 160

interface Asked {
  readonly method: string
  readonly route: string | undefined
}
const isCreate = ({ method, route }: Asked) => method === "POST" && route === "/api/v2/activities"
const isDealSearch = ({ route }: Asked) => route === "/api/v2/deals/search"
const isDealCreate = ({ method, route }: Asked) => method === "POST" && route === "/api/v2/deals"

it.live("survives kill -9 in the middle of scanning, sending and recording", () =>
  Effect.gen(function* () {
    const github = yield* FakeGithub.make({ token: "t" })
    const pipedrive = yield* FakePipedrive.make({ burst: false })
    const url = yield* freshUrl
    for (const login of ["ann", "anna"]) {
      github.addUser(login)
      for (let n = 0; n < files / 4; n++) github.addGist(login, { files: { [`${n}.md`]: `# ${n}`, [`${n}.ts`]: "" } })
    }
    const env = {
      PATH: process.env.PATH,
      POSTGRES_CONNECTION_STRING: Redacted.value(url),
      GITHUB_TOKEN: "t",
      GITHUB_API_URL: github.url.origin,
      PIPEDRIVE_TOKEN: pipedrive.token,
      PIPEDRIVE_API_URL: pipedrive.url.origin,
      GITPIP_PORT: "0",
      GITPIP_LOG_FORMAT: "json"
    }
    const start = Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(process.execPath, [bin, "serve"], { env, stdio: "ignore" })
        return { child, ended: new Promise<void>((resolve) => child.once("exit", () => resolve())) }
      }),
      ({ child, ended }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return ended
        })
    )

    yield* Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into users (id, username, tracked_at) values (1, 'ann', now()), (2, 'anna', now())`
      /** The same as waiting: the dead process's leases end, and everything pending is due. */
      const timePasses = Effect.gen(function* () {
        yield* sql`update publications set lease_until = now() - interval '1 second', sent_at = sent_at - interval '1 hour'
            where state = 'sending'`
        yield* sql`update publications set due_at = now(), sent_at = sent_at - interval '1 hour' where state = 'pending'`
        yield* sql`update deals set lease_until = null, sent_at = sent_at - interval '1 hour'`
        yield* sql`update scans set lease_until = now() - interval '1 second' where state = 'running'`
      })
      /** Hazard: a left-over fault would delay the next server until its request times out. */
      const clearFaults = Effect.sync(() => {
        github.clearFaults()
        pipedrive.clearFaults()
      })
      const kill = (moment: Effect.Effect<void>) =>
        Effect.scoped(Effect.andThen(start, moment)).pipe(Effect.andThen(timePasses), Effect.andThen(clearFaults))

      /** Kills a server when Pipedrive has received `n` more such requests. */
      const killAt = (isNext: (request: Asked) => boolean, n: number) =>
        Effect.suspend(() => kill(pipedrive.seen(pipedrive.requests.filter(isNext).length + n, isNext)))

      // In the scan, while GitHub has not answered.
      github.injectFault({ kind: "hang" })
      yield* kill(github.seen(1))
      // Before a deal is found, and after each was made: one kill may meet both users.
      pipedrive.injectFault({ kind: "hang" }, { when: isDealSearch, times: 2 })
      yield* killAt(isDealSearch, 1)
      while (pipedrive.deals.length < 2) {
        pipedrive.injectFault({ kind: "lost", how: "hang" }, { when: isDealCreate, times: 2 })
        yield* killAt(isDealCreate, 1)
      }
      // While activities are made: some done without an answer, some not done, some under way.
      for (let round = 1; round <= 4; round++) {
        pipedrive.injectFault({ kind: "lost", how: "hang" }, { when: isCreate, times: 3 })
        pipedrive.injectFault({ kind: "hang" }, { when: isCreate, times: 2 })
        yield* killAt(isCreate, 12)
      }

      // The last server is not killed.
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* start
          for (;;) {
            const [left] = yield* sql<{
              n: number
            }>`select count(*) as n from publications where state <> 'published'`
            const [all] = yield* sql<{ n: number }>`select count(*) as n from publications`
            if (all?.n === files && left?.n === 0) break
            // What waits is due. Leases are left alone: the server that holds them is alive, and could never send without.
            yield* sql`update publications set due_at = now(), sent_at = sent_at - interval '1 hour'
                where state = 'pending' and due_at > now()`
            yield* sql`update deals set sent_at = sent_at - interval '1 hour' where lease_until is null`
            yield* Effect.raceFirst(pipedrive.seen(pipedrive.requests.length + 1), Effect.sleep("1 second"))
          }
        })
      )
      const published = pipedrive.activities.map(({ note }) => /href="([^"]+)"/.exec(note ?? "")?.[1])
      assert.strictEqual(published.length, files)
      assert.strictEqual(new Set(published).size, files)
      assert.sameMembers(
        pipedrive.deals.map(({ title }) => title),
        ["ann", "anna"]
      )
      for (const { deal_id, note } of pipedrive.activities) {
        const title = pipedrive.deals.find(({ id }) => id === deal_id)?.title
        assert.include(note, `gist.github.com/${title}/`)
      }
    }).pipe(Effect.provide(Database.layerServer(url)))
  })
)
