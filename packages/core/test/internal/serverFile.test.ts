import { chmod, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Database from "../../src/Database.ts"
import { release, take } from "../../src/internal/lockFile.ts"
import { read } from "../../src/internal/serverFile.ts"

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-test-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)
const held = Effect.tap(directory, (path) =>
  Effect.acquireRelease(
    Effect.promise(() => take(path)),
    () => Effect.promise(() => release(path))
  )
)
const url = "http://127.0.0.1:8080"
const told = (path: string, pid = process.pid) => Effect.promise(() => read(path, pid))

describe("where the server is that has the directory", () => {
  it.effect("is told by it, for this user alone, and taken back", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Database.announce(path, url)
          assert.strictEqual(yield* told(path), url)
          const { mode } = yield* Effect.promise(() => stat(join(path, "server.json")))
          assert.strictEqual(mode & 0o777, 0o600)
        })
      )
      assert.isUndefined(yield* told(path))
    })
  )

  it.effect("is not told by a process that has not the directory", () =>
    Effect.gen(function* () {
      const path = yield* directory
      yield* Database.announce(path, url)
      assert.isUndefined(yield* told(path))
    })
  )

  it.effect("is believed of the process alone that has the lock", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Database.announce(path, url)
      assert.isUndefined(yield* told(path, process.pid + 1))
    })
  )

  it.effect("is not believed when others could have written it, or led to it", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Database.announce(path, url)
      const file = join(path, "server.json")
      yield* Effect.promise(() => chmod(file, 0o662))
      assert.isUndefined(yield* told(path))
      yield* Effect.promise(() => chmod(file, 0o600))
      assert.strictEqual(yield* told(path), url)
      const elsewhere = join(path, "elsewhere.json")
      yield* Effect.promise(async () => {
        await writeFile(elsewhere, JSON.stringify({ pid: process.pid, url }), { mode: 0o600 })
        await rm(file)
        await symlink(elsewhere, file)
      })
      assert.isUndefined(yield* told(path))
    })
  )

  it.effect("is nothing when it makes no sense", () =>
    Effect.gen(function* () {
      const path = yield* held
      for (const text of ["", "{", `{"pid":${process.pid}}`, `{"pid":${process.pid},"url":"file:///etc/passwd"}`]) {
        yield* Effect.promise(() => writeFile(join(path, "server.json"), text, { mode: 0o600 }))
        assert.isUndefined(yield* told(path), text)
      }
    })
  )
})
