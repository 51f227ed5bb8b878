/** What goes on by itself: scans at their interval, requested scans at once, publishing as things come in. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Scanner } from "../src/detect/Scanner.ts"
import { Gitpip } from "../src/Gitpip.ts"
import { Worker } from "../src/Worker.ts"
import { layerPostgres } from "./database.ts"
import { elapse, everything, inWorld, name, passTime } from "./world.ts"

const working = <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.provide(body, Layer.fresh(Worker.layer))

const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"

/** Waits until a condition holds. Real work goes on meanwhile; the test clock stands still. */
const until = <E, R>(holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    while (!(yield* holds)) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })

describe("the worker", () => {
  it.effect("the worker scans at once, publishes what it finds, and scans again when the interval is over", () =>
    inWorld(
      layerPostgres,
      { env: { GITPIP_SCAN_INTERVAL: "10 minutes", GITPIP_FEED: "false" } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"))
          yield* working(
            Effect.gen(function* () {
              yield* elapse("10 seconds")
              assert.strictEqual(pipedrive.activities.length, 1)
              github.addGist("ann", { files: { "b.md": "" } })
              yield* elapse("9 minutes")
              assert.strictEqual(github.requests.filter(isList).length, 1)
              yield* elapse("2 minutes")
              assert.strictEqual(pipedrive.activities.length, 2)
              const [second, first, ...more] = yield* gitpip.scans(everything)
              assert.deepStrictEqual(
                [second, first].map((scan) => [scan?.kind, scan?.state]),
                [
                  ["scheduled", "done"],
                  ["scheduled", "done"]
                ]
              )
              assert.deepStrictEqual(more, [])
              const between = (second?.startedAt?.epochMilliseconds ?? 0) - (first?.startedAt?.epochMilliseconds ?? 0)
              assert.isAtLeast(between, 600_000)
              assert.isAtMost(between, 603_000)
              const { dead } = yield* Worker
              assert.deepStrictEqual(yield* dead, [])
            })
          )
        })
    )
  )

  it.effect("the worker reads a user's profile within a minute of tracking, and not again soon", () =>
    inWorld(layerPostgres, { env: { GITPIP_FEED: "false" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.setProfile("ann", { email: "ann@example.com" })
        yield* gitpip.track(name("ann"))
        yield* working(
          Effect.gen(function* () {
            yield* elapse("61 seconds")
            assert.strictEqual((yield* gitpip.user(name("ann"))).profile?.email, "ann@example.com")
            yield* elapse("5 minutes")
            assert.strictEqual(github.count("GET", "/users/{login}"), 1)
          })
        )
      })
    )
  )

  it.effect("the worker does not scan on start when the last scan is younger than the interval", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* TestClock.adjust("1 minute")
        yield* working(
          Effect.gen(function* () {
            const asked = yield* gitpip.requestScan(name("ann"))
            yield* until(Effect.map(gitpip.scanDetails(asked.id), ({ scan }) => scan.state === "done"))
            assert.strictEqual((yield* gitpip.scans(everything)).length, 2)
          })
        )
      })
    )
  )

  it.effect(
    "a user who is tracked between two scans is checked within seconds, and a hundred of them by one query",
    () =>
      inWorld(
        layerPostgres,
        { env: { GITPIP_SCAN_INTERVAL: "1 hour", GITPIP_FEED: "false" } },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            yield* gitpip.scan()
            yield* working(
              Effect.gen(function* () {
                yield* elapse("10 seconds")
                github.addUser("ann")
                github.addGist("ann", { files: { "a.md": "" } })
                yield* gitpip.track(name("ann"))
                yield* elapse("10 seconds")
                assert.strictEqual(pipedrive.activities.length, 1)
                const before = github.requests.length
                for (let n = 0; n < 99; n++) {
                  github.addUser(`user-${n}`)
                  yield* gitpip.track(name(`user-${n}`))
                }
                yield* elapse("10 seconds")
                const [last] = yield* gitpip.scans(everything)
                assert.deepInclude(last, { kind: "new", state: "done", users: 99 })
                assert.lengthOf(
                  github.requests.slice(before).filter(({ route }) => route === "/graphql"),
                  1
                )
              })
            )
          })
      )
  )

  it.effect("a new user's profile is read before the first check, whose files a drain may publish at once", () =>
    inWorld(layerPostgres, { env: { GITPIP_FEED: "false" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const scanner = yield* Scanner
        yield* scanner.checkNew
        yield* passTime("10 seconds")
        for (const login of ["ann", "bob"]) {
          github.addUser(login)
          github.addGist(login, { files: { "a.md": "" } })
          yield* gitpip.track(name(login))
        }
        yield* passTime("10 seconds")
        github.clearRequests()
        assert.strictEqual(yield* scanner.checkNew, 2)
        const kinds = github.requests.map(({ route }) => (route === "/users/{login}" ? "profile" : "check"))
        assert.deepStrictEqual(kinds.slice(0, 3), ["profile", "profile", "check"])
      })
    )
  )

  it.effect("a requested full scan runs once, however often it was asked for", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        const first = yield* gitpip.requestScan()
        const second = yield* gitpip.requestScan()
        assert.strictEqual(first.id, second.id)
        yield* working(until(Effect.map(gitpip.scanDetails(first.id), ({ scan }) => scan.state === "done")))
      })
    )
  )

  it.effect("a worker that is stopped in the middle leaves nothing claimed and nothing running", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "", "b.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.injectFault({ kind: "hang" }, { when: ({ route }) => route === "/gists/{id}" })
        yield* working(github.seen(1, ({ route }) => route === "/gists/{id}"))
        const states = (yield* gitpip.publications(everything)).map(({ state }) => state)
        assert.deepStrictEqual(states, ["pending", "pending"])
        assert.strictEqual(pipedrive.activities.length, 0)
      })
    )
  )
})

describe("work that does not get done", () => {
  it.effect("work that is overdue is named", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const since = yield* DateTime.now
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        assert.deepStrictEqual(yield* gitpip.overdue(since), [])
        pipedrive.injectFault({ kind: "status", status: 401 })
        yield* gitpip.publish
        yield* TestClock.adjust("11 minutes")
        const [waiting, ...rest] = yield* gitpip.overdue(since)
        assert.deepStrictEqual(rest, [])
        assert.match(waiting ?? "", /due since .*PIPEDRIVE_TOKEN/)
        yield* TestClock.adjust("1 hour")
        assert.match((yield* gitpip.overdue(since))[0] ?? "", /No full scan has ended since/)
      })
    )
  )
})
