/** What the public feed brings, what it costs, and that nothing depends on it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CheckSchedule } from "../../src/detect/CheckSchedule.ts"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { Worker } from "../../src/Worker.ts"
import { layerPostgres } from "../database.ts"
import { graphqlEngine } from "../github/graphqlEngine.ts"
import { everything, inWorld, name, services } from "../world.ts"
import { begun, files, isFeed, isList, noise, poll } from "./feed.ts"

describe("what the feed brings", () => {
  it.effect("the feed brings a tracked user's new gist for one page and one check, and no other user's", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        noise(github, 20)
        github.addGist("ann", { files: { "b.md": "" } })
        noise(github, 20)
        yield* poll
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
        assert.deepStrictEqual(
          github.requests.map(({ route }) => route),
          ["/gists/public", "/users/{login}/gists"]
        )
        const [scan] = yield* (yield* Gitpip).scans(everything)
        assert.deepInclude(scan, { kind: "feed", state: "done", users: 1, files: 1, login: null })
      })
    )
  )

  it.effect("an unchanged feed costs nothing of the limit, and no check", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        yield* poll
        assert.deepStrictEqual(
          github.requests.map(({ route, status }) => [route, status]),
          [["/gists/public", 304]]
        )
      })
    )
  )

  it.effect("the feed is read page by page to what was seen before, and no farther", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        noise(github, 230)
        yield* poll
        assert.strictEqual(github.requests.filter(isFeed).length, 3)
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
        const gap = yield* Effect.map(CheckSchedule, ({ plan }) => plan).pipe(Effect.flatten)
        assert.strictEqual(gap.gapAt._tag, "None")
      })
    )
  )

  it.effect("the feed goes on after a restart where it was", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        yield* begun(github)
        yield* Effect.provide(poll, services(settings))
        assert.deepStrictEqual(
          github.requests.map(({ status }) => status),
          [304]
        )
      })
    )
  )

  it.effect("the feed leaves a user who was never checked to the first scan", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* begun(github)
        github.addUser("Bob")
        yield* gitpip.track(name("bob"))
        github.addGist("Bob", { files: { "b.md": "" } })
        yield* poll
        assert.deepStrictEqual(github.requests.filter(isList), [])
        yield* gitpip.scan()
        assert.deepStrictEqual(yield* files("bob"), ["b.md"])
      })
    )
  )

  it.effect("the feed finds a user by the name while the account's number is not known", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        github.addUser("Bob")
        yield* (yield* Gitpip).track(name("bob"))
        yield* begun(github)
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`select github_id from users where username = 'bob'`, [{ githubId: null }])
        github.addUser("late", { id: 2 ** 40 })
        github.addGist("late", { files: { "l.md": "" } })
        github.addGist("Bob", { files: { "b.md": "" } })
        yield* poll
        assert.deepStrictEqual(yield* files("bob"), ["b.md"])
      })
    )
  )

  it.effect("the next batch need not search for a gist that the feed brought", () =>
    inWorld(layerPostgres, { github: { graphql: graphqlEngine } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* begun(github)
        for (let n = 0; n < 120; n++) github.addGist("ann", { files: { [`${n}.md`]: "" } })
        for (let n = 0; n < 10; n++) {
          github.addUser(`user-${n}`)
          yield* gitpip.track(name(`user-${n}`))
        }
        yield* gitpip.scan()
        yield* TestClock.adjust("1 minute")
        github.addGist("ann", { files: { "b.md": "" } })
        yield* poll
        assert.include(yield* files("ann"), "b.md")
        github.clearRequests()
        yield* gitpip.scan()
        assert.deepStrictEqual(
          github.requests.map(({ route }) => route),
          ["/graphql"]
        )
      })
    )
  )

  it.effect("the feed brings nothing of an account that has taken over a tracked user's old name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.renameUser("ann", "anna")
        github.addUser("ann")
        github.addGist("ann", { files: { "other.md": "" } })
        yield* poll
        assert.strictEqual(github.requests.filter(isList).length, 0)
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
      })
    )
  )

  it.effect("the feed takes a few percent of a token's requests, and a fifth of those without one", () =>
    Effect.gen(function* () {
      const pause = (env: Record<string, string>) =>
        inWorld(layerPostgres, { env }, ({ github }) =>
          Effect.gen(function* () {
            yield* begun(github)
            const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
            yield* TestClock.adjust("10 minutes")
            return ((yield* poll).epochMilliseconds - now) / 1_000 - 600
          })
        )
      assert.strictEqual(yield* pause({}), 30)
      assert.strictEqual(yield* pause({ GITHUB_TOKEN: "" }), 300)
    })
  )
})

describe("a gap", () => {
  const gapped = Effect.fnUntraced(function* (github: FakeGithub) {
    yield* begun(github)
    github.addGist("ann", { files: { "b.md": "" } })
    yield* TestClock.adjust("1 minute")
    noise(github, 3_050)
    yield* poll
  })

  it.effect("a gap in the feed is noticed after 3,000 gists, and loses nothing", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* gapped(github)
        assert.strictEqual(github.requests.filter(isFeed).length, 30)
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
        const plan = yield* Effect.flatten(Effect.map(CheckSchedule, ({ plan }) => plan))
        assert.strictEqual(plan.gapAt._tag, "Some")
        yield* (yield* Scanner).scan({ kind: "scheduled", userKey: null })
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("a gap in the feed has all users checked ahead of their turn, late ones first", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const { checks } = yield* Store
        yield* TestClock.adjust("15 hours")
        for (const login of ["early", "late", "recent"]) yield* gitpip.track(name(login))
        const at = (hour: number) => new Date(hour * 3_600_000)
        yield* sql`update users set checked_at = case username when 'late' then ${at(10)}::timestamptz
          when 'early' then ${at(12)} else ${at(20)} end`
        const due = (before: Date) =>
          Effect.map(
            checks.due({ intervals: Array.from({ length: 21 }, () => 4 * 3_600_000), before, limit: 10 }),
            (found) => found.map(({ username }) => username)
          )
        assert.deepStrictEqual(yield* due(at(0)), ["late"])
        assert.deepStrictEqual(yield* due(at(14)), ["late", "early"])
      })
    )
  )
})

it.effect("without the feed Gitpip does not ask for it, and a scan finds what is new", () =>
  inWorld(layerPostgres, { env: { GITPIP_FEED: "false" } }, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      github.addUser("ann")
      github.addGist("ann", { files: { "a.md": "" } })
      yield* (yield* Gitpip).track(name("ann"))
      yield* Effect.provide(
        pipedrive.seen(1, ({ method, route }) => method === "POST" && route === "/api/v2/activities"),
        Layer.fresh(Worker.layer)
      )
      assert.strictEqual(github.requests.filter(isFeed).length, 0)
    })
  )
)
