import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { FakeGithub, FakePipedrive, type Fault } from "../../src/testing/index.ts"
import { ask } from "./http.ts"

/** Creates a deal, whose effect shows in `deals`. */
const create = (pipedrive: FakePipedrive) =>
  ask(pipedrive, "/api/v2/deals", {
    method: "POST",
    headers: { "x-api-token": pipedrive.token },
    body: { title: "octocat" }
  })

const faulty = Effect.fnUntraced(function* (fault: Fault) {
  const pipedrive = yield* FakePipedrive.make()
  pipedrive.injectFault(fault)
  return pipedrive
})

describe("faults", () => {
  it.effect("a reset does nothing and answers nothing", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "reset" })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(create(pipedrive))))
      assert.lengthOf(pipedrive.deals, 0)
      assert.deepStrictEqual(
        pipedrive.requests.map((request) => request.status),
        ["reset"]
      )
    })
  )

  it.effect("a lost answer leaves the work done: connection reset", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "lost" })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(create(pipedrive))))
      assert.lengthOf(pipedrive.deals, 1)
      assert.strictEqual(pipedrive.requests[0]?.status, "lost")
    })
  )

  it.effect("a lost answer leaves the work done: an error of a gateway", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "lost", how: "status", status: 502 })
      const answer = yield* create(pipedrive)
      assert.strictEqual(answer.status, 502)
      assert.isUndefined(answer.json)
      assert.lengthOf(pipedrive.deals, 1)
      assert.strictEqual(pipedrive.requests[0]?.status, "lost")
    })
  )

  it.effect("a lost answer leaves the work done: silence", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "lost", how: "hang" })
      const fiber = yield* Effect.forkChild(create(pipedrive))
      yield* pipedrive.seen(1)
      assert.lengthOf(pipedrive.deals, 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("a hanging request is not done", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "hang" })
      const fiber = yield* Effect.forkChild(create(pipedrive))
      yield* pipedrive.seen(1, (request) => request.status === "hang")
      assert.lengthOf(pipedrive.deals, 0)
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("a late answer is done at once and sent on release", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "late" })
      const fiber = yield* Effect.forkChild(create(pipedrive))
      yield* pipedrive.seen(1)
      assert.lengthOf(pipedrive.deals, 1)
      // A later request overtakes it: only this one is held.
      assert.strictEqual((yield* create(pipedrive)).json.data.id, 2)
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual(pipedrive.release(), 1)
      assert.strictEqual((yield* Fiber.join(fiber)).json.data.id, 1)
      assert.strictEqual(pipedrive.release(), 0)
    })
  )

  it.effect("a request that was delivered twice is done twice, and not answered", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "twice" })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(create(pipedrive))))
      assert.lengthOf(pipedrive.deals, 2)
      assert.strictEqual(pipedrive.requests[0]?.status, "lost")
    })
  )

  /** Reads a create's answer up to that length, then gives up. */
  const begin = (pipedrive: FakePipedrive, length: number) =>
    Effect.promise(async () => {
      const { body, status } = await fetch(new URL("/api/v2/deals", pipedrive.url), {
        method: "POST",
        headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
        body: JSON.stringify({ title: "octocat" })
      })
      let text = ""
      for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk
        if (text.length >= length) break
      }
      return { status, text }
    })

  it.effect("an answer that drips comes byte by byte, with the work done", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "drip" })
      const { status, text } = yield* begin(pipedrive, 3)
      assert.strictEqual(text, '{"s')
      assert.strictEqual(status, (yield* create(pipedrive)).status)
      assert.lengthOf(pipedrive.deals, 2)
      assert.strictEqual(pipedrive.requests[0]?.status, "lost")
    })
  )

  it.effect("an endless answer begins like the true one and does not end, with the work done", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "endless" })
      const { text } = yield* begin(pipedrive, 1_000_000)
      assert.match(text, /^\{"success":true.*\S *$/s)
      assert.lengthOf(pipedrive.deals, 1)
      assert.strictEqual(pipedrive.requests[0]?.status, "lost")
    })
  )

  it.effect("garbage is a 200 that cannot be read, with the work done", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "garbage" })
      const answer = yield* create(pipedrive)
      assert.strictEqual(answer.status, 200)
      assert.include(answer.text, '{"success":true')
      assert.isUndefined(answer.json)
      assert.lengthOf(pipedrive.deals, 1)
    })
  )

  it.effect("a composed response does only what it says, and has the parts that it names", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({
        kind: "respond",
        status: 418,
        body: { a: 1 },
        headers: () => ({ "x-a": "1" })
      })
      const refused = yield* create(pipedrive)
      assert.deepStrictEqual([refused.status, refused.json, refused.headers.get("x-a")], [418, { a: 1 }, "1"])
      assert.lengthOf(pipedrive.deals, 0)
      pipedrive.injectFault({
        kind: "respond",
        work: true,
        headers: ({ method }) => ({ "x-method": method, "x-ratelimit-limit": undefined })
      })
      const done = yield* create(pipedrive)
      assert.strictEqual(done.json.data.title, "octocat")
      assert.strictEqual(done.headers.get("x-method"), "POST")
      assert.isFalse(done.headers.has("x-ratelimit-limit"))
      assert.isTrue(done.headers.has("x-ratelimit-remaining"))
      pipedrive.injectFault({ kind: "respond", status: 204, body: "never sent" })
      assert.strictEqual((yield* create(pipedrive)).text, "")
      pipedrive.injectFault({ kind: "respond", status: 503, body: "<p>away</p>" })
      assert.match((yield* create(pipedrive)).headers.get("content-type") ?? "", /html/)
    })
  )

  it.effect("a composed response can be cut off, stop in the middle, or never end", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "respond", status: 500, body: "0123456789", ending: "cut" })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(create(pipedrive))))
      pipedrive.injectFault({ kind: "respond", status: 500, body: "0123456789", ending: "slow" })
      const slow = yield* begin(pipedrive, 5)
      assert.deepStrictEqual([slow.status, slow.text], [500, "01234"])
      assert.strictEqual(pipedrive.underWay().answering, 0)
      pipedrive.injectFault({ kind: "respond", status: 500, body: "0123456789", ending: "endless" })
      assert.strictEqual((yield* begin(pipedrive, 1_000_000)).status, 500)
      assert.lengthOf(pipedrive.deals, 0)
    })
  )

  it.effect("responses that a fault holds back are counted apart from responses under way", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({ kind: "hang" })
      const waiting = yield* Effect.forkChild(create(pipedrive))
      yield* pipedrive.seen(1)
      assert.deepStrictEqual(pipedrive.underWay(), { answering: 0, held: 1, written: 0 })
      yield* Fiber.interrupt(waiting)
      yield* create(pipedrive)
    })
  )

  it.effect("a status, a page and a redirect do nothing", () =>
    Effect.gen(function* () {
      const pipedrive = yield* faulty({
        kind: "status",
        status: 503,
        body: { a: 1 },
        headers: { "retry-after": "7" }
      })
      pipedrive.injectFault({ kind: "html", status: 502 })
      pipedrive.injectFault({ kind: "redirect", location: "http://127.0.0.1:9/elsewhere", status: 307 })
      const status = yield* create(pipedrive)
      assert.deepStrictEqual([status.status, status.json, status.headers.get("retry-after")], [503, { a: 1 }, "7"])
      const page = yield* create(pipedrive)
      assert.deepStrictEqual([page.status, page.headers.get("content-type")], [502, "text/html; charset=UTF-8"])
      const redirect = yield* create(pipedrive)
      assert.deepStrictEqual([redirect.status, redirect.headers.get("location")], [307, "http://127.0.0.1:9/elsewhere"])
      assert.lengthOf(pipedrive.deals, 0)
    })
  )

  it.effect("a fault strikes as often and where the test says, and ends with clearFaults", () =>
    Effect.gen(function* () {
      const github = yield* FakeGithub.make()
      for (const login of ["a", "b"]) github.addUser(login)
      const statuses = Effect.fnUntraced(function* (...logins: ReadonlyArray<string>) {
        return yield* Effect.forEach(logins, (login) =>
          Effect.map(ask(github, `/users/${login}`), (answer) => answer.status)
        )
      })
      github.injectFault({ kind: "status", status: 500 }, { times: 2, when: ({ params }) => params[0] === "b" })
      assert.deepStrictEqual(yield* statuses("a", "b", "a", "b", "b"), [200, 500, 200, 500, 200])
      github.injectFault({ kind: "status", status: 500 }, { times: Number.POSITIVE_INFINITY })
      assert.deepStrictEqual(yield* statuses("a", "b"), [500, 500])
      github.clearFaults()
      assert.deepStrictEqual(yield* statuses("a", "b"), [200, 200])
    })
  )
})

