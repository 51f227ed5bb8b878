/** Both backends of the commands, this process and a server, pass the same tests. */
import { once } from "node:events"
import { createServer } from "node:http"
import { assert, describe, it, layer } from "@effect/vitest"
import {
  type ContactPage,
  Database,
  Gitpip,
  layerTransport,
  ruleTexts,
  Settings,
  Source,
  type TrackOptions,
  UserId,
  Username,
  Visitor,
  Worker
} from "@gitpip/core"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { layerServer } from "@gitpip/http"
import { ConfigProvider, Context, Effect, Fiber, Layer, Option, Redacted, References, Result } from "effect"
import { HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { freshUrl } from "../../core/test/database.ts"
import { Backend, ServerError } from "../src/Backend.ts"
import * as Local from "../src/Local.ts"
import type { Counted, Progress } from "../src/Progress.ts"
import * as Remote from "../src/remote/Remote.ts"
import { freePort } from "./process.ts"

const key = "hush-backend-key"
const name = Username.make

class Services extends Context.Service<Services, { readonly github: FakeGithub; readonly pipedrive: FakePipedrive }>()(
  "gitpip/cli/test/Services"
) {}

/** Both services as fakes, a database of PostgreSQL, and Gitpip on them. */
const world = Layer.unwrap(
  Effect.gen(function* () {
    const github = yield* FakeGithub.make({ token: "github-token" })
    const pipedrive = yield* FakePipedrive.make({ burst: false })
    const env = {
      GITHUB_TOKEN: "github-token",
      GITHUB_API_URL: github.url.origin,
      PIPEDRIVE_TOKEN: pipedrive.token,
      PIPEDRIVE_API_URL: pipedrive.url.origin,
      GITPIP_PORT: "0",
      GITPIP_API_KEY: key,
      GITPIP_SCAN_INTERVAL: "1 day",
      GITPIP_FEED: "false",
      POSTGRES_CONNECTION_STRING: Redacted.value(yield* freshUrl)
    }
    return Gitpip.layerWithDatabase.pipe(
      Layer.provide([Database.layer, layerTransport]),
      Layer.provideMerge(Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))),
      Layer.merge(Layer.succeed(Services, { github, pipedrive })),
      Layer.merge(Layer.succeed(References.MinimumLogLevel, "None"))
    )
  })
).pipe(Layer.orDie, Layer.fresh)

/** A server that has just scanned: the next scheduled scan is due in a day, so only requested scans find files. */
const worker = Worker.layer.pipe(Layer.provide(Layer.effectDiscard(Effect.flatMap(Gitpip, ({ scan }) => scan()))))

const remote = Layer.unwrap(
  Effect.map(HttpServer.HttpServer, ({ address }) =>
    Remote.layer({ url: HttpServer.formatAddress(address), key: Option.some(Redacted.make(key)) })
  )
).pipe(Layer.provide(layerServer), Layer.provide(worker), Layer.provideMerge(world), Layer.orDie)

const recorded = () => {
  const updates: Array<string | Counted> = []
  const progress: Progress = { update: (how) => Effect.sync(() => void updates.push(how)), done: Effect.void }
  return { updates, progress }
}

/** Tracks a user and checks that user once, so that a server does not check the user as a new one later. */
const trackAndCheck = Effect.fnUntraced(function* (username: Username, options?: TrackOptions) {
  const gitpip = yield* Backend
  yield* gitpip.track(username, options)
  yield* gitpip.scan([username], recorded().progress)
})

