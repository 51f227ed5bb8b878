/** Unusual responses of Pipedrive, or of a proxy in front of Pipedrive, and the files that each may delay. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, Fiber, Option } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import type { FakeGithub, FakePipedrive, FakeRequest, Fault, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { atRest, elapse, everything, inWorld, name, passTime } from "../world.ts"

const failure = (error: string) => ({ success: false, error })
const refusal = (status: number, error: string): Fault => ({ kind: "status", status, body: failure(error) })
const page = (status: number): Fault => ({ kind: "html", status })

const isCreate = ({ method, route }: Pick<LoggedRequest, "method" | "route">) =>
  method === "POST" && route === "/api/v2/activities"
const isNote = ({ method, route }: Pick<LoggedRequest, "method" | "route">) =>
  method === "POST" && route === "/api/v1/notes"
const creates = ({ requests }: FakePipedrive) => requests.filter(isCreate).length
/** Whether a request's body says this. */
const says =
  (text: string) =>
  ({ body }: FakeRequest): boolean =>
    JSON.stringify(body ?? null).includes(text)

const forever = Number.POSITIVE_INFINITY

/** Tracked users, each with one file that is found and waits. */
const given = Effect.fnUntraced(function* (github: FakeGithub, files: Record<string, Record<string, string>>) {
  const gitpip = yield* Gitpip
  for (const [login, own] of Object.entries(files)) {
    github.addUser(login)
    for (const [file, text] of Object.entries(own)) github.addGist(login, { files: { [file]: text } })
    yield* gitpip.track(name(login))
  }
  yield* gitpip.scan()
})

/** A server's work: it publishes in steps of this length, and skips each step in which the publisher expects nothing to do. */
const work = Effect.fnUntraced(function* (time: Duration.Input, step: Duration.Input = "5 minutes") {
  const publisher = yield* Publisher
  const stepMillis = millisOf(step)
  const end = (yield* Clock.currentTimeMillis) + millisOf(time)
  yield* publish
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    if (now >= end) return
    const next = Option.match(yield* publisher.nextAt, {
      onNone: () => end,
      onSome: ({ epochMilliseconds }) => Math.min(epochMilliseconds, end)
    })
    yield* passTime(Math.max(Math.ceil((next - now) / stepMillis), 1) * stepMillis)
    yield* publish
  }
})

/** A server that new files wake at every step, although nothing is due. */
const workAwake = Effect.fnUntraced(function* (time: Duration.Input, step: Duration.Input) {
  const end = (yield* Clock.currentTimeMillis) + millisOf(time)
  yield* publish
  while ((yield* Clock.currentTimeMillis) < end) {
    yield* passTime(step)
    yield* publish
  }
})

/** Publishes what is due. A request that waits for a limit goes on, because time passes whenever nothing else happens. */
const publish = Effect.gen(function* () {
  const fiber = yield* Effect.forkChild((yield* Gitpip).publish, { startImmediately: true })
  for (;;) {
    yield* atRest
    if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
    yield* elapse("1 second")
  }
})

const millisOf = (time: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(time))

const publicationOf = Effect.fnUntraced(function* (file: string) {
  const gitpip = yield* Gitpip
  const found = (yield* gitpip.publications(everything)).find(({ filename }) => filename === file)
  return found ?? (yield* Effect.die(`${file} has no publication`))
})

const attemptsOf = Effect.fnUntraced(function* (file: string) {
  return (yield* (yield* Gitpip).publication((yield* publicationOf(file)).id)).attempts
})

/** A new file of a user is published within a minute, whatever troubles others. */
const reaches = Effect.fnUntraced(function* (world: World, login: string, file: string) {
  world.github.addGist(login, { files: { [file]: "new" } })
  yield* (yield* Gitpip).scan()
  yield* work("1 minute", "10 seconds")
  assert.strictEqual((yield* publicationOf(file)).state, "published", `${file} of ${login}`)
})

interface World {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
}

