/** A user who is forgotten leaves nothing but keyed hashes, and no file of the user is published twice. */
import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as State from "../../src/database/StateTransfer.ts"
import { Profiles } from "../../src/detect/Profiles.ts"
import * as Timing from "../../src/domain/Timing.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Sink } from "../../src/publish/Sink.ts"
import { tablesOfUser } from "../../src/store/Forgetting.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { isCreate, outcomes } from "../publish/publishing.ts"
import { everything, inWorld, name, passTime } from "../world.ts"

const ann = name("octo-ann")

/** Everything that the database holds, as text. */
const stored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows: Array<string> = []
  for (const table of State.tables) {
    const found = yield* sql.unsafe<{ readonly row: string }>(`select row_to_json(t)::text as row from ${table.name} t`)
    rows.push(...found.map(({ row }) => `${table.name} ${row}`))
  }
  return rows
})

/** Two gists of the person, one of somebody else; the person's are published. */
const published = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("octo-ann", { id: 98_765 })
  github.setProfile("octo-ann", { name: "Ann Example", email: "ann@example.com", company: "Example Inc" })
  const gists = [
    github.addGist("octo-ann", { description: "private thoughts", files: { "one.md": "1", "two.md": "2" } }),
    github.addGist("octo-ann", { files: { "three.md": "3" } })
  ]
  github.addUser("bob", { id: 11 })
  github.addGist("bob", { files: { "bob.md": "b" } })
  yield* gitpip.track(ann)
  yield* gitpip.track(name("bob"))
  yield* gitpip.scan()
  yield* (yield* Profiles).refresh
  yield* gitpip.publish
  return gists
})

describe("forgetting a user", () => {
  it.effect("forgetting a user leaves no name, number, address or text of the person in any table", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
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
        assert.include(after.join("\n"), '"other 2026"')
        // Somebody else keeps everything.
        assert.deepStrictEqual((yield* gitpip.user(name("bob"))).counts.published, 1)
        assert.strictEqual(pipedrive.activities.length, 4)
        assert.strictEqual((yield* Effect.flip(gitpip.forget(ann)))._tag, "UserNotTracked")
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

describe("forgetting a user whose file is under way", () => {
  /** A publisher that holds a claim, and has noted in the database that it sends now. */
  const begun = Effect.fnUntraced(function* (github: FakeGithub) {
    const gitpip = yield* Gitpip
    const { publications } = yield* Store
    const sink = yield* Sink
    github.addUser("octo-ann")
    github.addGist("octo-ann", { files: { "one.md": "1" } })
    yield* gitpip.track(ann)
    yield* gitpip.scan()
    const [claim] = yield* publications.claim(1, Timing.publicationLease)
    if (claim === undefined) return yield* Effect.die("nothing to claim")
    const target = yield* sink.target(claim)
    assert.isTrue(yield* publications.beginSend(claim, target))
    const create = sink.create({
      target,
      delivery: claim,
      content: { _tag: "Text", text: "1", partial: false },
      begin: Effect.succeed(true)
    })
    return { claim, create }
  })

  it.effect("nothing is erased while a server holds the lease of a file", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { claim, create } = yield* begun(github)
        const before = yield* stored
        const error = yield* Effect.flip(gitpip.forget(ann))
        assert.strictEqual(error._tag, "UserBusy")
        assert.match(error.message, /Nothing was erased; try again/)
        assert.deepStrictEqual(yield* stored, before)
        const { remoteId } = yield* create
        const { publications } = yield* Store
        yield* publications.settle(claim, { _tag: "published", how: "published", remoteId, remark: null })
        assert.strictEqual((yield* outcomes).state, "published")
        assert.deepStrictEqual((yield* gitpip.forget(ann)).activities, [Number(remoteId)])
      })
    )
  )

  it.effect("a file whose answer was lost is not published again, and is named as unconfirmed", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("octo-ann")
        const gist = github.addGist("octo-ann", { files: { "one.md": "1" } })
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        pipedrive.injectFault({ kind: "lost", how: "reset" }, { when: isCreate })
        yield* gitpip.publish
        const { hashes, unconfirmed } = yield* gitpip.forget(ann)
        assert.strictEqual(hashes, 1)
        assert.match(unconfirmed[0] ?? "", new RegExp(gist))
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        yield* passTime("1 hour")
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 1)
      })
    )
  )

  it.effect("what a server creates after it has slept past its lease is deleted once its user is forgotten", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { publications } = yield* Store
        const { claim, create } = yield* begun(github)
        yield* passTime("6 minutes")
        assert.strictEqual((yield* gitpip.forget(ann)).unconfirmed.length, 1)
        assert.isFalse(yield* publications.beginSend(claim, "1"))
        const { remoteId } = yield* create
        assert.lengthOf(pipedrive.activities, 1)
        yield* publications.settle(claim, { _tag: "published", how: "published", remoteId, remark: null })
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 0)
      })
    )
  )

  it.effect("a scan goes on when one of its users is forgotten meanwhile", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { checks, listings, scans } = yield* Store
        yield* published(github)
        const [user] = yield* checks.forScan({ after: 0, until: 1_000, limit: 1, includeFailing: true })
        if (user === undefined) return yield* Effect.die("nobody is tracked")
        const { key: scan } = Option.getOrThrow(yield* scans.start("requested", null))
        yield* gitpip.forget(ann)
        yield* TestClock.adjust("1 second")
        yield* listings.put(user.key, { next: "https://api.github.com/x", etag: null, pages: 1 })
        const failure = { count: 1, reason: "UserNotFound", message: "no", retryIn: Timing.settleDelay }
        yield* scans.progress(scan, {
          cursor: 1,
          users: 1,
          unchanged: 0,
          failures: [{ ...failure, userKey: user.key }]
        })
        assert.deepStrictEqual((yield* gitpip.scanDetails(scan)).failures, [])
      })
    )
  )
})