for (const [who, backend] of [
  ["this process", Local.layer.pipe(Layer.provideMerge(world))],
  ["a server", remote]
] as const) {
  layer(backend, { excludeTestServices: true })(who, (it) => {
    it.effect("lists and tracks the accounts of a source", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { github } = yield* Services
        const source = Source.make("followers:octocat")
        const unknown = yield* Effect.flip(gitpip.contacts(source))
        assert.deepInclude(unknown, {
          _tag: "SourceUnavailable",
          message: "GitHub knows no user octocat",
          reason: "notFound",
          retryAt: null
        })
        github.injectFault({ kind: "status", status: 503 })
        const down = yield* Effect.flip(gitpip.trackContacts(source))
        assert.isTrue(down._tag === "SourceUnavailable" && down.retryAt !== null)
        github.addUser("zed")
        github.setFollowers("octocat", ["zed"])
        const state = (page: ContactPage) => page.contacts.map((contact) => `${contact.login} ${contact.state}`)
        assert.deepStrictEqual(state(yield* gitpip.contacts(source)), ["zed new"])
        assert.deepStrictEqual(state(yield* gitpip.trackContacts(source)), ["zed new"])
        assert.deepStrictEqual(state(yield* gitpip.contacts(source)), ["zed tracked"])
        yield* gitpip.forget(name("zed"))
      })
    )

    it.effect("tracks, lists and stops tracking users", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { created, user } = yield* gitpip.track(name("Ann"), { id: UserId.make(7) })
        assert.deepStrictEqual([created, user.login, user.id], [true, "Ann", 7])
        const again = yield* gitpip.track(name("ann"))
        assert.deepStrictEqual([again.created, again.user.login, again.user.id], [false, "Ann", 7])
        const next = yield* gitpip.track(name("bob"))
        assert.deepStrictEqual([next.created, next.user.id], [true, 8])
        const conflict = yield* Effect.flip(gitpip.track(name("cid"), { id: UserId.make(7) }))
        assert.strictEqual(conflict._tag, "UserConflict")
        assert.match(conflict.message, /id 7 belongs to Ann/)
        const ids = (after: number, limit: number) =>
          Effect.map(gitpip.users({ after, limit }), (users) => users.map(({ id }) => Number(id)))
        assert.deepStrictEqual(yield* ids(0, 10), [7, 8])
        assert.deepStrictEqual(yield* ids(0, 1), [7])
        assert.deepStrictEqual(yield* ids(7, 1_000), [8])
        for (const login of ["ann", "bob"]) yield* gitpip.untrack(name(login))
        const gone = yield* Effect.flip(gitpip.untrack(name("ann")))
        assert.strictEqual(gone.message, "ann is not tracked. Track it first: gitpip track ann")
        assert.deepStrictEqual(yield* gitpip.users({ after: 0, limit: 10 }), [])
      })
    )

    it.effect("puts a user on a deal and a person of Pipedrive", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { pipedrive } = yield* Services
        const [deal, person] = [pipedrive.addDeal({ title: "Big" }), pipedrive.addPerson({ name: "Ann" })]
        yield* gitpip.track(name("Placed"), { deal, person })
        const { dealId, personId } = yield* gitpip.user(name("placed"))
        assert.deepStrictEqual([dealId, personId], [deal, person])
        yield* gitpip.track(name("Placed"), { deal: "default" })
        const undone = yield* gitpip.user(name("placed"))
        assert.deepStrictEqual([undone.dealId, undone.personId, undone.isPersonChosen], [null, person, true])
        yield* gitpip.forget(name("placed"))
        pipedrive.deleteDeal(deal)
        const error = yield* Effect.flip(gitpip.track(name("Placed"), { deal }))
        assert.strictEqual(error._tag, "TargetNotFound")
        assert.strictEqual(error.message, `Pipedrive's deal ${deal} is deleted, or hidden from the token's user`)
      })
    )

    it.effect("gives a user rules on files, and previews others", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { github } = yield* Services
        github.addUser("Ruled")
        yield* trackAndCheck(name("ruled"), {
          rules: { include: ruleTexts.include.make("*.md"), maxFileSize: ruleTexts.maxFileSize.make("5 KB") }
        })
        github.addGist("Ruled", { files: { "a.md": "a", "b.txt": "b" } })
        assert.deepInclude((yield* gitpip.user(name("ruled"))).rules, {
          include: "*.md",
          maxFileSize: "5 KB",
          forks: null
        })
        assert.strictEqual((yield* gitpip.preview(name("ruled"))).skipped, 1)
        const other = { include: ruleTexts.include.make("none"), maxFileSize: ruleTexts.maxFileSize.make("0 B") }
        assert.strictEqual((yield* gitpip.preview(name("ruled"), other)).skipped, 2)
        yield* gitpip.untrack(name("ruled"))
      })
    )

    it.effect("checks names at GitHub", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { github } = yield* Services
        github.addUser("Named")
        const [known, unknown] = yield* gitpip.checkNames([name("named"), name("not-named")])
        assert.deepInclude(known, {
          name: name("named"),
          state: "found",
          login: name("Named"),
          gists: 0,
          publishes: "all"
        })
        assert.deepInclude(unknown, { name: name("not-named"), state: "unknown", login: null })
        const [unasked] = yield* gitpip.checkNames([name("named")], { github: "skipped" })
        assert.deepInclude(unasked, { state: "unchecked", record: "new" })
      })
    )

    it.effect("shows a user, and forgets the user", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        yield* gitpip.track(name("Mona"), { id: UserId.make(70) })
        const { profile, user } = yield* gitpip.user(name("mona"))
        assert.deepStrictEqual([user.login, profile], ["Mona", null])
        const forgotten = yield* gitpip.forget(name("mona"))
        assert.deepStrictEqual(forgotten, {
          login: name("Mona"),
          files: 0,
          hashes: 0,
          activities: [],
          deals: [],
          leads: [],
          persons: [],
          chosenDeals: [],
          chosenPersons: [],
          organizations: [],
          unconfirmed: [],
          wasForgotten: false
        })
        assert.strictEqual((yield* Effect.flip(gitpip.user(name("mona"))))._tag, "UserNotTracked")
        assert.strictEqual((yield* Effect.flip(gitpip.forget(name("mona"))))._tag, "UserNotTracked")
      })
    )

    it.effect("scans, publishes, reports progress, and remembers visits", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { github, pipedrive } = yield* Services
        github.addUser("octo")
        yield* trackAndCheck(name("octo"))
        for (let n = 0; n < 3; n++) github.addGist("octo", { files: { [`${n}.md`]: `${n}` }, createdAt: n * 1_000 })
        assert.deepInclude(yield* gitpip.preview(name("octo")), { gists: 3, files: 3, activities: 3 })
        const unknown = yield* Effect.flip(gitpip.preview(name("nobody-here")))
        assert.include(unknown.message, "GitHub knows no user nobody-here")

        const { progress, updates } = recorded()
        const report = yield* gitpip.scan([], progress)
        assert.deepInclude(report.scans[0]?.scan, { state: "done", users: 1, files: 3, failed: 0 })
        assert.deepInclude(report.publishing, { state: "on", published: 3, failed: 0, gone: 0, left: 0 })
        assert.strictEqual(pipedrive.activities.length, 3)
        assert.match(String(updates[0]), /^Scanning all users/)
        const misspelt = yield* Effect.flip(gitpip.scan([name("octo"), name("otco")], progress))
        assert.strictEqual(misspelt._tag, "UserNotTracked")
        const single = yield* gitpip.scan([name("octo")], progress)
        assert.deepStrictEqual([`${single.scans[0]?.scan.login}`, single.scans[0]?.scan.unchanged], ["octo", 1])
        assert.strictEqual(single.publishing.published, 0)

        const ours = Visitor.make("Jane D.")
        const visit = yield* gitpip.latest(name("octo"), ours)
        assert.deepStrictEqual([visit.visitor, visit.files.length], ["Jane D.", 3])
        assert.deepStrictEqual(yield* gitpip.visit(name("octo"), visit.id ?? 0), visit)
        assert.deepInclude(yield* gitpip.latest(name("octo"), ours), { id: null, visitor: ours, files: [] })
        const shared = yield* gitpip.latest(name("octo"))
        assert.deepStrictEqual([shared.visitor, shared.files.length], ["default", 3])
        const page = { before: Number.MAX_SAFE_INTEGER, limit: 1 }
        const [last] = yield* gitpip.visits(name("octo"), ours, page)
        assert.strictEqual(last?.visitor, "Jane D.")
        assert.strictEqual(last?.id, visit.id)
        const all = yield* gitpip.history(name("octo"), { ...page, limit: 10 })
        assert.deepStrictEqual(
          all.map(({ publicationState }) => publicationState),
          ["published", "published", "published"]
        )
        assert.deepStrictEqual(
          yield* gitpip.history(name("octo"), { before: all[0]?.id ?? 0, limit: 10 }),
          all.slice(1)
        )
        const lost = yield* Effect.flip(gitpip.visit(name("octo"), 999_999))
        assert.strictEqual(lost._tag, "VisitNotFound")
        const stranger = name("x")
        assert.strictEqual((yield* Effect.flip(gitpip.latest(stranger)))._tag, "UserNotTracked")
        assert.strictEqual((yield* Effect.flip(gitpip.visit(stranger, 1)))._tag, "UserNotTracked")
        assert.strictEqual((yield* Effect.flip(gitpip.history(stranger, page)))._tag, "UserNotTracked")
        assert.strictEqual((yield* gitpip.status).users, 1)
      })
    )

    it.effect("counts refused files, and tries them again", () =>
      Effect.gen(function* () {
        const gitpip = yield* Backend
        const { github, pipedrive } = yield* Services
        github.addUser("rita")
        yield* trackAndCheck(name("rita"))
        for (const file of ["a.txt", "b.txt", "c.txt"]) github.addGist("rita", { files: { [file]: file } })
        pipedrive.injectFault(
          { kind: "status", status: 400, body: { success: false, error: "subject is not liked" } },
          { times: 2, when: ({ method, route }) => method === "POST" && route === "/api/v2/activities" }
        )
        const { progress } = recorded()
        const { publishing } = yield* gitpip.scan([name("rita")], progress)
        assert.deepInclude(publishing, { published: 1, failed: 2, left: 0 })
        const page = { before: Number.MAX_SAFE_INTEGER, limit: 10 }
        const failed = yield* gitpip.publications({ ...page, state: "failed" })
        assert.strictEqual(failed.length, 2)
        const id = failed[0]?.id ?? 0
        assert.strictEqual((yield* gitpip.retry(id)).state, "pending")
        const twice = yield* Effect.flip(gitpip.retry(id))
        assert.match(twice.message, new RegExp(`Publication ${id} is (pending|sending|published)`))
        const none = yield* Effect.flip(gitpip.retry(999_999))
        assert.strictEqual(none.message, "There is no publication 999999")
        assert.strictEqual(yield* gitpip.retryFailed, 1)
        yield* gitpip.scan([name("rita")], progress)
        assert.strictEqual((yield* gitpip.publications(page)).filter(({ state }) => state === "published").length, 6)
        assert.strictEqual(pipedrive.activities.length, 6)
      })
    )
  })
}

