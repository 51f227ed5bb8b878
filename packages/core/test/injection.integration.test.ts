/**
 * Whatever strangers write, in GitHub or in a call, is text: it is stored as it is, found again by itself alone, shown
 * in Pipedrive as written, and never anything that a database or a browser acts on.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { sentence, storable, storableName } from "../src/domain/Text.ts"
import { Username } from "../src/domain/User.ts"
import type { Visitor } from "../src/domain/Visit.ts"
import { Gitpip } from "../src/Gitpip.ts"
import { databases } from "./database.ts"
import { text } from "./domain/arbitraries.ts"
import { gist, payloads } from "./strangers.ts"
import { everything, inWorld, name } from "./world.ts"

/** All that is in the database's tables, by table. */
const contents = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`
  const found: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = yield* sql<{ n: number }>`select count(*) as n from ${sql(name)}`
    found[name] = row?.n ?? -1
  }
  return found
})

for (const [kind, database] of databases) {
  describe(`as text in the database: ${kind}`, () => {
    it.live("names of files and gists, descriptions, languages, types and addresses", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          const body = payloads.map((payload, n) =>
            gist(`${n}${payload}`, {
              description: payload,
              files: { [`${n}${payload}`]: { language: payload, type: payload, raw_url: payload, size: n } }
            })
          )
          github.injectFault({ kind: "status", status: 200, body }, { when: ({ path }) => path === "/users/ann/gists" })
          const before = yield* contents
          yield* gitpip.scan()
          const after = yield* contents
          assert.deepStrictEqual(
            { ...after, gist_files: 0, publications: 0, scans: 0, scan_files: 0, quotas: 0 },
            { ...before, gist_files: 0, publications: 0, scans: 0, scan_files: 0, quotas: 0 }
          )
          const files = (yield* gitpip.history(name("ann"), everything)).toSorted((a, b) => a.size - b.size)
          assert.deepStrictEqual(
            files.map((file) => [file.gistId, file.filename, file.description, file.language, file.type, file.rawUrl]),
            payloads.map((payload, n) => [
              storableName(`${n}${payload}`),
              storableName(`${n}${payload}`),
              storable(payload, 2_000),
              storable(payload, 100),
              storable(payload, 100),
              storable(payload, 4_000)
            ])
          )
          // The same again is known, and adds nothing.
          github.injectFault({ kind: "status", status: 200, body }, { when: ({ path }) => path === "/users/ann/gists" })
          assert.strictEqual((yield* gitpip.scan()).files, 0)
        })
      )
    )

    it.live("names of users and visitors, even past the schemas that refuse them", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "a.txt": "a" } })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          const sql = yield* SqlClient.SqlClient
          const before = yield* contents
          for (const payload of payloads) {
            const username = payload as Username
            // Some are names that a user of GitHub could have.
            for (const call of Schema.is(Username)(payload)
              ? []
              : [
                  gitpip.track(username, {}),
                  gitpip.user(username),
                  gitpip.untrack(username),
                  gitpip.latest(username),
                  gitpip.history(username, everything),
                  gitpip.visits(username, payload as Visitor, everything),
                  gitpip.requestScan(username)
                ]) {
              const result = yield* Effect.result(call as Effect.Effect<unknown, { readonly _tag: string }>)
              assert.strictEqual(result._tag, "Failure", payload)
              if (result._tag === "Failure") assert.include(["UserNotTracked", "DatabaseError"], result.failure._tag)
            }
            yield* Effect.result(gitpip.latest(name("ann"), payload as Visitor))
            const [others] = yield* sql<{ n: number }>`
                select count(*) as n from visits where visitor <> ${storable(payload, 100)}`
            assert.isAtMost(others?.n ?? 0, payloads.indexOf(payload))
          }
          // What they did was done to nobody else.
          assert.strictEqual((yield* gitpip.latest(name("ann"))).files.length, 1)
          const after = yield* contents
          const visited = { visits: 0, visitor_positions: 0 }
          assert.deepStrictEqual({ ...after, ...visited }, { ...before, ...visited })
          assert.deepStrictEqual(
            (yield* gitpip.users({ after: 0, limit: 10 })).map(({ login }) => login),
            ["ann"]
          )
        })
      )
    )

    it.live("what GitHub and Pipedrive say of their errors, on one line", () =>
      inWorld(database, { queries: false }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          github.addGist("ann", { files: Object.fromEntries(payloads.map((_, n) => [`${n}.txt`, "x"])) })
          for (const [n, payload] of payloads.entries()) {
            pipedrive.injectFault(
              { kind: "status", status: 400, body: { success: false, error: payload } },
              {
                when: ({ body, route }) =>
                  route === "/api/v2/activities" && (body as { readonly subject?: string }).subject === `${n}.txt`,
                // Where the words name the note, it is sent again without the content.
                times: 2
              }
            )
          }
          yield* gitpip.scan()
          yield* gitpip.publish
          const failed = (yield* gitpip.publications({ ...everything, state: "failed" })).toReversed()
          assert.strictEqual(failed.length, payloads.length)
          for (const [n, payload] of payloads.entries()) {
            const { errorMessage } = failed.find(({ filename }) => filename === `${n}.txt`) ?? {}
            assert.include(errorMessage, sentence(payload, 500))
            assert.notMatch(errorMessage ?? "", /[\r\n]/)
          }
          for (const [n, payload] of payloads.entries()) {
            github.addUser(`user-${n}`)
            yield* gitpip.track(name(`user-${n}`))
            github.injectFault(
              { kind: "status", status: 451, body: { message: payload } },
              { when: ({ path }) => path === `/users/user-${n}/gists` }
            )
          }
          yield* gitpip.scan()
          for (const [n, payload] of payloads.entries()) {
            const { user } = yield* gitpip.user(name(`user-${n}`))
            assert.include(user.errorMessage, sentence(payload, 300))
            assert.notMatch(user.errorMessage ?? "", /[\r\n]/)
          }
        })
      )
    )
  })
}

it.live("an invalid name that GitHub gives an account fails that account's check alone", () =>
  inWorld(databases[0][1], {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (const login of ["ann", "bob", "cy"]) {
        github.addUser(login)
        github.addGist(login, { files: { a: "1" } })
        yield* gitpip.track(name(login))
      }
      yield* gitpip.scan()
      const { user } = yield* gitpip.user(name("ann"))
      github.removeUser("ann")
      for (const login of ["bob", "cy"]) github.addGist(login, { files: { b: "2" } })
      for (const login of ["a b", "'; drop table users; --", "<b>", "", "x".repeat(40), "\u202e"]) {
        github.injectFault(
          { kind: "status", status: 200, body: { id: user.githubId, login } },
          { when: ({ path }) => path === `/user/${user.githubId}` }
        )
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.failed], ["done", 1], login)
      }
      assert.strictEqual((yield* gitpip.user(name("ann"))).user.state, "failing")
      for (const login of ["bob", "cy"]) assert.strictEqual((yield* gitpip.user(name(login))).counts.files, 2)
    })
  )
)

it.live("a gist's page becomes a link only when it is a plain web address", () =>
  inWorld(databases[0][1], {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      yield* gitpip.track(name("ann"))
      const pages = [
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://gist.github.com/a",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/a",
        "https://me:pass@gist.github.com/a",
        "https://gist.github.com/a?x=1",
        "https://gist.github.com/a#b",
        'https://gist.github.com/"><script>',
        "https://gist.github.com/'onclick='x",
        "https://gist.github.com/a b",
        "https://gist.github.com/a\nb",
        "https://gist.github.com\\@evil.example/",
        `https://gist.github.com/${"a".repeat(300)}`,
        ""
      ]
      const good = [
        "https://gist.github.com/ann/1",
        "https://ghe.example:8443/gist/ann/1",
        "http://[::1]:80/gist/%C3%A9"
      ]
      const body = [...pages, ...good].map((html_url, n) => gist(`${n}`, { html_url, files: { a: {} } }))
      github.injectFault({ kind: "status", status: 200, body })
      yield* gitpip.scan()
      assert.sameMembers(
        (yield* gitpip.history(name("ann"), everything)).map(({ htmlUrl }) => htmlUrl),
        good.map((url) => `${url}?file=a#file-a`)
      )
    })
  )
)

