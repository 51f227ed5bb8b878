/** The public profiles of tracked users: where they come from, what they cost, and that no check depends on them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Profiles } from "../../src/detect/Profiles.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, passTime, statementsOf } from "../world.ts"

/** Real work goes on meanwhile; the test clock stands still. */
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Requests that are not answered time out one after the other. */
const seconds = (count: number) => Effect.repeat(Effect.andThen(passTime("1 second"), turn), { times: count - 1 })

const routes = (github: FakeGithub) => github.requests.map(({ route }) => route)

const refresh = Effect.flatMap(Profiles, (profiles) => profiles.refresh)
const profileOf = (login: string) =>
  Effect.flatMap(Gitpip, (gitpip) => Effect.map(gitpip.user(name(login)), ({ profile }) => profile))
const nameOf = (login: string) => Effect.map(profileOf(login), (profile) => profile?.name)

/** As many users are tracked as a batch is sent for. */
const trackTen = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  for (let n = 0; n < 10; n++) {
    github.addUser(`user-${n}`)
    github.addGist(`user-${n}`, { files: { "a.md": "" } })
    github.setProfile(`user-${n}`, { name: `Name ${n}`, email: `${n}@example.com`, company: "@github" })
    yield* gitpip.track(name(`user-${n}`))
  }
})

const trackAnn = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("ann", { id: 7 })
  github.addGist("ann", { files: { "a.md": "" } })
  github.setProfile("ann", { name: "Ann", email: "ann@example.com", website: "https://ann.example", bio: "hi\nyou" })
  yield* gitpip.track(name("ann"))
})

describe("a round", () => {
  it.effect(
    "reads the profiles of all users of a first run, so that new persons in Pipedrive have their addresses",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          for (let n = 0; n < 60; n++) {
            github.addUser(`user-${n}`)
            github.setProfile(`user-${n}`, { name: `Name ${n}`, email: `${n}@example.com` })
            github.addGist(`user-${n}`, { files: { [`${n}.md`]: "1" } })
            yield* gitpip.track(name(`user-${n}`))
          }
          yield* gitpip.scan()
          assert.strictEqual(yield* refresh, 60)
          yield* gitpip.publish
          assert.lengthOf(
            pipedrive.persons.filter(({ emails }) => emails.length === 1),
            60
          )
          const requests = github.requests.length
          const idle = yield* statementsOf(refresh)
          assert.lengthOf(idle, 1)
          assert.lengthOf(github.requests, requests)
        })
      )
  )

  for (const [times, addresses] of [
    [1, 12],
    [2, 11]
  ] as const) {
    it.effect(`reads the other profiles when GitHub fails ${times} times, and asks for a profile twice`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          for (let n = 0; n < 12; n++) {
            github.addUser(`user-${n}`)
            github.setProfile(`user-${n}`, { name: `Name ${n}`, email: `${n}@example.com` })
            github.addGist(`user-${n}`, { files: { [`${n}.md`]: "1" } })
            yield* gitpip.track(name(`user-${n}`))
          }
          yield* gitpip.scan()
          github.injectFault(
            { kind: "status", status: 502 },
            { times, when: ({ route }) => route === "/users/{login}" }
          )
          assert.strictEqual(yield* refresh, addresses)
          yield* gitpip.publish
          assert.lengthOf(
            pipedrive.persons.filter(({ emails }) => emails.length === 1),
            addresses
          )
        })
      )
    )
  }

  it.effect("waits for a round that is under way, whose profiles a check of new users needs", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* trackAnn(github)
        const isProfile = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}"
        github.injectFault({ kind: "hang" }, { when: isProfile })
        const first = yield* Effect.forkChild(refresh)
        while (!github.requests.some(isProfile)) yield* turn
        const second = yield* Effect.forkChild(Effect.andThen(refresh, nameOf("ann")))
        for (let turns = 0; turns < 500 && second.pollUnsafe() === undefined; turns++) yield* turn
        // The request times out after 30 seconds, and so would the one after it.
        yield* passTime("31 seconds")
        assert.strictEqual(yield* Fiber.join(second), "Ann")
        assert.strictEqual(yield* Fiber.join(first), 1)
      })
    )
  )
})

it.effect(
  "a round that GitHub does not answer keeps callers for a minute at most, and none of them for five minutes",
  () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* trackTen(github)
        const isProfile = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}"
        github.injectFault({ kind: "hang" }, { times: 1_000, when: isProfile })
        const first = yield* Effect.forkChild(refresh)
        while (!github.requests.some(isProfile)) yield* turn
        yield* seconds(10)
        const second = yield* Effect.forkChild(refresh)
        yield* seconds(50)
        for (let turns = 0; turns < 500 && second.pollUnsafe() === undefined; turns++) yield* turn
        assert.deepStrictEqual([first.pollUnsafe()?._tag, second.pollUnsafe()?._tag], ["Success", "Success"])
        github.clearRequests()
        yield* passTime("4 minutes")
        assert.strictEqual(yield* refresh, 0)
        assert.lengthOf(github.requests, 0)
        github.clearFaults()
        yield* passTime("1 minute")
        assert.strictEqual(yield* refresh, 9)
      })
    )
)