/** Nothing is there twice. */
const once = ({ pipedrive }: World) => {
  const subjects = pipedrive.activities.map(({ subject }) => subject)
  assert.strictEqual(new Set(subjects).size, subjects.length)
}

const others = { bob: { "bob.md": "1" }, carol: { "carol.md": "1" } }

describe("a firewall that refuses one file's text with a page", () => {
  for (const status of [403, 406, 400]) {
    it.effect(`(${status}) gets the file as a link, and other users' files unchanged`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(page(status), { when: says("DROP TABLE"), times: forever })
          yield* given(github, { alice: { "alice.sql": "DROP TABLE users" }, ...others })
          yield* work("1 minute", "10 seconds")
          assert.strictEqual(pipedrive.activities.length, 3)
          assert.match(pipedrive.activities.find(({ subject }) => subject === "alice.sql")?.note ?? "", /left out/)
          const [attempt] = yield* attemptsOf("alice.sql")
          assert.match(attempt?.message ?? "", /The content was left out: .*in front of Pipedrive/)
          assert.strictEqual((yield* (yield* Gitpip).status).publishing.state, "on")
        })
      )
    )
  }

  it.effect("refuses the file's name as well: the file ends as failed, can be retried, and delays no other file", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(page(403), { when: says("etc-passwd"), times: forever })
        yield* given(github, { alice: { "etc-passwd": "1", "z.md": "2" }, ...others })
        yield* work("1 minute", "10 seconds")
        assert.strictEqual((yield* publicationOf("z.md")).state, "published")
        yield* reaches(world, "bob", "bob-2.md")
        yield* work("3 hours")
        const failed = yield* publicationOf("etc-passwd")
        assert.deepStrictEqual([failed.state, failed.errorReason], ["failed", "Forbidden"])
        assert.match(failed.errorMessage ?? "", /firewall/)
        assert.isAtMost(pipedrive.requests.filter(says("etc-passwd")).length, 2 * 13)
        yield* reaches(world, "carol", "carol-2.md")
        pipedrive.clearFaults()
        yield* (yield* Gitpip).retry(failed.id)
        yield* work("1 minute", "10 seconds")
        assert.strictEqual(pipedrive.activities.length, 6)
        once(world)
      })
    )
  )
})

describe("a deal that the token's user may not edit", () => {
  const denied = refusal(403, "You do not have permissions to do this.")
  const ofAlice = (pipedrive: FakePipedrive) => {
    const deal = pipedrive.addDeal({ title: "alice" })
    return (request: FakeRequest) => isCreate(request) && says(`"deal_id":${deal}`)(request)
  }

  it.effect("fails its user's files, and no other user's", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        const files = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`alice-${n}.md`, "1"]))
        pipedrive.injectFault(denied, { when: ofAlice(pipedrive), times: forever })
        yield* given(github, { alice: files, ...others })
        yield* work("1 minute", "10 seconds")
        assert.strictEqual(pipedrive.activities.length, 2)
        yield* reaches(world, "bob", "bob-2.md")
        pipedrive.clearRequests()
        yield* work("1 hour", "1 minute")
        // Not all 30 are tried again and again.
        assert.isAtMost(pipedrive.requests.length, 60)
        // One user's failures do not make the server unready.
        yield* (yield* Gitpip).scan()
        assert.deepStrictEqual(yield* (yield* Gitpip).overdue(DateTime.makeUnsafe(0)), [])
        yield* reaches(world, "carol", "carol-2.md")
      })
    )
  )

  it.effect("ends as failed on a server with nothing else to do", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.injectFault(denied, { when: ofAlice(pipedrive), times: forever })
        yield* given(github, { alice: { "alice.md": "1" } })
        yield* work("3 hours")
        const { errorMessage, state } = yield* publicationOf("alice.md")
        assert.strictEqual(state, "failed")
        assert.match(errorMessage ?? "", /permissions/)
        assert.isAtMost(creates(pipedrive), 13)
      })
    )
  )

  it.effect("delays nothing any more within minutes after its end", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        const files = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`alice-${n}.md`, "1"]))
        pipedrive.injectFault(denied, { when: ofAlice(pipedrive), times: forever })
        yield* given(github, { alice: files, ...others })
        yield* work("1 hour", "1 minute")
        pipedrive.clearFaults()
        yield* work("20 minutes", "1 minute")
        assert.strictEqual(pipedrive.activities.length, 32)
        once(world)
      })
    )
  )
})

