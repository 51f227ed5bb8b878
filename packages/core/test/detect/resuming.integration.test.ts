/** Full listings that go on where an earlier turn, check or process has stopped. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Checker } from "../../src/detect/Checker.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name } from "../world.ts"

const isStored = (filename: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(sql`select 1 from gist_files where filename = ${filename}`, (rows) => rows.length === 1)
  )

const addGists = (github: FakeGithub, count: number) => {
  for (let n = 0; n < count; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
}

/** A gist that is listed before all of those. */
const addNewest = (github: FakeGithub, file: string) =>
  github.addGist("ann", { files: { [file]: "" }, createdAt: 3_600_000 })

const failPage = (github: FakeGithub, page: number) =>
  github.injectFault({ kind: "status", status: 502 }, { when: ({ query }) => query.page === `${page}` })

describe("a full listing", () => {
  it.effect("that two checks read goes on at the further place, also when the first page has changed", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { checks, users } = yield* Store
        const checker = yield* Checker
        github.addUser("ann")
        addGists(github, 1_250)
        yield* gitpip.track(name("ann"))
        // One scan has read the row of the user when another one lists the gists.
        const stale = yield* checks.someForScan([yield* users.key("ann")])
        assert.isTrue(stale[0]?.isNew)
        failPage(github, 12)
        const cutOff = yield* gitpip.scan()
        assert.strictEqual(cutOff.files, 1_100)
        addNewest(github, "new.md")
        github.clearRequests()
        yield* checker.check(cutOff.id, stale, { isPatient: false })
        // The first page and the last two: not the ten between.
        assert.lengthOf(github.requests, 3)
        assert.isTrue(yield* isStored("new.md"))
        assert.isTrue(yield* isStored("0.md"))
      })
    )
  )

  it.effect("begins again when the further place is a day old, or gone", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const { listings, users } = yield* Store
        yield* (yield* Gitpip).track(name("ann"))
        const ann = yield* users.key("ann")
        const put = (pages: number, etag: string) =>
          Effect.andThen(
            listings.put(ann, { next: `https://api.github.com/${pages}`, etag, pages }),
            Effect.map(listings.find(ann), (found) => (found._tag === "Some" ? found.value.pages : undefined))
          )
        assert.strictEqual(yield* put(6, "a"), 6)
        assert.strictEqual(yield* put(1, "b"), 6)
        assert.strictEqual(yield* put(7, "a"), 7)
        yield* TestClock.adjust("24 hours")
        assert.strictEqual(yield* put(1, "b"), 1)
        assert.strictEqual(yield* put(8, "b"), 8)
        yield* listings.remove(ann)
        assert.strictEqual(yield* put(1, "c"), 1)
      })
    )
  )

  it.effect("of a user who is forgotten meanwhile ends", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        addGists(github, 1_250)
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "late" }, { when: ({ query }) => query.page === "8" })
        const scan = yield* Effect.forkChild(gitpip.scan())
        yield* github.seen(1, ({ query }) => query.page === "8")
        yield* gitpip.forget(name("ann"))
        github.release()
        assert.strictEqual((yield* Fiber.join(scan)).state, "done")
        assert.lengthOf(github.requests, 11)
      })
    )
  )

  it.effect("confirms no batch that is newer than its first page", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const logins = ["ann", ...Array.from({ length: 10 }, (_, n) => `other-${n}`)]
        for (const login of logins) github.addUser(login)
        addGists(github, 450)
        for (const login of logins) yield* gitpip.track(name(login))
        failPage(github, 4)
        assert.strictEqual((yield* gitpip.scan()).files, 300)
        addNewest(github, "new.md")
        yield* gitpip.scan()
        yield* gitpip.scan()
        assert.isTrue(yield* isStored("new.md"))
      })
    )
  )

  it.effect(
    "begins again when its user is tracked again, so that GITPIP_BACKFILL=none leaves out what came between",
    () =>
      inWorld(layerPostgres, { queries: false, env: { GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          addGists(github, 450)
          yield* TestClock.adjust("1 hour")
          yield* gitpip.track(name("ann"))
          failPage(github, 4)
          yield* gitpip.scan()
          yield* gitpip.untrack(name("ann"))
          github.addGist("ann", { files: { "between.md": "" } })
          yield* TestClock.adjust("1 hour")
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.isTrue(yield* isStored("between.md"))
          assert.lengthOf(pipedrive.activities, 0)
        })
      )
  )

  it.effect("of which GitHub never answers a page hides nothing of the first one", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const login of ["ann", "bob"]) github.addUser(login)
        addGists(github, 350)
        for (const login of ["ann", "bob"]) yield* gitpip.track(name(login))
        github.injectFault(
          { kind: "status", status: 502 },
          {
            times: 1_000,
            when: ({ query, route }) =>
              route === "/user/{id}/gists" && (Number(query.page) - 1) * Number(query.per_page) >= 200
          }
        )
        for (let hour = 0; hour < 4; hour++) {
          yield* gitpip.scan()
          yield* TestClock.adjust("1 hour")
        }
        addNewest(github, "new.md")
        yield* gitpip.scan()
        assert.isTrue(yield* isStored("new.md"))
      })
    )
  )
})
