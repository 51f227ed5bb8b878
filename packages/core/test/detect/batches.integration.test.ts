/** Many users checked by one query: what it costs, what it leaves to the lists, and that nothing is missed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name, services } from "../world.ts"

const always = { times: Number.POSITIVE_INFINITY }

const routes = (github: FakeGithub) => github.requests.map(({ route }) => route)
const login = (n: number) => `user-${n}`

/** A number of users with a gist each are tracked. */
const tracked = Effect.fnUntraced(function* (github: FakeGithub, count: number) {
  const gitpip = yield* Gitpip
  const gists = []
  for (let n = 0; n < count; n++) {
    github.addUser(login(n))
    gists.push(github.addGist(login(n), { files: { "a.md": `# ${n}` } }))
  }
  yield* TestClock.adjust("1 minute")
  for (let n = 0; n < count; n++) yield* gitpip.track(name(login(n)))
  return gists
})
/** The same, and all of them were checked. */
const known = Effect.fnUntraced(function* (github: FakeGithub, count: number) {
  const gists = yield* tracked(github, count)
  const gitpip = yield* Gitpip
  assert.strictEqual((yield* gitpip.scan()).files, count)
  github.clearRequests()
  yield* TestClock.adjust("1 minute")
  return gists
})
const filesOf = (user: number) =>
  Effect.flatMap(Gitpip, (gitpip) =>
    Effect.map(gitpip.history(name(login(user)), everything), (found) => found.map(({ filename }) => filename))
  )

