import { spawn } from "node:child_process"
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Database from "../../src/database/Database.ts"
import { release, take } from "../../src/database/embedded/lockFile.ts"
import { startOf } from "../../src/database/embedded/processStart.ts"
import { read } from "../../src/database/embedded/serverFile.ts"

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-test-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)
const held = Effect.tap(directory, (path) =>
  Effect.acquireRelease(
    Effect.sync(() => take(path)),
    () => Effect.sync(() => release(path))
  )
)
const url = "http://127.0.0.1:8080"
const announced = (path: string, pid = process.pid) => Effect.promise(() => read(path, pid))

describe("the address of the server that has the directory", () => {
  it.effect("a server announces its address to its own user alone, and takes the address back", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Database.announce(path, url)
          assert.strictEqual(yield* announced(path), url)
          const { mode } = yield* Effect.promise(() => stat(join(path, "server.json")))
          assert.strictEqual(mode & 0o777, 0o600)
        })
      )
      assert.isUndefined(yield* announced(path))
    })
  )

  it.effect("a process without the directory announces no address", () =>
    Effect.gen(function* () {
      const path = yield* directory
      yield* Database.announce(path, url)
      assert.isUndefined(yield* announced(path))
    })
  )

  it.effect("an address is believed only when the process that announced it has the lock", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Database.announce(path, url)
      assert.isUndefined(yield* announced(path, process.pid + 1))
    })
  )

  it.effect("an address is not believed when another process has got the dead server's number", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Database.announce(path, url)
      const file = join(path, "server.json")
      const { started, ...rest } = JSON.parse(yield* Effect.promise(() => readFile(file, "utf8")))
      assert.strictEqual(yield* announced(path), url)
      for (const other of [{ ...rest, started: `${started}0` }, rest]) {
        yield* Effect.promise(() => writeFile(file, JSON.stringify(other)))
        assert.isUndefined(yield* announced(path))
      }
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const pid = child.pid ?? 0
      yield* Effect.promise(() => writeFile(file, JSON.stringify({ ...rest, pid, started })))
      assert.isUndefined(yield* announced(path, pid))
      assert.match((yield* Effect.promise(() => startOf(pid))) ?? "", /\d/)
      assert.isUndefined(yield* Effect.promise(() => startOf(2 ** 30)))
    })
  )

  it.effect("an address that cannot be written is not announced, and the server goes on", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Effect.promise(() => mkdir(join(path, "server.json", "in the way"), { recursive: true }))
      yield* Effect.scoped(Database.announce(path, url))
      assert.isUndefined(yield* announced(path))
    })
  )

  it.effect("an address is not believed when other users could have written it, or led to it", () =>
    Effect.gen(function* () {
      const path = yield* held
      yield* Database.announce(path, url)
      const file = join(path, "server.json")
      yield* Effect.promise(() => chmod(file, 0o662))
      assert.isUndefined(yield* announced(path))
      yield* Effect.promise(() => chmod(file, 0o600))
      assert.strictEqual(yield* announced(path), url)
      const elsewhere = join(path, "elsewhere.json")
      yield* Effect.promise(async () => {
        await rename(file, elsewhere)
        await symlink(elsewhere, file)
      })
      assert.isUndefined(yield* announced(path))
    })
  )

  it.effect("an address that makes no sense is ignored", () =>
    Effect.gen(function* () {
      const path = yield* held
      const pid = process.pid
      const started = yield* Effect.promise(() => startOf(pid))
      for (const text of ["", "{", `{"pid":${pid}}`, JSON.stringify({ pid, started, url: "file:///etc/passwd" })]) {
        yield* Effect.promise(() => writeFile(join(path, "server.json"), text, { mode: 0o600 }))
        assert.isUndefined(yield* announced(path), text)
      }
    })
  )
})
