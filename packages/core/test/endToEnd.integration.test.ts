/** The whole way, on each kind of database: what a person would check who tries Gitpip for the first time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive } from "../src/testing/index.ts"
import { Worker } from "../src/Worker.ts"
import { databases, layerPostgres } from "./database.ts"
import { everything, inWorld, name, services } from "./world.ts"

const present = ["ann", "anna", "annabel", "bob", "Bobby-Tables"]
const missing = "nobody-here"

/** `gists`: annabel's, of which GitHub lists 100 a page. */
const populate = (github: FakeGithub, gists: number) => {
  for (const login of present) github.addUser(login)
  for (let n = 0; n < gists; n++) {
    github.addGist("annabel", {
      files: { [`file-${n}.ts`]: `const n = ${n} < 3 && "<b>"` },
      createdAt: 1_000_000_000_000 + n * 1_000
    })
  }
  github.addGist("ann", { files: { "a.md": "# ann", "b.md": "# more" } })
  github.addGist("anna", { files: { "a.md": "# anna" } })
  github.addGist("bob", { files: { "q.sql": "select 1;\n  -- indented" }, description: "a <query> & more" })
  return gists + 4
}

/** Every file exactly once, on the deal of its own owner. */
const assertOnceEach = (pipedrive: FakePipedrive, files: number) => {
  assert.strictEqual(pipedrive.activities.length, files)
  const links = pipedrive.activities.map(({ note }) => /href="([^"]+)"/.exec(note ?? "")?.[1])
  assert.strictEqual(new Set(links).size, files)
  for (const activity of pipedrive.activities) {
    const deal = pipedrive.deals.find(({ id }) => id === activity.deal_id)
    const owner = /gist\.github\.com\/([^/]+)\//.exec(activity.note ?? "")?.[1]
    assert.strictEqual(deal?.title, owner)
  }
  const titles = pipedrive.deals.map(({ title }) => title)
  assert.strictEqual(new Set(titles).size, titles.length)
}

for (const [kind, database] of databases) {
  // Two pages take the embedded database a third of the time of three, and differ in nothing that it does.
  const gists = kind === "PGlite" ? 105 : 245
  describe(kind, () => {
    it.live("publishes each file of six users exactly once, shows each once, and repeats nothing", () =>
      inWorld(database, {}, ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const files = populate(github, gists)
          for (const login of [...present, missing]) yield* gitpip.track(name(login))

          const scan = yield* gitpip.scan()
          assert.deepStrictEqual(
            { state: scan.state, users: scan.users, failed: scan.failed, files: scan.files },
            { state: "done", users: 6, failed: 1, files }
          )
          const details = yield* gitpip.scanDetails(scan.id)
          assert.deepStrictEqual(
            details.failures.map(({ login, reason }) => [login as string, reason]),
            [[missing, "UserNotFound"]]
          )

          yield* gitpip.publish
          assertOnceEach(pipedrive, files)
          const bobs = pipedrive.activities.find(({ subject }) => subject === "q.sql")
          assert.include(bobs?.note, "a &lt;query&gt; &amp; more")
          assert.include(bobs?.note, "select 1;<br>\u00a0\u00a0-- indented")

          // Oldest first, one after the other.
          const order = pipedrive.activities
            .filter(({ note }) => note?.includes("/annabel/"))
            .map(({ subject }) => subject)
          assert.strictEqual(order.length, gists)

          assert.strictEqual((yield* gitpip.latest(name("annabel"))).files.length, gists)
          assert.deepStrictEqual((yield* gitpip.latest(name("annabel"))).files, [])

          // Nothing new: one conditional request for each user that exists, none to Pipedrive, no row of size.
          github.clearRequests()
          pipedrive.clearRequests()
          const sql = yield* SqlClient.SqlClient
          const before = yield* sql<{ n: number }>`select count(*) as n from gist_files`
          const again = yield* gitpip.scan()
          assert.deepStrictEqual(
            { users: again.users, unchanged: again.unchanged, files: again.files },
            { users: 6, unchanged: 5, files: 0 }
          )
          assert.strictEqual(github.count("GET", "/users/{login}/gists", 304), 5)
          assert.strictEqual(github.requests.length, 6)
          yield* gitpip.publish
          assert.strictEqual(pipedrive.requests.length, 0)
          assert.deepStrictEqual(yield* sql<{ n: number }>`select count(*) as n from gist_files`, before)

          // A restart is another process on the same database.
          yield* Effect.gen(function* () {
            const restarted = yield* Gitpip
            const scan = yield* restarted.scan()
            assert.strictEqual(scan.files, 0)
            yield* restarted.publish
            assert.deepStrictEqual((yield* restarted.latest(name("annabel"))).files, [])
          }).pipe(Effect.provide(services(settings)))
          assertOnceEach(pipedrive, files)

          // Something new is found, published and shown once.
          github.addGist("ann", { files: { "new.ts": "export {}" } })
          assert.strictEqual((yield* gitpip.scan()).files, 1)
          yield* gitpip.publish
          assertOnceEach(pipedrive, files + 1)
          yield* gitpip.latest(name("ann"))
          assert.deepStrictEqual((yield* gitpip.latest(name("ann"))).files, [])
        })
      )
    )

    it.live("publishes whatever strangers put into names and contents, or says why not, and never gets stuck", () =>
      inWorld(database, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("odd")
          const names = {
            "nul\0name.txt": "text",
            "lone\ud800.txt": "lone \udc00 surrogate",
            "\u202egpj.exe": "right to left \u202e override",
            "🦀.rs": 'fn main() { println!("🦀") }',
            [`${"長".repeat(300)}.txt`]: "a long name",
            "new\nline.txt": "x",
            ["__proto__"]: "not a prototype",
            " ": "blank name",
            "empty.txt": "",
            "nul.bin": new Uint8Array([0, 1, 2, 255]),
            "latin1.txt": new Uint8Array([0xe9, 0xe8, 0x20, 0x61]),
            "big.txt": "<&>\"'\n".repeat(350_000),
            "page.html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
            "control.txt": "a\u0001b\u001b[31mred",
            "text-nul.txt": "before\0after"
          }
          github.addGist("odd", { files: names, description: "desc \0 <b>\ud800</b>" })
          yield* gitpip.track(name("odd"))
          const scan = yield* gitpip.scan()
          assert.strictEqual(scan.files, Object.keys(names).length)
          yield* gitpip.publish

          const left = (yield* gitpip.publications(everything)).filter(({ state }) => state !== "published")
          assert.deepStrictEqual(
            left.map(({ errorMessage, filename }) => [filename, errorMessage]),
            []
          )
          assert.strictEqual(pipedrive.activities.length, scan.files)
          for (const { note, subject } of pipedrive.activities) {
            assert.notInclude(note ?? "", "<script")
            assert.notInclude(note ?? "", "<img")
            assert.isAtMost(subject.length, 250)
          }
          const big = pipedrive.activities.find(({ subject }) => subject === "big.txt")
          assert.include(big?.note, "only the beginning")
          assert.strictEqual((yield* gitpip.scan()).files, 0)
        })
      )
    )

    it.live("marks what Pipedrive refuses as failed, with its reason, and goes on with the rest", () =>
      inWorld(database, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const body = { success: false, error: "Validation failed: subject: Not allowed here" }
          pipedrive.injectFault(
            { kind: "status", status: 400, body },
            { when: ({ method, route }) => method === "POST" && route === "/api/v2/activities", times: 9 }
          )
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "1", "b.md": "2" } })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          const drained = yield* gitpip.publish
          assert.deepStrictEqual(drained, { published: 0, failed: 2, gone: 0, skipped: 0, snoozed: 0 })
          const [publication] = yield* gitpip.publications({ ...everything, state: "failed" })
          assert.match(publication?.errorMessage ?? "", /Pipedrive refuses/)
          const { attempts } = yield* gitpip.publication(publication?.id ?? 0)
          assert.deepStrictEqual(
            attempts.map(({ outcome }) => outcome),
            ["ItemRefused"]
          )
        })
      )
    )
  })
}

