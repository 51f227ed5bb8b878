/** Raw content that GitHub's hosts refuse, limit or do not deliver, as reported. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { everything, name, passTime } from "../world.ts"
import { type Answer, type Asked, gist, listOf, tracked, whole, withGithub } from "./support.ts"

describe("raw content", () => {
  /** Only Ann's file has to be read as raw content. */
  const twoUsers = (
    raw: (asked: Asked, now: number) => Answer,
    options: { readonly file?: string; readonly at?: string } = {}
  ) => {
    const { at, file = "dump.sql" } = options
    return (asked: Asked, origin: string, now: number): Answer | undefined => {
      if (asked.path === listOf("ann")) {
        return {
          body: [gist("ann", "big", { files: { [file]: { size: 5_242_880, raw_url: `${origin}/raw/${file}` } } })]
        }
      }
      if (asked.path === listOf("bob")) return { body: [gist("bob", "small")] }
      if (asked.path === "/gists/small") return { body: whole("bob", "small") }
      if (asked.path === "/gists/big") {
        const raw_url = at ?? `${origin}/raw/${file}`
        return {
          body: whole("ann", "big", { files: { [file]: { size: 5_242_880, truncated: true, content: "", raw_url } } })
        }
      }
      return asked.path.startsWith("/raw/") || asked.path === "/login" ? raw(asked, now) : undefined
    }
  }

  // https://github.com/artifacthub/hub/issues/4397
  for (const [what, headers] of [
    ["an hour", { "retry-after": "3600" }],
    ["no time", {}],
    ["a time in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }]
  ] as const) {
    it.effect(`raw content of a host that answers 429 for ${what} is left out, and delays no other user`, () =>
      withGithub(
        twoUsers(() => ({ status: 429, body: "too many requests", headers })),
        ({ asked, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann", "bob")
            yield* gitpip.scan()
            yield* gitpip.publish
            assert.deepStrictEqual(
              pipedrive.activities.map(({ subject }) => subject).filter((subject) => subject !== "dump.sql"),
              ["small.md"]
            )
            assert.strictEqual((yield* gitpip.scan()).state, "done")
            for (let n = 0; n < 20; n++) {
              yield* passTime("1 minute")
              yield* gitpip.publish
            }
            const note = pipedrive.activities.find(({ subject }) => subject === "dump.sql")?.note ?? ""
            assert.include(note, "https://gist.github.com/ann/big?file=dump.sql")
            assert.match(note, /The content is left out: .*\. See the link\./)
            assert.isAtMost(asked.filter(({ path }) => path.startsWith("/raw/")).length, 6)
          })
      )
    )
  }

  it.effect("raw content of a host that answers again is published whole", () => {
    let answers = 0
    return withGithub(
      twoUsers(() =>
        answers++ === 0 ? { status: 429, body: "", headers: { "retry-after": "60" } } : { body: "all of it" }
      ),
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann", "bob")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.lengthOf(pipedrive.activities, 1)
          yield* passTime("1 minute")
          yield* gitpip.publish
          assert.include(pipedrive.activities.map(({ note }) => note).join(), "all of it")
        })
    )
  })

  // https://github.com/cli/cli/issues/11739
  it.effect("raw content is read for a file after one that is too large, whose content comes empty", () =>
    withGithub(
      ({ path }, origin) => {
        const files = {
          "0-dump.txt": {
            size: 1_200_000,
            truncated: true,
            content: "a".repeat(1_000_000),
            raw_url: `${origin}/raw/d`
          },
          "1-notes.md": { size: 22, truncated: true, content: "", raw_url: `${origin}/raw/1-notes.md` },
          "2-empty.md": { size: 0, truncated: false, content: "", raw_url: `${origin}/raw/2-empty.md` }
        }
        if (path === listOf("ann")) return { body: [gist("ann", "g", { files })] }
        if (path === "/gists/g") return { body: gist("ann", "g", { files }) }
        return path === "/raw/1-notes.md" ? { body: "all of the 22 bytes ok" } : undefined
      },
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          yield* gitpip.publish
          const noteOf = (name: string) => pipedrive.activities.find(({ subject }) => subject === name)?.note ?? ""
          assert.include(noteOf("1-notes.md"), "all\u00a0of\u00a0the\u00a022".replaceAll("\u00a0", " "))
          assert.notInclude(noteOf("1-notes.md"), "only the beginning")
          assert.include(noteOf("0-dump.txt"), "only the beginning")
          assert.include(noteOf("2-empty.md"), "(empty file)")
        })
    )
  )

  const page = { body: "<html>Sign in to GitHub</html>", headers: { "content-type": "text/html; charset=utf-8" } }
  for (const [what, raw, options] of [
    // https://github.com/lostintangent/gistpad/issues/96
    [
      "a redirect to a sign-in page",
      ({ path }: Asked) => (path === "/login" ? page : { status: 302, headers: { location: "/login?return_to=x" } }),
      {}
    ],
    ["a sign-in page with 200", () => page, {}],
    [
      "a sign-in page as text",
      ({ path }: Asked) => (path === "/login" ? { body: "Sign in" } : { status: 302, headers: { location: "/login" } }),
      {}
    ],
    // https://github.com/jupyter/nbviewer/pull/278
    ["403 above some size", () => ({ status: 403, body: "403: Forbidden" }), {}],
    ["404", () => ({ status: 404, body: "404: Not Found" }), {}],
    ["401", () => ({ status: 401, body: "" }), {}],
    ["451", () => ({ status: 451, body: "" }), {}],
    ["a redirect in circles", () => ({ status: 302, headers: { location: "/raw/dump.sql" } }), {}],
    ["another host", () => ({ body: "never read" }), { at: "https://raw.example.test/dump.sql" }],
    ["no address", () => ({ body: "never read" }), { at: "nowhere" }]
  ] as const) {
    it.effect(
      `raw content that is answered with ${what} is left out: the file is published as a link with a sentence`,
      () =>
        withGithub(twoUsers(raw, options), ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann", "bob")
            yield* gitpip.scan()
            yield* gitpip.publish
            assert.lengthOf(pipedrive.activities, 2)
            const note = pipedrive.activities.find(({ subject }) => subject === "dump.sql")?.note ?? ""
            assert.match(note, /The content is left out: it could not be read: .*\. See the link\./)
            assert.notInclude(note, "Sign in")
            const [status] = /^4\d\d/.exec(what) ?? []
            if (status !== undefined) assert.include(note, `GitHub answered HTTP ${status} for the raw file`)
            const [file] = (yield* gitpip.history(name("ann"), everything)).filter(
              ({ filename }) => filename === "dump.sql"
            )
            assert.isNull((yield* gitpip.filePreview(file?.id ?? 0)).text)
          })
        )
    )
  }

  it.effect("raw content that is a page is read when the file is a page", () =>
    withGithub(
      twoUsers(() => page, { file: "index.html" }),
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.include(pipedrive.activities[0]?.note ?? "", "Sign in to GitHub")
        })
    )
  )

  it.effect(
    "raw content of a host that fails each time is left out in the end, and the file is published as a link",
    () =>
      withGithub(
        twoUsers(() => ({ status: 502, body: "" })),
        ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann", "bob")
            yield* gitpip.scan()
            for (let n = 0; n < 10; n++) {
              yield* gitpip.publish
              yield* passTime("2 minutes")
            }
            assert.sameMembers(
              pipedrive.activities.map(({ subject }) => subject),
              ["small.md", "dump.sql"]
            )
          })
      )
  )
})
