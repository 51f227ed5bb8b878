/** Many users at once, all state to another database, and new files in the browser. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fill } from "../../core/test/database.ts"
import { done, run } from "./inProcess.ts"
import { makeWorld, withEnv, without } from "./process.ts"

describe("from one database to another", () => {
  it.live("users come from a file, line by line; state goes to a file and from there to the embedded database", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      const list = "username,id\nann,7\nnot ok,8\nbob,7\n\ncid,x\ndan\n"
      yield* Effect.promise(() => writeFile(join(world.cwd, "list.csv"), list))
      const tracked = yield* run(world, "track", "eve", "--from", "list.csv")
      assert.strictEqual(tracked.code, 1)
      assert.strictEqual(tracked.stdout, "Tracking eve (id 1)\nTracking ann (id 7)\nTracking dan (id 8)\n")
      assert.match(tracked.stderr, /3 users could not be tracked:/)
      assert.match(tracked.stderr, /^ {2}- line 3: username "not ok": a GitHub username has/m)
      assert.match(tracked.stderr, /^ {2}- line 4: bob: .*id 7 belongs to ann/m)
      assert.match(tracked.stderr, /^ {2}- line 6: id "x": an id is a whole number from 1/m)
      yield* run(world, "scan")
      assert.strictEqual(world.pipedrive.activities.length, 1)

      const exported = yield* done(world, "export", "state.jsonl.gz", "--json")
      assert.deepInclude(exported.json, { users: 3, gist_files: 1, publications: 1 })
      const elsewhere = withEnv(without(world, "POSTGRES_CONNECTION_STRING"), { GITPIP_DATA_DIR: "elsewhere" })
      yield* Effect.promise(() => mkdir(join(world.cwd, "elsewhere"), { mode: 0o700 }))
      yield* fill(join(world.cwd, "elsewhere"))
      const imported = yield* done(elsewhere, "import", "state.jsonl.gz", "--json")
      assert.deepStrictEqual(imported.json, exported.json)

      const absent = yield* run(elsewhere, "import", "absent.jsonl")
      assert.match(absent.stderr, /absent\.jsonl cannot be read: .*no such file/)
      assert.notInclude(absent.stderr, "not empty")

      // A browser that writes down what it was given.
      const bin = join(world.cwd, "bin")
      yield* Effect.promise(async () => {
        await mkdir(bin)
        await writeFile(join(bin, "xdg-open"), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > "$0.opened"\n`)
        await chmod(join(bin, "xdg-open"), 0o755)
      })
      const browsing = withEnv(elsewhere, { PATH: `${bin}:${process.env.PATH}` })
      const { json } = yield* done(browsing, "latest", "ann", "--open", "--json")
      const opened = yield* Effect.promise(async () => {
        for (;;) {
          const text = await readFile(join(bin, "xdg-open.opened"), "utf8").catch(() => "")
          if (text.endsWith("\n")) return text
        }
      })
      assert.strictEqual(opened, `1\n${json.files[0].html_url}\n`)
      const none = yield* run(withEnv(elsewhere, { PATH: "/nowhere" }), "latest", "ann", "--open", "--again")
      assert.strictEqual(none.code, 1)
      assert.match(none.stderr, /No browser was opened: xdg-open is not installed/)
      assert.strictEqual(world.pipedrive.activities.length, 1)
    })
  )
})
