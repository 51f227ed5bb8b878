import { existsSync } from "node:fs"
import { readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { create, lines } from "../src/stateFiles.ts"
import { directory } from "./process.ts"

const written = (file: string, parts: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { close, write } = yield* create(file)
      for (const part of parts) yield* write(part)
      yield* close
    })
  )

const read = (file: string) => Stream.runCollect(lines(file))

describe("a file of state", () => {
  for (const name of ["state.jsonl", "state.jsonl.gz"]) {
    it.live(`is read as it was written: ${name}`, () =>
      Effect.gen(function* () {
        const file = join(yield* directory, name)
        const all = Array.from({ length: 5_000 }, (_, n) => `{"n":${n},"text":"naïve 日本"}`)
        yield* written(file, [`${all.slice(0, 2_500).join("\n")}\n`, `${all.slice(2_500).join("\n")}\n`])
        assert.deepStrictEqual([...(yield* read(file))], all)
        const { mode } = yield* Effect.promise(() => stat(file))
        assert.strictEqual(mode & 0o777, 0o600)
        const bytes = yield* Effect.promise(() => readFile(file))
        const text = name.endsWith(".gz") ? gunzipSync(bytes) : bytes
        assert.strictEqual(text.toString("utf8"), `${all.join("\n")}\n`)
      })
    )
  }

  it.live("never replaces another file, and is deleted when it is not finished", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const file = join(path, "there")
      yield* Effect.promise(() => writeFile(file, "mine"))
      const there = yield* Effect.flip(written(file, ["x"]))
      assert.match(there.message, /already exists, and is unchanged\. Choose another name/)
      assert.strictEqual(yield* Effect.promise(() => readFile(file, "utf8")), "mine")
      for (const name of ["unfinished", "unfinished.gz"]) {
        const unfinished = join(path, name)
        yield* create(unfinished).pipe(
          Effect.tap(({ write }) => write("x")),
          Effect.andThen(Effect.fail("the database is gone")),
          Effect.scoped,
          Effect.ignore
        )
        assert.isFalse(existsSync(unfinished), name)
      }
      const nowhere = yield* Effect.flip(written(join(path, "no", "where"), ["x"]))
      assert.match(nowhere.message, /cannot be written: .*ENOENT/)
    })
  )

  it.live("that cannot be read, or is cut off, is reported", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const missing = yield* Effect.flip(read(join(path, "missing")))
      assert.match(missing.message, /cannot be read: .*ENOENT.* Give a file that `gitpip export` wrote/)
      const compressed = gzipSync("a\n".repeat(10_000))
      for (const [name, bytes] of [
        ["cut.gz", compressed.subarray(0, compressed.length - 10)],
        ["no.gz", Buffer.from("plain")],
        // A damaged letter, and very many zeros, which compress a thousandfold.
        ["damaged", Buffer.from([0x61, 0xff, 0x0a])],
        ["endless.gz", gzipSync(Buffer.alloc(20 * 1024 * 1024))]
      ] as const) {
        yield* Effect.promise(() => writeFile(join(path, name), bytes))
        assert.match((yield* Effect.flip(read(join(path, name)))).message, /cannot be read/)
      }
    })
  )
})