it.live("in Pipedrive everything is text, and the only link is the gist's", () =>
  inWorld(databases[0][1], {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      yield* gitpip.track(name("ann"))
      for (const [n, payload] of payloads.entries()) {
        github.addGist("ann", { description: payload, files: { [`${n}${payload}`]: payload }, createdAt: n * 1_000 })
      }
      yield* gitpip.scan()
      yield* gitpip.publish
      const requests = pipedrive.requests.filter(
        ({ method, route }) => method === "POST" && route === "/api/v2/activities"
      )
      assert.strictEqual(requests.length, payloads.length)
      for (const { body } of requests) {
        const { note, subject } = body as { readonly note: string; readonly subject: string }
        const tags = (note.match(/<[^>]*>?/g) ?? []).filter((tag) => tag !== "<br>")
        assert.strictEqual(tags.length, 2, note)
        assert.match(
          tags[0] ?? "",
          /^<a href="https:\/\/gist\.github\.com\/ann\/[0-9a-f]+\?file=[\w.%~-]+#file-[\w-]*">$/
        )
        assert.strictEqual(tags[1], "</a>")
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the test searches for control characters
        assert.notMatch(subject, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
      }
    })
  )
)

it.prop("an error's message is one line of bounded length", [text(30)], ([message]) => {
  const line = sentence(message, 50)
  assert.isAtMost(line.length, 50)
  assert.isTrue(line.isWellFormed())
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test searches for control characters
  assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
})
