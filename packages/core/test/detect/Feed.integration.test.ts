/** What the public feed brings, what it costs, and that nothing depends on it. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CheckSchedule } from "../../src/detect/CheckSchedule.ts"
import { Feed } from "../../src/detect/Feed.ts"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FeedPosition } from "../../src/store/FeedPositions.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { Worker } from "../../src/Worker.ts"
import { layerPostgres } from "../database.ts"
import { graphqlEngine } from "../github/graphqlEngine.ts"
import { everything, inWorld, name, services } from "../world.ts"

const isFeed = ({ route }: { readonly route: string | undefined }) => route === "/gists/public"
const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"

const poll = Effect.flatMap(Feed, (feed) => feed.poll)
/** The next poll, when it is due. */
const nextPoll = Effect.andThen(TestClock.adjust("5 minutes"), poll)
const files = (login: string) =>
  Effect.flatMap(Gitpip, (gitpip) =>
    Effect.map(gitpip.history(name(login), everything), (found) => found.map(({ filename }) => filename))
  )
/** Somebody whom nobody tracks makes gists. */
const noise = (github: FakeGithub, count: number) => {
  for (let n = 0; n < count; n++) github.addGist("noise", { files: { "n.md": "" } })
}
/** Ann is tracked and has been looked at; the feed has been polled once. */
const begun = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  github.addUser("noise")
  github.addGist("ann", { files: { "a.md": "" } })
  noise(github, 150)
  yield* gitpip.track(name("ann"))
  yield* gitpip.scan()
  yield* poll
  yield* TestClock.adjust("1 minute")
  github.clearRequests()
})

describe("the feed", () => {
  it.effect("brings a tracked user's new gist for one page and one look, and nobody else's", () =>
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

  it.effect("that has not changed costs nothing of the limit, and no look", () =>
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

  it.effect("is read page by page to what was seen before, and no farther", () =>
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

  it.effect("goes on after a restart where it was", () =>
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

  it.effect("leaves a user who was never looked at to the first scan", () =>
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

  it.effect("finds a user whose account is not known by number yet by the name", () =>
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

  it.effect("that brought a gist leaves nothing of it for the next batch to look for", () =>
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

  it.effect("brings nothing of whoever has taken over a tracked user's old name", () =>
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

  it.effect("that shows a gist which the user's list never has is believed twice and no oftener", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "status", status: 200, body: [] }, { when: isList, times: Number.POSITIVE_INFINITY })
        yield* poll
        for (let n = 0; n < 4; n++) {
          noise(github, 1)
          yield* nextPoll
        }
        assert.strictEqual(github.requests.filter(isList).length, 2)
      })
    )
  )

  it.effect("that is ahead of the user's list is believed again", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "status", status: 304 }, { when: isList })
        yield* poll
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
        yield* nextPoll
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("whose look GitHub refuses shows the same gist at the next poll", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 60 }, { when: isList })
        yield* poll
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
        yield* nextPoll
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("that is empty, in another order, twice the same or full of nonsense loses nothing", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const lies: ReadonlyArray<unknown> = [
          [],
          {},
          [null, 7, { id: "x" }],
          Array.from({ length: 100 }, () => ({ id: "x", owner: { id: "ann", login: 1 } }))
        ]
        for (const body of lies) {
          github.injectFault({ kind: "status", status: 200, body }, { when: isFeed })
          yield* Effect.andThen(TestClock.adjust("1 hour"), poll)
        }
        github.addGist("ann", { files: { "b.md": "" } })
        yield* Effect.andThen(TestClock.adjust("1 hour"), poll)
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("that fails is asked again later each time, or when GitHub says", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const failsFor = Effect.fnUntraced(function* (fault: Parameters<FakeGithub["injectFault"]>[0]) {
          github.injectFault(fault, { when: isFeed })
          const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const next = yield* poll
          const seconds = (next.epochMilliseconds - now) / 1_000
          yield* TestClock.adjust(`${Math.ceil(seconds)} seconds`)
          return seconds
        })
        assert.strictEqual(yield* failsFor({ kind: "status", status: 502 }), 30)
        assert.strictEqual(yield* failsFor({ kind: "reset" }), 60)
        assert.strictEqual(yield* failsFor({ kind: "status", status: 404 }), 1_800)
        assert.strictEqual(yield* failsFor({ kind: "secondary-limit", retryAfterSeconds: 90 }), 90)
        assert.strictEqual((yield* poll)._tag, "Utc")
        assert.strictEqual(github.requests.filter(isFeed).length, 5)
      })
    )
  )

  it.effect("is polled by one process at a time, and by another when that one is lost", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        yield* begun(github)
        yield* Effect.all([poll, Effect.provide(poll, services(settings))], { concurrency: 2 })
        assert.strictEqual(github.requests.filter(isFeed).length, 1)
        yield* TestClock.adjust("1 hour")
        const { feed } = yield* Store
        const lost = yield* feed.claim(github.url.origin)
        assert.strictEqual(lost._tag, "Some")
        yield* poll
        assert.strictEqual(github.requests.filter(isFeed).length, 1)
        yield* nextPoll
        assert.strictEqual(github.requests.filter(isFeed).length, 2)
      })
    )
  )

  it.effect("forgets a poll that took so long that another process has polled since", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const { feed } = yield* Store
        const claim = Effect.gen(function* () {
          yield* TestClock.adjust("6 minutes")
          return Option.getOrThrow(yield* feed.claim(github.url.origin))
        })
        const slow = yield* claim
        const quick = yield* claim
        const record = (position: FeedPosition, seen: string) =>
          feed.record(github.url.origin, position, {
            etag: seen,
            seen: [seen],
            unsettled: [],
            gap: false,
            wait: Duration.zero
          })
        yield* record(quick, "new")
        yield* record(slow, "old")
        yield* feed.snooze(github.url.origin, slow, Duration.hours(1))
        assert.deepInclude(yield* claim, { etag: "new", seen: ["new"] })
      })
    )
  )

  it.effect("takes a few percent of a token's requests, and a fifth of those without one", () =>
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

describe("a gap in the feed", () => {
  const gapped = Effect.fnUntraced(function* (github: FakeGithub) {
    yield* begun(github)
    github.addGist("ann", { files: { "b.md": "" } })
    yield* TestClock.adjust("1 minute")
    noise(github, 3_050)
    yield* poll
  })

  it.effect("is noticed after its 3,000 gists, and loses nothing", () =>
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

  it.effect("lets everybody be looked at ahead of their turn, late ones first", () =>
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

describe("without the feed", () => {
  it.effect("nobody asks for it, and a scan finds what is new", () =>
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
})
