import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { GistFile, Preview, Publication, ScanDetails, Status, User, Visit } from "@gitpip/core"
import { Effect, Redacted, Schema } from "effect"
import { migrations } from "../../core/src/database/migrations/index.ts"
import { within } from "../../core/test/database.ts"
import { done, run } from "./inProcess.ts"
import { makeWorld, TheWorld, without } from "./process.ts"

const fits = (schema: Schema.ConstraintDecoder<unknown>, value: unknown) => Schema.decodeUnknownEffect(schema)(value)

layer(TheWorld.layer, { excludeTestServices: true })("commands on PostgreSQL", (it) => {
  it.effect("track, untrack and users", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const nobody = yield* done(world, "users")
      assert.strictEqual(nobody.stdout, "")
      assert.include(nobody.stderr, "gitpip track USERNAME")
      assert.deepStrictEqual((yield* done(world, "users", "--json")).json, [])

      const first = yield* done(world, "track", "Ann", "--id", "7")
      assert.strictEqual(first.stdout, "Tracking Ann (id 7)\n")
      const again = yield* done(world, "track", "ann")
      assert.strictEqual(again.stdout, "Tracking Ann (id 7)\n")
      assert.include(again.stderr, "already tracked")
      const second = yield* done(world, "track", "anna", "--json")
      yield* fits(User, second.json)
      assert.strictEqual(second.json.id, 8)

      const conflict = yield* run(world, "track", "bob", "--id", "7")
      assert.strictEqual(conflict.code, 1)
      assert.match(conflict.stderr, /id 7 belongs to Ann.*Choose another id/)

      const text = yield* done(world, "users")
      assert.deepStrictEqual(
        text.stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.split(/ {2,}/)),
        [
          ["ID", "USER", "STATE", "SCANNED", "ERROR"],
          ["7", "Ann", "new", "never"],
          ["8", "anna", "new", "never"]
        ]
      )
      const json = yield* done(world, "users", "--json")
      yield* fits(Schema.Array(User), json.json)
      assert.deepStrictEqual(
        json.json.map(({ login }: { login: string }) => login),
        ["Ann", "anna"]
      )

      assert.strictEqual((yield* done(world, "untrack", "ANNA")).stdout, "No longer tracking anna (id 8)\n")
      const gone = yield* run(world, "untrack", "anna")
      assert.strictEqual(gone.code, 1)
      assert.include(gone.stderr, "anna is not tracked")
      assert.notInclude(gone.stderr, "Track it first")
      assert.strictEqual((yield* done(world, "untrack", "ann", "--json")).json.login, "Ann")
    })
  )

  it.effect("track says what is published and which names GitHub does not know, and untrack takes several names", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      world.github.addUser("Zoe")
      world.github.addGist("Zoe", { files: { "a.txt": "a" } })
      const found = yield* done(world, "track", "https://github.com/zoe?tab=repositories")
      assert.match(found.stdout, /^Tracking zoe /)
      assert.include(found.stderr, "Zoe has 1 public gist. Its files are published.")
      assert.include(found.stderr, "A running server checks new users within seconds; without one, run `gitpip scan`.")
      const unknown = yield* done(world, "track", "@zoee", "ZOEE", "--json")
      assert.strictEqual(unknown.json.login, "zoee")
      assert.match(unknown.stderr, /^Warning: GitHub knows no user zoee\. .*gitpip untrack zoee$/m)

      const list = join(world.cwd, "list.csv")
      yield* Effect.promise(() => writeFile(list, "username;id\n@zia;\ngithub.com/zoe;\n"))
      const preview = yield* run(world, "track", "--from", list, "--dry-run")
      assert.strictEqual(preview.code, 1)
      assert.match(preview.stdout, /^Zoe +1 +1 +1 +1 +55$/m)
      assert.match(preview.stdout, /^Zoe +Zoe \(new\) +none +55/m)
      assert.match(preview.stdout, /^users +1$/m)
      assert.match(preview.stderr, /zia: GitHub knows no user zia/)
      const choosing = join(world.cwd, "choices.csv")
      yield* Effect.promise(() => writeFile(choosing, "username,deal\nzoe,\nzia,4\n"))
      const unpreviewed = yield* run(world, "track", "--from", choosing, "--dry-run")
      assert.deepStrictEqual([unpreviewed.code, unpreviewed.stdout], [2, ""])
      assert.include(
        unpreviewed.stderr,
        "--dry-run does not count the columns deal and person (line 3): leave them out"
      )
      const many = yield* done(world, "track", "--from", list)
      assert.match(many.stdout, /^Tracking zia .*\nAlready tracked: zoe /)
      assert.match(many.stderr, /^Warning: GitHub knows no user zia\./m)
      assert.notInclude(many.stderr, "Zoe has")
      assert.notInclude(many.stderr, "The rules hold")
      const ruled = join(world.cwd, "rules.csv")
      yield* Effect.promise(() => writeFile(ruled, "username,include\nzoe,*.md\n"))
      const changed = yield* done(world, "track", "--from", ruled)
      assert.include(changed.stderr, "The rules hold for files that are found from now on.")

      const ended = yield* run(world, "untrack", "zoe", "nobody-here", "@zia")
      assert.strictEqual(ended.code, 1)
      assert.match(ended.stdout, /^No longer tracking zoe .*\nNo longer tracking zia /)
      assert.include(ended.stderr, "nobody-here is not tracked")
      const one = yield* done(world, "untrack", "zoee", "--json")
      assert.strictEqual(one.json.login, "zoee")
    })
  )

  it.effect("a dry run shows what tracking would publish, and stores nothing", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      world.github.addUser("dry")
      world.github.addGist("dry", { files: { "a.txt": "a", "b.txt": "b" } })
      const text = yield* done(world, "track", "dry", "--dry-run")
      assert.match(text.stdout, /1 gist with 2 files/)
      assert.match(text.stdout, /2 activities would be created/)
      assert.match(text.stdout, /^person +dry \(new\)\norganization +none\nfirst file +at most 55 tokens$/m)
      assert.match(text.stdout, /^Pipedrive +at most 60 tokens, less than 1% of a day's 30,000$/m)
      const { json } = yield* done(world, "track", "dry", "--dry-run", "--json")
      yield* fits(Preview, json)
      assert.strictEqual(json.tokens, 2 * 5 + 25 + 25)
      world.github.addUser("damp")
      const twice = yield* done(world, "track", "dry", "damp", "Dry", "github.com/DRY", "--dry-run", "--json")
      assert.deepStrictEqual(
        twice.json.map(({ login }: { readonly login: string }) => login),
        ["dry", "damp"]
      )
      assert.deepStrictEqual((yield* done(world, "users", "--json")).json, [])

      const unknown = yield* run(world, "track", "nobody-here", "--dry-run")
      assert.strictEqual(unknown.code, 1)
      assert.include(unknown.stderr, "GitHub knows no user nobody-here")
    })
  )

  it.effect("scan, latest, history, status and migrate", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const { github, pipedrive } = world
      github.addUser("octo")
      github.addGist("octo", { files: { "one.md": "<b>1</b>" }, createdAt: "2024-01-01T00:00:00Z" })
      github.addGist("octo", { files: { "two\u001b[31m.md": "2" }, createdAt: "2024-01-02T00:00:00Z" })
      yield* done(world, "track", "octo")

      const scan = yield* done(world, "scan")
      assert.match(scan.stdout, /^All users: 1 user scanned, 0 unchanged, 2 new files$/m)
      assert.match(scan.stdout, /^2 files published$/m)
      assert.include(scan.stderr, "Scanning all users")
      assert.strictEqual(pipedrive.activities.length, 2)

      const again = yield* done(world, "scan", "octo", "--json")
      yield* fits(Schema.Array(ScanDetails), again.json.scans)
      assert.strictEqual(again.json.scans[0].scan.login, "octo")
      assert.strictEqual(again.json.scans[0].scan.unchanged, 1)
      assert.deepStrictEqual(again.json.publishing, {
        state: "on",
        message: null,
        published: 0,
        failed: 0,
        gone: 0,
        left: 0,
        due_at: null
      })
      assert.strictEqual(pipedrive.activities.length, 2)

      const visit = yield* done(world, "latest", "octo")
      assert.strictEqual(visit.stdout.split("\n").length, 4)
      assert.include(visit.stdout, "two\\u{1b}[31m.md")
      assert.notInclude(visit.stdout, "\u001b")
      assert.strictEqual((yield* done(world, "latest", "octo", "--again")).stdout, visit.stdout)
      assert.include(
        (yield* done(world, "latest", "octo", "--again", "--visitor", "Nobody")).stderr,
        "octo has no visit yet"
      )
      const empty = yield* done(world, "latest", "octo")
      assert.strictEqual(empty.stdout, "")
      assert.include(empty.stderr, "no new files")
      const other = yield* done(world, "latest", "octo", "--visitor", "Jane D.", "--json")
      yield* fits(Visit, other.json)
      assert.strictEqual(other.json.visitor, "Jane D.")
      assert.strictEqual(other.json.files.length, 2)

      const all = yield* done(world, "history", "octo", "--json")
      yield* fits(Schema.Array(GistFile), all.json)
      assert.deepStrictEqual(all.json.map(({ filename }: { filename: string }) => filename).sort(), [
        "one.md",
        "two\u001b[31m.md"
      ])
      const page = yield* done(world, "history", "octo", "--limit", "1")
      assert.strictEqual(page.stdout.trimEnd().split("\n").length, 2)
      assert.include(page.stderr, `--after ${all.json[0].id}`)
      const rest = yield* done(world, "history", "octo", "--limit", "5", "--after", String(all.json[0].id), "--json")
      assert.deepStrictEqual(rest.json, [all.json[1]])
      assert.include(
        (yield* done(world, "history", "octo", "--after", String(all.json[1].id))).stderr,
        "no older files"
      )

      const status = yield* done(world, "status", "--json")
      yield* fits(Status, status.json)
      assert.strictEqual(status.json.publications.pending, 0)
      assert.match((yield* done(world, "status")).stdout, /^publishing +on$/m)
      const shown = (yield* done(world, "status")).stdout
      assert.match(shown, /^next scan +due at \d{4}-\S+Z; needs a running server or `gitpip scan`$/m)
      assert.match(shown, /^checks +[\d,]+ an hour needed, [\d,]+ allowed; each user every \d+ (minute|hour|s)/m)

      assert.deepStrictEqual(
        (yield* done(world, "migrate", "--json")).json,
        Object.keys(migrations).map((migration) => {
          const [id, name] = migration.split("_")
          return { id: Number(id), name }
        })
      )
      assert.include((yield* done(world, "migrate")).stdout, "up to date: schema 9\nSCHEMA  NAME")
      for (const command of ["latest", "history"]) {
        assert.strictEqual((yield* run(world, command, "stranger")).code, 1, command)
      }
      yield* done(world, "untrack", "octo")
    })
  )

  it.effect("retry lists all that failed, also more than one page of them", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      yield* done(world, "track", "octocat")
      yield* within(Redacted.make(world.env.POSTGRES_CONNECTION_STRING), (sql) =>
        sql.unsafe(`
          with scan as (
            insert into scans (kind, state, requested_at) values ('requested', 'done', now()) returning key
          ), file as (
            insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
            select users.key, scan.key, 'g' || n, 'a.md', 'https://gist.github.com/' || n, 1, now(), now(), now()
            from users, scan, generate_series(1, 1001) n returning key, user_key
          )
          insert into publications (file_key, user_key, state, start_tag, due_at, created_at, backlog)
          select key, user_key, 'failed', 1, now(), now(), false from file`)
      )
      assert.lengthOf((yield* done(world, "retry", "--json")).json, 1_001)
    })
  )

  it.effect("skip leaves files out, and retry publishes them after all", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("sam")
      world.github.addGist("sam", { files: { "a.txt": "a", "b.lock": "b", "c.txt": "c" } })
      const withRules = { ...world, env: { ...world.env, GITPIP_EXCLUDE: "*.lock" } }
      const preview = yield* done(withRules, "track", "sam", "--dry-run")
      assert.match(preview.stdout, /^skipped +1 file left out by rules$/m)
      assert.match(preview.stdout, /^activities +2 activities/m)
      yield* done(withRules, "track", "sam")
      world.pipedrive.injectFault(
        { kind: "status", status: 400, body: { success: false, error: "no" } },
        {
          times: Number.POSITIVE_INFINITY,
          when: ({ method, route }) => method === "POST" && route === "/api/v2/activities"
        }
      )
      yield* run(withRules, "scan")
      const { json } = yield* done(withRules, "history", "sam", "--json")
      const ids: Record<string, number> = Object.fromEntries(
        json.map((file: typeof GistFile.Encoded) => [file.filename, file.publication_id])
      )
      const skipped = yield* run(withRules, "skip", `${ids["a.txt"]}`, `${ids["b.lock"]}`)
      assert.strictEqual(skipped.code, 1)
      assert.match(skipped.stdout, /skipped +sam +a\.txt +A person skipped the file/)
      assert.include(
        skipped.stderr,
        `Publication ${ids["b.lock"]} is skipped; only a pending or failed one can be skipped`
      )
      assert.deepInclude((yield* done(withRules, "users", "sam", "--json")).json.counts, { failed: 1, skipped: 2 })
      world.pipedrive.clearFaults()
      yield* done(withRules, "retry", "--all")
      yield* done(withRules, "retry", `${ids["b.lock"]}`)
      yield* done(withRules, "scan")
      assert.deepStrictEqual(world.pipedrive.activities.map(({ subject }) => subject).toSorted(), ["b.lock", "c.txt"])
    })
  )

  it.effect("retry lists, tries some, tries all", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const { github, pipedrive } = world
      assert.include((yield* done(world, "retry")).stderr, "No publication has failed")
      assert.deepStrictEqual((yield* done(world, "retry", "--json")).json, [])
      assert.deepStrictEqual((yield* done(world, "retry", "--all", "--json")).json, { retried: 0 })

      github.addUser("rita")
      for (const name of ["a.txt", "b.txt", "c.txt"]) github.addGist("rita", { files: { [name]: name } })
      yield* done(world, "track", "rita")
      const before = pipedrive.activities.length
      pipedrive.injectFault(
        { kind: "status", status: 400, body: { success: false, error: "subject is not liked" } },
        { times: 3, when: ({ method, route }) => method === "POST" && route === "/api/v2/activities" }
      )
      const failed = yield* run(world, "scan")
      assert.strictEqual(failed.code, 1)
      assert.match(failed.stdout, /0 files published, 3 not/)
      assert.match(failed.stderr, /3 files could not be published: `gitpip retry`/)

      const listed = yield* done(world, "retry", "--json")
      yield* fits(Schema.Array(Publication), listed.json)
      assert.strictEqual(listed.json.length, 3)
      assert.include((yield* done(world, "retry")).stdout, "subject is not liked")

      const id = String(listed.json[0].id)
      const mixed = yield* run(world, "retry", id, "9007199254740991", "--json")
      assert.strictEqual(mixed.code, 1)
      assert.deepStrictEqual(
        mixed.json.map((publication: { id: number; state: string }) => [String(publication.id), publication.state]),
        [[id, "pending"]]
      )
      assert.include(mixed.stderr, "There is no publication 9007199254740991")
      const absent = yield* run(world, "retry", "9007199254740991")
      assert.strictEqual(
        absent.stderr,
        "There is no publication 9007199254740991, so nothing was retried. `gitpip retry` lists failed publications.\n"
      )
      const twice = yield* run(world, "retry", id)
      assert.strictEqual(twice.code, 1)
      assert.include(twice.stderr, `Publication ${id} is pending`)

      assert.strictEqual((yield* done(world, "retry", "--all")).stdout, "2 publications will be tried again\n")
      assert.match((yield* done(world, "scan")).stdout, /3 files published/)
      assert.strictEqual(pipedrive.activities.length, before + 3)
      yield* done(world, "untrack", "rita")
    })
  )

  it.effect("without Pipedrive nothing is published, which is not a failure", () =>
    Effect.gen(function* () {
      const world = without(yield* TheWorld, "PIPEDRIVE_TOKEN", "PIPEDRIVE_API_URL")
      world.github.addUser("quiet")
      world.github.addGist("quiet", { files: { "x.txt": "x" } })
      yield* done(world, "track", "quiet")
      const { json } = yield* done(world, "scan", "quiet", "--json")
      assert.strictEqual(json.publishing.state, "off")
      assert.strictEqual(json.publishing.left, 1)
      assert.match((yield* done(world, "status")).stdout, /publishing +off: PIPEDRIVE_TOKEN/)
    })
  )
})