describe("a limit that Pipedrive reports otherwise than documented", () => {
  const headers = (remaining: string) => ({
    "x-daily-ratelimit-token-limit": "30000",
    "x-daily-ratelimit-token-remaining": remaining,
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": "19",
    "x-ratelimit-reset": "2"
  })
  for (const remaining of ["3", "0", "-12"]) {
    it.effect(`of ${remaining} tokens left for the day is waited for until the next day`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { ann: { "a.md": "1", "b.md": "1" } })
          pipedrive.injectFault(
            { kind: "status", status: 429, headers: headers(remaining) },
            { when: isCreate, times: forever }
          )
          yield* workAwake("1 hour", "10 seconds")
          assert.isAtMost(creates(pipedrive), 2)
          assert.match((yield* (yield* Gitpip).status).publishing.message ?? "", /tokens for the day/)
          pipedrive.clearFaults()
          yield* passTime("24 hours")
          yield* work("1 minute", "10 seconds")
          assert.strictEqual(pipedrive.activities.length, 2)
        })
      )
    )
  }

  for (const [what, said] of [
    ["that promise the next request", { ...headers("29000") }],
    ["in the past", { ...headers("29000"), "x-ratelimit-reset": "0", "retry-after": "0" }],
    ["that are absurd", { ...headers("29000"), "retry-after": "999999999" }]
  ] as const) {
    it.effect(`is waited for longer each time, with headers ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { ann: { "a.md": "1", "b.md": "1" } })
          pipedrive.injectFault({ kind: "status", status: 429, headers: said }, { when: isCreate, times: forever })
          yield* workAwake("2 minutes", "2 seconds")
          assert.isAtMost(creates(pipedrive), 6)
          yield* workAwake("1 hour", "30 seconds")
          assert.isAtMost(creates(pipedrive), 12)
          pipedrive.clearFaults()
          yield* work("1 hour", "5 minutes")
          assert.strictEqual(pipedrive.activities.length, 2)
        })
      )
    )
  }
})

describe("one payload that Pipedrive never answers", () => {
  for (const [what, fault] of [
    ["500 each time", refusal(500, "Internal Server Error")],
    ["200 that reports a failure", refusal(200, "Something went wrong")],
    ["an answer that is never readable", { kind: "status", status: 200, body: "[]" }],
    ["a gateway's page each time", page(502)],
    ["410", refusal(410, "Gone")]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`${what}: ends as failed while others are published at once`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, {
            when: (request) => isCreate(request) && says("odd.md")(request),
            times: forever
          })
          yield* given(github, { alice: { "odd.md": "1" }, ...others })
          yield* work("1 minute", "10 seconds")
          yield* reaches(world, "bob", "bob-2.md")
          yield* work("5 hours")
          assert.strictEqual((yield* publicationOf("odd.md")).state, "failed")
          assert.isAtMost(pipedrive.requests.filter(says("odd.md")).length, 13)
          assert.isAtMost(pipedrive.count("GET", "/api/v2/activities"), 40)
          once(world)
        })
      )
    )
  }

  it.effect("ends as failed on a server with nothing else to do, and its user's next file is published at once", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: (request) => isCreate(request) && says("odd.md")(request),
          times: forever
        })
        yield* given(github, { alice: { "odd.md": "1" } })
        yield* work("1 hour")
        yield* reaches(world, "alice", "next.md")
        yield* work("4 hours")
        assert.strictEqual((yield* publicationOf("odd.md")).state, "failed")
      })
    )
  )

  it.effect("is published as a link in the end when its text is the reason", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: (request) => isCreate(request) && says("a fixed word")(request),
          times: forever
        })
        yield* given(github, { alice: { "odd.md": "a fixed word" }, ...others })
        yield* work("5 hours")
        assert.match(pipedrive.activities.find(({ subject }) => subject === "odd.md")?.note ?? "", /left out/)
        once(world)
      })
    )
  )

  it.effect("of three users at once seems an outage, and yet a fourth user's file arrives within a minute", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: (request) => isCreate(request) && says("odd")(request),
          times: forever
        })
        yield* given(github, { ann: { "odd1.md": "1" }, ben: { "odd2.md": "1" }, cem: { "odd3.md": "1" } })
        yield* (yield* Gitpip).track(name("dan"))
        github.addUser("dan")
        yield* work("30 minutes", "1 minute")
        yield* reaches(world, "dan", "dan.md")
        yield* work("6 hours")
        yield* reaches(world, "dan", "dan-2.md")
        yield* work("6 hours")
        for (const file of ["odd1.md", "odd2.md", "odd3.md"]) {
          assert.strictEqual((yield* publicationOf(file)).state, "failed", file)
        }
      })
    )
  )
})

describe("GITPIP_PUBLISH_AS=deal with notes", () => {
  const env = { GITPIP_PUBLISH_AS: "deal" }
  for (const [what, fault, text, note] of [
    ["that are too long", refusal(400, "Note content is too long"), "", undefined],
    ["that a right is missing for", refusal(403, "No permission"), "", undefined],
    ["that are never answered well", refusal(500, "Oops"), "", undefined],
    ["whose text is refused", refusal(400, "Note content is too long"), "a fixed word", /left out/],
    ["whose text a firewall refuses", page(403), "a fixed word", /left out/]
  ] as ReadonlyArray<readonly [string, Fault, string, RegExp | undefined]>) {
    it.effect(`${what}: one deal is created, and stays`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const when = (request: FakeRequest) => isNote(request) && says("odd.md")(request) && says(text)(request)
          pipedrive.injectFault(fault, { when, times: forever })
          yield* given(github, { ann: { "odd.md": "a fixed word" }, bob: { "b.md": "1" } })
          yield* work("5 hours")
          assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 2)
          assert.strictEqual(pipedrive.deals.length, 2)
          assert.strictEqual((yield* publicationOf("odd.md")).state, "published")
          const last = (yield* attemptsOf("odd.md")).at(-1)
          assert.isNotNull(last?.message)
          const written = pipedrive.notes.find(({ content }) => content.includes("odd"))
          if (note === undefined) assert.isUndefined(written)
          else assert.match(written?.content ?? "", note)
        })
      )
    )
  }
})

describe("a user's deal that is archived", () => {
  const archive = (pipedrive: FakePipedrive) => {
    const [deal] = pipedrive.deals
    if (deal === undefined) throw new Error("there is no deal")
    Object.assign(deal, { is_archived: true })
    pipedrive.injectFault(refusal(400, "Archived deal cannot be modified"), {
      when: (request) => isCreate(request) && says(`"deal_id":${deal.id}`)(request),
      times: forever
    })
    return deal.id
  }

  it.effect("is replaced by a new one, and the history says why", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" } })
        yield* work("1 second", "1 second")
        const old = archive(pipedrive)
        yield* reaches(world, "ann", "b.md")
        assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 2)
        assert.notStrictEqual(pipedrive.activities.at(-1)?.deal_id, old)
        assert.match((yield* attemptsOf("b.md"))[0]?.message ?? "", /is archived/)
      })
    )
  )

  it.effect("is replaced by another deal that a person made", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" } })
        yield* work("1 second", "1 second")
        archive(pipedrive)
        const other = pipedrive.addDeal({ title: "Ann" })
        yield* reaches(world, "ann", "b.md")
        assert.strictEqual(pipedrive.activities.at(-1)?.deal_id, other)
        assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 1)
      })
    )
  )

  it.effect("is replaced once, when the new one is refused as well", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" }, ...others })
        yield* work("1 second", "1 second")
        pipedrive.injectFault(refusal(404, "Deal not found"), {
          when: (request) =>
            (isCreate(request) && says("ann")(request)) ||
            (request.method === "GET" && request.route === "/api/v2/deals/{id}"),
          times: forever
        })
        for (let n = 0; n < 20; n++) github.addGist("ann", { files: { [`ann-${n}.md`]: "1" } })
        yield* (yield* Gitpip).scan()
        yield* work("3 hours")
        assert.isAtMost(pipedrive.count("POST", "/api/v2/deals"), 3 + 1)
        yield* reaches(world, "bob", "bob-2.md")
      })
    )
  )
})

describe("a global failure", () => {
  // Fewer users than searches are allowed at a time: the clock stands still while a drain goes on.
  const many = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [
      `user${n}`,
      Object.fromEntries(Array.from({ length: 10 }, (_, file) => [`file${n}-${file}.md`, "1"]))
    ])
  )

  for (const [what, fault, advice] of [
    ["a deleted activity type", refusal(400, "Validation failed: type: invalid value"), /GITPIP_ACTIVITY_TYPE/],
    ["a retired address", refusal(410, "Gone"), /Update Gitpip/],
    ["a sign-in page", page(200), /PIPEDRIVE_API_URL or PIPEDRIVE_ORG leads to a sign-in page/],
    ["a firewall that refuses everything", page(403), /firewall/]
  ] as ReadonlyArray<readonly [string, Fault, RegExp]>) {
    it.effect(`${what}: stops after a few, says what to do, and all go on by themselves when it ends`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, { when: isCreate, times: forever })
          yield* given(github, many)
          yield* publish
          assert.match((yield* (yield* Gitpip).status).publishing.message ?? "", advice)
          // Twelve files at a time, each with and without its content, and the files that left before the third failure was known.
          assert.isAtMost(creates(pipedrive), 36)
          yield* workAwake("1 hour", "1 minute")
          assert.isAtMost(creates(pipedrive), 60)
          pipedrive.clearFaults()
          yield* work("20 minutes", "1 minute")
          assert.strictEqual(pipedrive.activities.length, 90)
          once(world)
        })
      )
    )
  }

  for (const [what, fault] of [
    ["401", refusal(401, "unauthorized access")],
    ["402", refusal(402, "Payment required")],
    ["a redirect", { kind: "redirect", location: "https://example.com/" }],
    ["404", refusal(404, "Not found")],
    ["429", { kind: "status", status: 429, headers: { "x-ratelimit-reset": "2", "x-ratelimit-remaining": "0" } }]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`seems ${what}, which one file alone meets: no other file waits for more than a minute`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, {
            when: (request) => isCreate(request) && says("odd.md")(request),
            times: forever
          })
          yield* given(github, { alice: { "odd.md": "1" }, ...others })
          yield* work("1 minute", "10 seconds")
          for (let round = 0; round < 4; round++) {
            yield* reaches(world, "bob", `bob-${round}-2.md`)
            yield* work("30 minutes", "1 minute")
          }
          assert.isAtMost(pipedrive.requests.filter(says("odd.md")).length, 60)
          once(world)
        })
      )
    )
  }
})

describe("one gist that GitHub never answers", () => {
  it.effect("ends as failed, and delays no other file", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github } = world
        github.addUser("alice")
        const gist = github.addGist("alice", { files: { "1.md": "1", "2.md": "1", "3.md": "1" } })
        github.injectFault(page(502), { when: ({ path }) => path === `/gists/${gist}`, times: forever })
        yield* (yield* Gitpip).track(name("alice"))
        yield* given(github, others)
        yield* work("1 minute", "10 seconds")
        assert.strictEqual((yield* publicationOf("bob.md")).state, "published")
        yield* reaches(world, "carol", "carol-2.md")
        github.clearRequests()
        yield* work("6 hours")
        assert.strictEqual((yield* publicationOf("1.md")).state, "failed")
        assert.isAtMost(github.requests.length, 100)
      })
    )
  )
})