describe("a scan by batches", () => {
  it.effect("a scan by batches costs one point for a hundred users, and nothing else", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* known(github, 100)
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.users, scan.unchanged, scan.failed], [100, 100, 0])
        assert.deepStrictEqual(routes(github), ["/graphql"])
      })
    )
  )

  it.effect("a batch finds all users' first gists without a list, and their accounts' numbers", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* tracked(github, 20)
        github.addUser("nothing-yet", { id: 7_777 })
        yield* gitpip.track(name("nothing-yet"))
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.users, scan.files], ["done", 21, 20])
        assert.deepStrictEqual(routes(github), ["/graphql"])
        assert.strictEqual((yield* gitpip.user(name("nothing-yet"))).user.githubId, 7_777)
      })
    )
  )

  it.effect("a batch brings the text of a new file along, so that publishing it reads nothing from GitHub", () =>
    inWorld(layerPostgres, { env: { GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* known(github, 30)
        for (let n = 0; n < 3; n++) github.addGist(login(n), { files: { "new.md": `text ${n}` }, description: "d" })
        assert.strictEqual((yield* gitpip.scan()).files, 3)
        yield* gitpip.publish
        assert.deepStrictEqual(routes(github), ["/graphql", "/graphql"])
        const notes = pipedrive.activities.filter(({ subject }) => subject === "new.md").map(({ note }) => note ?? "")
        assert.strictEqual(notes.filter((note) => /text [012]/.test(note)).length, 3)
      })
    )
  )

  it.effect("a scan by batches finds what a batch does not show", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        // More gists than a batch shows, and more files than it shows of one.
        github.addUser("many")
        for (let n = 0; n < 130; n++) github.addGist("many", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        const secret = github.addGist("many", { files: { "secret.md": "" }, createdAt: 5, public: false })
        yield* gitpip.track(name("many"))
        github.addUser("wide")
        const wide = github.addGist("wide", {
          files: Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`${n}.md`, ""]))
        })
        yield* gitpip.track(name("wide"))
        yield* tracked(github, 10)
        assert.strictEqual((yield* gitpip.scan()).files, 130 + 15 + 10)
        assert.strictEqual((yield* gitpip.scan()).files, 0)

        yield* TestClock.adjust("1 minute")
        // Old, and not among the gists that were changed last: only the number of gists shows it.
        github.setPublic(secret, true)
        github.addFile(wide, "15.md", "")
        assert.strictEqual((yield* gitpip.scan()).files, 2)

        // More old gists than it shows have another file.
        yield* TestClock.adjust("1 minute")
        const old = Array.from({ length: 12 }, () => github.addGist(login(4), { files: { "a.md": "" } }))
        assert.strictEqual((yield* gitpip.scan()).files, 12)
        yield* TestClock.adjust("1 minute")
        for (const gist of old) github.addFile(gist, "b.md", "")
        assert.strictEqual((yield* gitpip.scan()).files, 12)

        // A burst of more than it shows.
        yield* TestClock.adjust("1 minute")
        for (let n = 0; n < 25; n++) github.addGist(login(3), { files: { [`burst-${n}.md`]: "" } })
        assert.strictEqual((yield* gitpip.scan()).files, 25)
        assert.strictEqual((yield* filesOf(3)).length, 26)
      })
    )
  )

  it.effect("a user with more gists than a batch shows is checked by the list once a day", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("many")
        for (let n = 0; n < 30; n++) github.addGist("many", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("many"))
        yield* tracked(github, 10)
        yield* gitpip.scan()
        github.clearRequests()
        yield* TestClock.adjust("23 hours")
        yield* gitpip.scan()
        assert.deepStrictEqual(routes(github), ["/graphql"])
        yield* TestClock.adjust("2 hours")
        github.clearRequests()
        yield* gitpip.scan()
        assert.deepStrictEqual(routes(github), ["/graphql", "/users/{login}/gists"])
        github.clearRequests()
        yield* gitpip.scan()
        assert.deepStrictEqual(routes(github), ["/graphql"])
      })
    )
  )

  it.effect("a batch finds files added to old gists by the gists' time of change", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const gists = yield* known(github, 12)
        for (let n = 0; n < 15; n++) github.addGist(login(0), { files: { [`${n}.md`]: "" } })
        yield* gitpip.scan()
        yield* TestClock.adjust("1 minute")
        github.addFile(gists[0] as string, "late.md", "")
        assert.strictEqual((yield* gitpip.scan()).files, 1)
      })
    )
  )

  it.effect("a batch keeps one user's failure that user's: missing, renamed, taken over, an organization", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* known(github, 20)
        github.removeUser(login(1))
        github.renameUser(login(2), "renamed")
        github.addGist("renamed", { files: { "mine.md": "" } })
        github.renameUser(login(3), "moved")
        github.addUser(login(3))
        github.addGist(login(3), { files: { "theirs.md": "" } })
        github.addGist("moved", { files: { "own.md": "" } })
        github.addUser("company", { type: "Organization" })
        yield* gitpip.track(name("company"))
        for (let n = 4; n < 20; n++) github.addGist(login(n), { files: { "b.md": "" } })
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 1, 18])
        const files = Effect.fnUntraced(function* (username: string) {
          return (yield* gitpip.history(name(username), everything)).map(({ filename }) => filename)
        })
        assert.deepStrictEqual(yield* files("renamed"), ["mine.md", "a.md"])
        assert.deepStrictEqual(yield* files("moved"), ["own.md", "a.md"])
        assert.strictEqual((yield* gitpip.user(name(login(1)))).user.errorReason, "UserNotFound")
        assert.strictEqual((yield* gitpip.user(name("company"))).user.state, "ok")
      })
    )
  )

  it.effect("a scan by batches stores and publishes the same as a scan by lists", () =>
    Effect.gen(function* () {
      const published = (token: string) =>
        inWorld(layerPostgres, { env: { GITHUB_TOKEN: token, GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            yield* known(github, 12)
            github.addGist(login(0), {
              description: "d \0 <b>",
              files: {
                "nul\0name.txt": "text",
                "empty.txt": "",
                "nul.bin": new Uint8Array([0, 1, 2, 255]),
                "latin1.txt": new Uint8Array([0xe9, 0xe8, 0x20, 0x61]),
                ["__proto__"]: "not a prototype",
                "page.html": "<script>alert(1)</script>"
              },
              createdAt: 120_000
            })
            yield* gitpip.scan()
            yield* gitpip.publish
            const notes = pipedrive.activities.map(({ note, subject }) => `${subject}\n${note}`)
            return { byBatch: routes(github).includes("/graphql"), notes: notes.sort() }
          })
        )
      const together = yield* published("github-secret")
      const single = yield* published("")
      assert.deepStrictEqual([together.byBatch, single.byBatch], [true, false])
      const addresses = (notes: ReadonlyArray<string>) => notes.map((note) => note.replace(/\b[0-9a-f]{32}\b/g, "ID"))
      assert.deepStrictEqual(addresses(together.notes), addresses(single.notes))
    })
  )

  it.effect("a batch that fails for a user with a name on record stores the others", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        yield* known(github, 12)
        github.addUser("other")
        yield* gitpip.track(name("other"))
        github.renameUser(login(0), "another")
        yield* sql`update users set username = 'another' where username = 'other'`
        for (let n = 1; n < 12; n++) github.addGist(login(n), { files: { "b.md": "" } })
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.files, scan.failed], ["done", 11, 1])
      })
    )
  )
})