describe("the log of a fake", () => {
  it.effect("the log has every part of a request", () =>
    Effect.gen(function* () {
      const pipedrive = yield* FakePipedrive.make()
      yield* TestClock.adjust(5000)
      yield* ask(pipedrive, "/api/v2/activities/7%20?include_fields=attendees", {
        method: "PATCH",
        headers: { "X-Api-Token": pipedrive.token },
        body: { done: true }
      })
      const [request] = pipedrive.requests
      assert.deepInclude(request, {
        at: 5000,
        method: "PATCH",
        path: "/api/v2/activities/7%20",
        route: "/api/v2/activities/{id}",
        params: ["7 "],
        query: { include_fields: "attendees" },
        body: { done: true },
        status: 404
      })
      assert.strictEqual(request?.headers["x-api-token"], pipedrive.token)
      pipedrive.clearRequests()
      assert.lengthOf(pipedrive.requests, 0)
      assert.strictEqual(pipedrive.count(), 0)
    })
  )

  it.effect("a fake without a log keeps counters only", () =>
    Effect.gen(function* () {
      const github = yield* FakeGithub.make({ log: false })
      github.addUser("a")
      for (const path of ["/users/a", "/users/b", "/users/a/gists", "/nowhere"]) yield* ask(github, path)
      assert.lengthOf(github.requests, 0)
      assert.strictEqual(github.count(), 4)
      assert.strictEqual(github.count("GET", "/users/{login}"), 2)
      assert.strictEqual(github.count("GET", "/users/{login}", 404), 1)
      assert.strictEqual(github.count("POST"), 0)
    })
  )
})

describe("the server of a fake", () => {
  it.effect("answers have the date of the clock that the fake was made with", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 12))
      const github = yield* FakeGithub.make()
      assert.strictEqual((yield* ask(github, "/users/a")).headers.get("date"), "Mon, 23 Nov 2026 12:00:00 GMT")
      yield* TestClock.adjust("90 minutes")
      assert.strictEqual((yield* ask(github, "/users/a")).headers.get("date"), "Mon, 23 Nov 2026 13:30:00 GMT")
      assert.strictEqual(github.requests[1]?.at, yield* Clock.currentTimeMillis)
    })
  )

  it.effect("a fake closes at once, with requests still waiting", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const github = yield* Scope.provide(FakeGithub.make(), scope)
      github.injectFault({ kind: "hang" })
      const waiting = yield* Effect.forkChild(Effect.exit(ask(github, "/users/a")))
      yield* github.seen(1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(waiting)))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(github, "/users/a"))))
    })
  )

  it.effect("a fake listens on the given port, or fails with an error", () =>
    Effect.gen(function* () {
      const first = yield* FakeGithub.make()
      const error = yield* Effect.flip(FakePipedrive.make({ port: Number(first.url.port) }))
      assert.strictEqual(error._tag, "ServeError")
    })
  )
})