describe("in every mode", () => {
  for (const token of ["github-secret", ""]) {
    for (const feed of ["true", "false"]) {
      it.live(
        `a server publishes every file once: ${token === "" ? "without" : "with"} a token, ${feed === "true" ? "with" : "without"} the feed`,
        () =>
          inWorld(
            layerPostgres,
            {
              env: { GITHUB_TOKEN: token, GITPIP_FEED: feed, GITPIP_SCAN_INTERVAL: "1 second" },
              // The modes differ in what they ask, not in how much they may: the limit of 60 has tests of its own.
              github: { limit: false }
            },
            ({ github, pipedrive, settings }) =>
              Effect.gen(function* () {
                const gitpip = yield* Gitpip
                const logins = Array.from({ length: 12 }, (_, n) => `user-${n}`)
                for (const login of logins) {
                  github.addUser(login)
                  pipedrive.addDeal({ title: login })
                  yield* gitpip.track(name(login))
                }
                const shown: Array<number> = []
                const visits = Effect.gen(function* () {
                  for (const login of logins) {
                    shown.push(...(yield* gitpip.latest(name(login))).files.map(({ id }) => id as number))
                  }
                })
                const published = (count: number) =>
                  pipedrive.seen(count, ({ method, route }) => method === "POST" && route === "/api/v2/activities")
                let files = 0
                const publish = () => {
                  for (const login of logins) {
                    github.addGist(login, { files: { [`${files}.md`]: `# ${files}`, "same.md": "" } })
                    files += 2
                  }
                }
                publish()
                yield* Effect.provide(Effect.andThen(published(files), visits), Layer.fresh(Worker.layer))
                // Another process goes on, and a second beside it.
                publish()
                yield* Effect.all([published(files), Effect.provide(Effect.never, Layer.fresh(Worker.layer))], {
                  concurrency: 2
                }).pipe(
                  Effect.raceFirst(published(files)),
                  Effect.provide(Layer.fresh(Worker.layer)),
                  Effect.provide(services(settings))
                )
                yield* gitpip.publish
                yield* visits
                assertOnceEach(pipedrive, files)
                assert.strictEqual(new Set(shown).size, files)
                assert.strictEqual(shown.length, files)
                assert.strictEqual(
                  github.requests.some(({ route }) => route === "/graphql"),
                  token !== ""
                )
                assert.strictEqual(
                  github.requests.some(({ route }) => route === "/gists/public"),
                  feed === "true"
                )
              })
          )
      )
    }
  }
})