describe("a batch", () => {
  it.effect("a batch brings the users' profiles along, at the same number of points", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* TestClock.adjust("1 day")
        yield* trackTen(github)
        assert.isNull(yield* profileOf("user-3"))
        yield* gitpip.scan()
        assert.deepStrictEqual(routes(github), ["/graphql"])
        const profile = yield* profileOf("user-3")
        assert.deepStrictEqual([profile?.name, profile?.company, profile?.email], ["Name 3", "@github", null])
        assert.strictEqual(profile?.accountCreatedAt?.epochMilliseconds, 24 * 3_600_000)
      })
    )
  )

  it.effect("a batch of unchanged profiles costs no statement, and a changed one is stored by one", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* trackTen(github)
        yield* gitpip.scan()
        const idle = yield* statementsOf(gitpip.scan())
        assert.deepStrictEqual(
          idle.filter((text) => text.includes("into profiles")),
          []
        )
        github.setProfile("user-3", { name: "Other" })
        github.setProfile("user-4", { bio: "new" })
        const changed = yield* statementsOf(gitpip.scan())
        assert.lengthOf(changed, idle.length + 1)
        assert.strictEqual(yield* nameOf("user-3"), "Other")
        assert.strictEqual((yield* profileOf("user-4"))?.bio, "new")
      })
    )
  )

  it.effect("a batch whose profiles GitHub refuses is asked for again without them, once in a process", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* trackTen(github)
        const errors = [{ message: "Field 'bio' doesn't exist on type 'User'", path: ["fragment Newest", "bio"] }]
        github.injectFault({ kind: "status", status: 200, body: { errors } })
        assert.strictEqual((yield* gitpip.scan()).files, 10)
        assert.deepStrictEqual(routes(github), ["/graphql", "/graphql"])
        assert.isNull(yield* profileOf("user-3"))
        yield* gitpip.scan()
        assert.lengthOf(github.requests, 3)
      })
    )
  )
})

describe("a request for a profile", () => {
  it.effect("a tracked user's profile is read once with its e-mail address, and after a month by a free request", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* trackAnn(github)
        assert.strictEqual(yield* refresh, 1)
        const profile = yield* profileOf("ann")
        assert.deepStrictEqual(
          [profile?.name, profile?.email, profile?.website, profile?.bio],
          ["Ann", "ann@example.com", "https://ann.example", "hi you"]
        )
        yield* TestClock.adjust("23 days")
        assert.strictEqual(yield* refresh, 0)
        yield* TestClock.adjust("14 days")
        assert.strictEqual(yield* refresh, 1)
        assert.deepStrictEqual(
          github.requests.map(({ route, status }) => [route, status]),
          [
            ["/users/{login}", 200],
            ["/users/{login}", 304]
          ]
        )
        github.setProfile("ann", { email: "new@example.com" })
        yield* TestClock.adjust("37 days")
        assert.strictEqual(yield* refresh, 1)
        assert.strictEqual((yield* profileOf("ann"))?.email, "new@example.com")
      })
    )
  )

  it.effect("the profile of a user who is untracked is not read, and is due again once the user is tracked again", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* trackAnn(github)
        yield* gitpip.untrack(name("ann"))
        yield* TestClock.adjust("60 days")
        assert.strictEqual(yield* refresh, 0)
        assert.lengthOf(github.requests, 0)
        yield* gitpip.track(name("ann"))
        assert.strictEqual(yield* refresh, 1)
        assert.strictEqual(yield* nameOf("ann"), "Ann")
      })
    )
  )

  it.effect("the e-mail address stays when a batch shows another name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* trackTen(github)
        assert.strictEqual(yield* refresh, 10)
        github.setProfile("user-3", { name: "Other" })
        yield* gitpip.scan()
        const profile = yield* profileOf("user-3")
        assert.deepStrictEqual([profile?.name, profile?.email], ["Other", "3@example.com"])
      })
    )
  )

  it.effect("without a token, profiles are read with less than half of the hour, and have no e-mail address", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (let n = 0; n < 50; n++) {
          github.addUser(`user-${n}`)
          github.setProfile(`user-${n}`, { name: `Name ${n}`, email: "hidden@example.com" })
          yield* gitpip.track(name(`user-${n}`))
        }
        let read = 0
        for (let round = 0; round < 5; round++) read += yield* refresh
        assert.isAtLeast(read, 28)
        assert.isAtMost(read, 30)
        const profile = yield* profileOf("user-0")
        assert.deepStrictEqual([profile?.name, profile?.email], ["Name 0", null])
      })
    )
  )

  it.effect("a profile of another account that has taken the login is not stored", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* trackAnn(github)
        yield* gitpip.scan()
        github.renameUser("ann", "ann-2")
        github.addUser("ann", { id: 8 })
        github.setProfile("ann", { name: "Somebody else" })
        assert.strictEqual(yield* refresh, 1)
        assert.isNull(yield* profileOf("ann"))
      })
    )
  )

  for (const [title, times, fault] of [
    ["is refused", 1, { kind: "status", status: 403, body: { message: "Forbidden" } }],
    ["cannot be read twice", 2, { kind: "html", status: 200 }],
    ["meets an outage twice", 2, { kind: "html", status: 502 }]
  ] as const) {
    it.effect(`a profile that ${title} changes nothing for checks, and is due again a day later`, () =>
      inWorld(layerPostgres, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* trackAnn(github)
          github.injectFault(fault, { times, when: ({ route }) => route === "/users/{login}" })
          assert.strictEqual(yield* refresh, 0)
          const scan = yield* gitpip.scan()
          assert.deepStrictEqual([scan.state, scan.files, scan.failed], ["done", 1, 0])
          assert.strictEqual(yield* refresh, 0)
          yield* TestClock.adjust("25 hours")
          assert.strictEqual(yield* refresh, 1)
          assert.strictEqual(yield* nameOf("ann"), "Ann")
        })
      )
    )
  }
})
