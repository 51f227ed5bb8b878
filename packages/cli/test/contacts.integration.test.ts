/** `track` takes users from lists, and `doctor --fix` creates the field that one of the lists needs. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { directory, makeWorld, TheWorld, withEnv } from "./process.ts"

layer(TheWorld.layer, { excludeTestServices: true })("track with a list", (it) => {
  it.effect("says what it would cost, then tracks, and tracks nobody twice", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      for (const login of ["ann", "bob", "cy"]) world.github.addUser(login)
      world.github.addUser("helper", { type: "Bot" })
      world.github.setMembers("acme", ["ann", "bob", "cy", "helper"])
      yield* done(world, "track", "bob")

      const preview = yield* done(world, "track", "--org", "https://github.com/acme", "--dry-run")
      assert.match(preview.stdout, /new +2\n/)
      assert.match(preview.stdout, /left out +1 organization or bot/)
      assert.strictEqual((yield* done(world, "users", "--json")).json.length, 1)

      const tracked = yield* done(world, "track", "--org", "acme")
      assert.match(tracked.stdout, /tracked now +2 users\ntracked before +1 user/)
      assert.include(tracked.stderr, "gitpip scan")
      const again = yield* done(world, "track", "--org", "acme", "--json")
      assert.deepInclude(again.json, { source: "org:acme", new: 0, tracked: 3, left_out: 1, is_cut: false })
    })
  )

  it.effect("goes on where a limit stopped it, and says so", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("octocat")
      const logins = Array.from({ length: 250 }, (_, n) => `user-${n}`)
      for (const login of logins) world.github.addUser(login)
      world.github.setFollowers("octocat", logins)
      world.github.injectFault({ kind: "status", status: 503 }, { when: ({ query }) => query.page === "2" })
      const stopped = yield* run(world, "track", "--followers-of", "octocat")
      assert.strictEqual(stopped.code, 1)
      assert.include(
        stopped.stderr,
        "100 users tracked before the failure. Within a day the same command goes on where the list was."
      )
      assert.deepStrictEqual(stopped.stderr.match(/Run the command again.*/g)?.length, 1)
      assert.match(stopped.stderr, /Run the command again after \d{4}-\d\d-\d\dT[\d:]{8}Z\./)
      const rest = yield* done(world, "track", "--followers-of", "octocat", "--json")
      assert.deepInclude(rest.json, { new: 150, tracked: 0 })
      const unread = yield* run(world, "track", "--org", "nobody", "--dry-run")
      assert.deepStrictEqual([unread.code, unread.stdout], [1, ""])
      assert.include(unread.stderr, "GitHub knows no organization nobody")
    })
  )

  it.effect("of Pipedrive's persons needs the field, which doctor creates after a yes", () =>
    Effect.gen(function* () {
      const bare = yield* makeWorld()
      const world = withEnv(bare, { GITPIP_PERSON_FIELD: "GitHub" })
      assert.include((yield* run(bare, "track", "--pipedrive")).stderr, "Set GITPIP_PERSON_FIELD")
      const missing = yield* run(world, "doctor")
      assert.strictEqual(missing.code, 1)
      assert.include(missing.stdout, "`gitpip doctor --fix` creates the field of persons")

      const unasked = yield* run(world, "doctor", "--fix")
      assert.strictEqual(unasked.code, 2)
      assert.include(unasked.stderr, 'Give --yes as well to create the field "GitHub"')
      assert.strictEqual(world.pipedrive.count("POST", "/api/v2/personFields"), 0)
      const fixed = yield* done(world, "doctor", "--fix", "--yes")
      assert.include(fixed.stderr, 'Created the field "GitHub" of persons in Pipedrive.')
      const again = yield* done(world, "doctor", "--fix", "--yes")
      assert.include(again.stderr, "Pipedrive lacks no field")
      assert.strictEqual(world.pipedrive.count("POST", "/api/v2/personFields"), 1)

      world.github.addUser("ann")
      const [{ key } = { key: "" }] = world.pipedrive.setup.personFields
      const person = world.pipedrive.addPerson({ name: "Ann", custom_fields: { [key]: "@ann" } })
      const tracked = yield* done(world, "track", "--pipedrive", "--json")
      assert.deepStrictEqual(tracked.json.contacts, [{ login: "ann", person_id: person, state: "new" }])
    })
  )

  it.effect("in a file brings back nobody whom somebody forgot, and says so", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      for (const login of ["ann", "bob", "cid"]) world.github.addUser(login)
      world.github.addGist("cid", { files: { "a.md": "a" } })
      yield* done(world, "track", "ann", "bob", "cid")
      yield* done(world, "untrack", "bob")
      yield* done(world, "forget", "cid", "--yes")
      const file = join(yield* directory, "contacts.csv")
      yield* Effect.promise(() => writeFile(file, "username\nann\nCID\nbob\n"))

      const preview = yield* done(world, "track", "--from", file, "--dry-run")
      assert.include(preview.stderr, "Left out 1 user whom somebody forgot: CID. To track one again: gitpip track CID")
      assert.include(preview.stderr, "Would track 1 user again whom somebody untracked: bob")
      assert.notMatch(preview.stdout, /cid/i)
      assert.match(preview.stdout, /users +2\n/)

      const tracked = yield* done(world, "track", "--from", file)
      assert.include(tracked.stderr, "Left out 1 user whom somebody forgot: CID. To track one again: gitpip track CID")
      assert.include(tracked.stderr, "Tracking 1 user again whom somebody untracked: bob")
      assert.strictEqual(tracked.stdout, "Already tracked: ann (id 1)\nTracking bob (id 2)\n")

      const named = yield* done(world, "track", "cid")
      assert.match(named.stdout, /^Tracking cid/)
      assert.include(named.stderr, "except those that were published before their user was forgotten")
    })
  )
})
