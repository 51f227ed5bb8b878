/** A user who is forgotten leaves nothing but keyed hashes, and no file of the user is published twice. */
import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { tablesOfUser } from "../../src/store/Forgetting.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"
import { ann, published, stored } from "./forgetting.ts"

describe("forgetting a user", () => {
  it.effect("forgetting a user leaves no name, number, address or text of the person in any table", () =>
    inWorld(layerPostgres, { env: { GITPIP_ORGANIZATION: "create" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const gists = yield* published(github)
        yield* gitpip.latest(ann)
        yield* gitpip.scan({ username: ann })
        yield* gitpip.requestScan(ann)
        // A failure of the person, one of somebody else that names the person, and a page of the feed.
        github.suspend("octo-ann", true)
        yield* gitpip.scan({ username: ann })
        yield* sql`update users set failures = 1, error_message = 'The account is now called octo-ann' where username = 'bob'`
        yield* sql`
          insert into feed_positions (origin, seen, unsettled, next_at)
          values ('x', ${[`${gists[0]} 2026`, "other 2026"]}::text[], ${[`${gists[1]} 2026`]}::text[], clock_timestamp())`
        yield* sql`insert into sources (source, read_at)
          values ('followers:Octo-Ann', now()), ('stargazers:octo-ann/repo', now()), ('org:acme', now())`
        const words = [
          "octo-ann",
          "98765",
          "Ann Example",
          "ann@example.com",
          "Example Inc",
          "thoughts",
          "three.md",
          ...gists
        ]
        const before = (yield* stored).join("\n")
        for (const word of words) assert.include(before, word)

        const forgotten = yield* gitpip.forget(name("OCTO-ann"))
        assert.deepStrictEqual([forgotten.login, forgotten.files, forgotten.hashes], ["octo-ann", 3, 3])
        const ids = pipedrive.activities.filter(({ subject }) => subject !== "bob.md").map(({ id }) => id)
        assert.sameMembers([...forgotten.activities], ids)
        assert.deepStrictEqual(
          forgotten.deals,
          pipedrive.deals.filter(({ title }) => title === "octo-ann").map(({ id }) => id)
        )
        assert.lengthOf(forgotten.persons, 1)
        assert.strictEqual(forgotten.persons[0], pipedrive.deals.find(({ title }) => title === "octo-ann")?.person_id)
        assert.deepStrictEqual(
          forgotten.organizations,
          pipedrive.organizations.map(({ id }) => id)
        )
        assert.deepStrictEqual(yield* sql`select * from organizations`, [])
        assert.deepStrictEqual(forgotten.unconfirmed, [])
        const after = yield* stored
        for (const word of words) {
          const left = after.filter((row) => row.toLowerCase().includes(word.toLowerCase()))
          assert.deepStrictEqual(left, [], word)
        }
        assert.lengthOf(
          after.filter((row) => row.startsWith("forgotten_files")),
          3
        )
        // And of the name, so that no list tracks the person again.
        assert.lengthOf(
          after.filter((row) => row.startsWith("forgotten_users")),
          1
        )
        assert.include(after.join("\n"), "org:acme")
        assert.include(after.join("\n"), '"other 2026"')
        // Somebody else keeps everything.
        assert.deepStrictEqual((yield* gitpip.user(name("bob"))).counts.published, 1)
        assert.strictEqual(pipedrive.activities.length, 4)
        assert.strictEqual((yield* Effect.flip(gitpip.forget(ann)))._tag, "UserNotTracked")
      })
    )
  )

  it.effect("forgetting a user keeps the organization of a company that another user names", () =>
    inWorld(layerPostgres, { env: { GITPIP_ORGANIZATION: "create" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        yield* published(github, "example inc")
        const { organizations } = yield* gitpip.forget(ann)
        assert.deepStrictEqual(organizations, [1])
        const [row] =
          yield* sql`select organization_id::int as id, row_to_json(organizations)::text as text from organizations`
        assert.strictEqual(row?.id, 1)
        assert.notInclude(String(row?.text).toLowerCase(), "example")
        assert.lengthOf(pipedrive.organizations, 1)
      })
    )
  )

  it.effect("a forgotten user who is tracked again has new files published, and none that was published before", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* published(github)
        yield* gitpip.forget(ann)
        github.renameUser("octo-ann", "octo-anna")
        github.addGist("octo-ann" + "a", { files: { "new.md": "n" } })
        yield* gitpip.track(name("octo-anna"))
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(pipedrive.activities.map(({ subject }) => subject).sort(), [
          "bob.md",
          "new.md",
          "one.md",
          "three.md",
          "two.md"
        ])
        const files = yield* gitpip.history(name("octo-anna"), everything)
        assert.deepStrictEqual(
          files.map(({ filename, publicationState }) => `${filename} ${publicationState}`).sort(),
          ["new.md published", "one.md null", "three.md null", "two.md null"]
        )
      })
    )
  )

  it.effect("a file that was never sent is published when its forgotten user is tracked again", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("octo-ann")
        github.addGist("octo-ann", { files: { "one.md": "1" } })
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        const { activities, hashes } = yield* gitpip.forget(ann)
        assert.deepStrictEqual([hashes, activities], [0, []])
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ subject }) => subject),
          ["one.md"]
        )
      })
    )
  )

  it.effect("every table with rows of a user, a file or a publication is among those that are erased", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const found = yield* sql<{ readonly name: string }>`
        select distinct conrelid::regclass::text as name from pg_constraint
        where contype = 'f' and confrelid in ('users'::regclass, 'gist_files'::regclass, 'publications'::regclass)`
      assert.sameMembers(
        found.map(({ name }) => name),
        [...tablesOfUser, "attempts", "duplicates", "gist_files", "publications", "scans"]
      )
    }).pipe(Effect.provide(layerPostgres))
  )

  it.effect("an untracked user can be forgotten", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* published(github)
        yield* gitpip.untrack(ann)
        assert.strictEqual((yield* gitpip.forget(ann)).files, 3)
      })
    )
  )

  it.effect("a hash is the HMAC-SHA-256 of the gist and the file's name, by a key of the database", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const [, gist] = yield* published(github)
        yield* gitpip.forget(ann)
        const [row] = yield* sql<{ readonly pad: string }>`select encode(inner_pad, 'hex') as pad from forgotten_keys`
        const key = Buffer.from(row?.pad ?? "", "hex").map((byte) => byte ^ 0x36)
        const hash = createHmac("sha256", key).update(`["${gist}", "three.md"]`).digest("hex")
        const found = yield* sql`select 1 from forgotten_files where encode(hash, 'hex') = ${hash}`
        assert.lengthOf(found, 1)
      })
    )
  )
})