describe("a server that cannot do what is asked", () => {
  const says = (url: string, given: string | undefined, origin: "set" | "recorded" = "set") =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Backend, ({ status }) => status))
      assert.instanceOf(error, ServerError)
      return error.message
    }).pipe(
      Effect.provide(Remote.layer({ url, key: Option.map(Option.fromUndefinedOr(given), Redacted.make), origin }))
    )

  /** A server that gives the same answer to every request. */
  const answering = (
    status: number,
    headers: Record<string, string>,
    body: (path: string, given: string) => unknown,
    health: "well" | "dying" | "hung" = "well"
  ) =>
    Effect.acquireRelease(
      Effect.callback<{
        readonly url: string
        readonly requests: Array<string>
        readonly asked: Effect.Effect<unknown>
        readonly close: () => void
      }>((resume) => {
        const requests: Array<string> = []
        const server = createServer(({ headers: { authorization = "" }, url = "" }, response) => {
          requests.push(`${url} ${authorization}`)
          const text = JSON.stringify(body(url, authorization))
          if (health !== "hung") response.writeHead(requests.length > 1 ? 200 : status, headers)
          if (health === "dying") response.write(text, () => response.destroy())
          else if (health === "well") response.end(text)
        })
        const asked = Effect.promise(() => once(server, "request"))
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = address !== null && typeof address === "object" ? address.port : 0
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, requests, asked, close: () => server.close() }))
        })
      }),
      ({ close }) => Effect.sync(close)
    )
  const json = { "content-type": "application/json" }

  layer(
    Layer.effect(
      Origin,
      Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))
    ).pipe(Layer.provide(layerServer), Layer.provide(Worker.layer), Layer.provide(world), Layer.orDie),
    { excludeTestServices: true }
  )("a real one", (it) => {
    it.effect("requires a key, or rejects a wrong one", () =>
      Effect.gen(function* () {
        const url = yield* Origin
        assert.match(yield* says(url, undefined), /requires an API key\. Set GITPIP_API_KEY/)
        const wrong = yield* says(url, "wrong-key-of-mine")
        assert.match(wrong, /rejected the API key\. Set GITPIP_API_KEY/)
        assert.notInclude(wrong, "wrong-key")
      })
    )
  })

  it.live("cannot be reached", () =>
    Effect.gen(function* () {
      const message = yield* says(`http://127.0.0.1:${yield* freePort}`, undefined)
      assert.match(
        message,
        /http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)\. Start it with `gitpip serve`/
      )
    })
  )

  it.live("has noted its address and cannot be reached there", () =>
    Effect.gen(function* () {
      const message = yield* says(`http://127.0.0.1:${yield* freePort}`, undefined, "recorded")
      assert.match(message, /embedded database open cannot be reached at \S+ \(ECONNREFUSED\)\. If it has just/)
      assert.notInclude(message, "GITPIP_URL")
    })
  )

  it.effect("does not answer, and the command waits two minutes", () =>
    Effect.gen(function* () {
      const hung = yield* answering(200, json, () => ({}), "hung")
      const message = yield* Effect.forkChild(says(hung.url, undefined))
      yield* hung.asked
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(
        yield* Fiber.join(message),
        `The server at ${hung.url} took the request and did not answer it. Check the server and its log, restart it if it hangs, and run the command again`
      )
    })
  )

  it.live("is not a Gitpip, or is another version", () =>
    Effect.gen(function* () {
      const other = yield* answering(200, json, () => ({ hello: "world" }))
      assert.match(
        yield* says(other.url, undefined),
        /is not a Gitpip server, or not one of this version\. Check GITPIP_URL/
      )
      const newer = yield* answering(200, json, (path, given) =>
        given !== `Bearer ${key}`
          ? { title: "Unauthorized" }
          : path === "/openapi.json"
            ? { info: { title: "Gitpip", version: "9.9.9" } }
            : { users: "many" }
      )
      assert.match(yield* says(newer.url, key), /is Gitpip 9\.9\.9, and this is \d+\.\d+\.\d+\. Use the same/)
    })
  )

  it.live("is not running, and a proxy in front of it answers", () =>
    Effect.gen(function* () {
      for (const status of [502, 504]) {
        const proxy = yield* answering(status, { "content-type": "text/html" }, () => "Bad Gateway")
        assert.strictEqual(
          yield* says(proxy.url, undefined),
          `${proxy.url} answered ${status}: probably a proxy, and the server behind it is not running. Check that server`
        )
      }
    })
  )

  for (const [what, detail, expected] of [
    [
      "is starting, and says which migration runs",
      "The server is starting. The database is being migrated: 0008_words, 1 of 1",
      / is starting\. The database is being migrated: 0008_words, 1 of 1\. Wait until it has started, and run the command again$/
    ],
    [
      "cannot use its database, and says why",
      "Another transaction holds what this call needs. Try again in a moment",
      / cannot use its database\. Another transaction holds what this call needs\. Try again in a moment$/
    ]
  ] as const) {
    it.live(what, () =>
      Effect.gen(function* () {
        const type = "urn:gitpip:problem:unavailable"
        const title = "The database cannot be used at the moment"
        const server = yield* answering(503, { "content-type": "application/problem+json" }, () => ({
          type,
          title,
          status: 503,
          detail
        }))
        assert.match(yield* says(server.url, undefined), expected)
      })
    )
  }

  it.live("breaks off in the middle of its answer", () =>
    Effect.gen(function* () {
      const dying = yield* answering(200, { ...json, "content-length": "1000" }, () => ({}), "dying")
      assert.match(
        yield* says(dying.url, undefined),
        /The connection to the server at \S+ broke in the middle of a response \(\w+\)\. Check that/
      )
    })
  )

  it.live("redirects elsewhere, where the key is not sent", () =>
    Effect.gen(function* () {
      const elsewhere = yield* answering(200, json, () => ({}))
      const here = yield* answering(302, { location: `${elsewhere.url}/status` }, () => ({}))
      assert.match(
        yield* says(here.url, key),
        /redirects to another address \(302\).*Set GITPIP_URL to the server's own address/
      )
      assert.deepStrictEqual(elsewhere.requests, [])
      assert.deepStrictEqual(here.requests, [`/status Bearer ${key}`])
    })
  )

  it.live("limits the requests, and the command waits as long as it says", () =>
    Effect.gen(function* () {
      const busy = yield* answering(429, { ...json, "retry-after": "0" }, () => [])
      const users = yield* Effect.flatMap(Backend, ({ users }) => users({ after: 0, limit: 1 })).pipe(
        Effect.provide(Remote.layer({ url: busy.url, key: Option.none() })),
        Effect.result
      )
      assert.deepStrictEqual(Result.getOrThrow(users), [])
      assert.strictEqual(busy.requests.length, 2)
    })
  )
})

class Origin extends Context.Service<Origin, string>()("gitpip/cli/test/Origin") {}