describe("users", () => {
  const failures = [
    ["an error of its own", { kind: "status", status: 502, body: "oops" }],
    ["nonsense", { kind: "status", status: 200, body: { data: [], errors: "no" } }],
    [
      "a refusal of the query",
      { kind: "status", status: 200, body: { errors: [{ message: "Field 'gists' is no field" }] } }
    ],
    ["no GraphQL at all", { kind: "status", status: 404, body: { message: "Not Found" } }]
  ] as const
  for (const [what, fault] of failures) {
    it.effect(`users are checked one by one when GitHub does not answer their batch: ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* known(github, 12)
          for (let n = 0; n < 12; n++) github.addGist(login(n), { files: { "b.md": "" } })
          github.injectFault(fault, { when: ({ route }) => route === "/graphql", ...always })
          const scan = yield* gitpip.scan()
          assert.deepStrictEqual([scan.state, scan.files, scan.failed], ["done", 12, 0])
          assert.strictEqual(github.count("GET", "/users/{login}/gists"), 12)
          // And no further query is tried for a while.
          github.clearRequests()
          yield* gitpip.scan()
          assert.strictEqual(github.count("POST", "/graphql"), 0)
          github.clearFaults()
          yield* TestClock.adjust("2 hours")
          github.clearRequests()
          assert.strictEqual((yield* gitpip.scan()).files, 0)
          assert.strictEqual(github.count("GET", "/users/{login}/gists"), 0)
        })
      )
    )
  }

  it.effect(
    "users without an ETag wait while the hour's points are spent, so that requests are left for publishing",
    () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* known(github, 30)
          github.injectFault({ kind: "points-spent", resetInSeconds: 1_800 }, always)
          for (let n = 0; n < 30; n++) github.addGist(login(n), { files: { "b.md": "" } })
          for (let n = 0; n < 3; n++) {
            const scan = yield* gitpip.scan()
            assert.deepStrictEqual([scan.state, scan.users, scan.files], ["done", 0, 0])
          }
          // A restarted process knows of it as well.
          yield* Effect.flatMap(Gitpip, (restarted) => restarted.scan()).pipe(Effect.provide(services(settings)))
          assert.deepStrictEqual(routes(github), ["/graphql"])
          github.clearFaults()
          yield* TestClock.adjust("31 minutes")
          assert.strictEqual((yield* gitpip.scan()).files, 30)
        })
      )
  )
  it.effect("users without an ETag wait when the points end amid a batch", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* tracked(github, 100)
        let queries = 0
        // GitHub completes no query for all of them, answers for the first half, and then no more in this hour.
        github.injectFault({ kind: "html", status: 502 }, { when: () => ++queries === 1, ...always })
        github.injectFault({ kind: "points-spent", resetInSeconds: 1_800 }, { when: () => queries > 2, ...always })
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.files], ["done", 50])
        assert.deepStrictEqual(routes(github), ["/graphql", "/graphql", "/graphql"])
        github.clearFaults()
        yield* TestClock.adjust("31 minutes")
        assert.strictEqual((yield* gitpip.scan()).files, 50)
      })
    )
  )
})

it.effect("a full listing is made once a day also of a user whose second page came by a batch", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      const oldest = github.addGist("ann", { files: { "old.md": "" }, createdAt: 0 })
      for (let n = 1; n < 100; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
      yield* gitpip.track(name("ann"))
      for (let n = 0; n < 10; n++) {
        github.addUser(`user-${n}`)
        yield* gitpip.track(name(`user-${n}`))
      }
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* gitpip.scan()).files, 100)
      // The batch brings it; the oldest gist is on a second page from now on.
      github.addGist("ann", { files: { "new.md": "" } })
      assert.strictEqual((yield* gitpip.scan()).files, 1)
      yield* TestClock.adjust("25 hours")
      assert.strictEqual((yield* gitpip.scan()).files, 0)
      // Few users are checked by their lists.
      for (let n = 0; n < 10; n++) yield* gitpip.untrack(name(`user-${n}`))
      github.addFile(oldest, "late.md", "")
      let found = 0
      for (let day = 0; day < 3; day++) {
        yield* TestClock.adjust("25 hours")
        found += (yield* gitpip.scan()).files
      }
      assert.strictEqual(found, 1)
    })
  )
)
