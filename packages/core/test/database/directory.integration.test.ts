/** The embedded database's files are its owner's alone, and nobody can lead it into files of theirs. */
import { spawn } from "node:child_process"
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DamagedFiles, prepare, refusal, UnsafeDirectory } from "../../src/database/embedded/directory.ts"

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-test-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
)

const isRoot = process.getuid?.() === 0
const mode = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8)

/** Why the directory is not used. */
const refused = async (directory: string): Promise<string> => {
  try {
    await prepare(directory)
  } catch (error) {
    assert.instanceOf(error, UnsafeDirectory)
    return (error as Error).message
  }
  return assert.fail("was used")
}

/** Runs a script in a process of its own, and answers what it printed. */
const script = (code: string, options: { readonly uid?: number } = {}) =>
  Effect.callback<string>((resume) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { ...options, cwd: "/" })
    let said = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (said += part))
    child.once("close", () => resume(Effect.succeed(said)))
  })

const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)

describe("a data directory", () => {
  it.live("a data directory is its owner's alone, however careless the umask", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporary, "new", "data")
      // Stays open until it is killed, as in a crash.
      const database = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [
            "--input-type=module",
            "-e",
            `process.umask(0)
               const { Effect } = await import("effect")
               const { start } = await import(${source("database/embedded/embedded.ts")})
               await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
                 yield* start(${JSON.stringify(directory)})
                 console.log("open")
                 yield* Effect.never
               })))`
          ])
        ),
        (child) => Effect.sync(() => void child.kill("SIGKILL"))
      )
      yield* Effect.callback<void>((resume) => {
        let said = ""
        database.stderr.setEncoding("utf8").on("data", (text) => (said += text))
        database.stdout.once("data", () => resume(Effect.void))
        database.once("exit", () => resume(Effect.die(new Error(said))))
      })
      assert.deepStrictEqual(
        yield* Effect.promise(() => Promise.all(["", "postgres", "lock"].map((name) => mode(join(directory, name))))),
        ["700", "700", "600"]
      )
      assert.isAbove((yield* Effect.promise(() => readdir(join(directory, "postgres")))).length, 10)
      if (isRoot) {
        yield* Effect.promise(() =>
          Promise.all([join(directory, "../.."), join(directory, ".."), directory].map((path) => chmod(path, 0o755)))
        )
        // Even when somebody opens the directory, the database in it stays shut.
        const code = `import { readdirSync, readFileSync } from "node:fs"
            for (const [read, path] of [[readdirSync, "postgres"], [readFileSync, "postgres/PG_VERSION"], [readFileSync, "lock"]])
              try { read(${JSON.stringify(directory)} + "/" + path); console.log("read " + path) } catch (error) { console.log(error.code) }`
        assert.strictEqual(yield* script(code, { uid: 65_534 }), "EACCES\nEACCES\nEACCES\n")
      }
    })
  )

  it.live("a data directory of an earlier version is shut, and its surroundings stay as they are", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* Effect.promise(async () => {
        await chmod(directory, 0o755)
        await mkdir(join(directory, "postgres"))
        await chmod(join(directory, "postgres"), 0o777)
        await prepare(directory)
        assert.deepStrictEqual([await mode(directory), await mode(join(directory, "postgres"))], ["755", "700"])
      })
    })
  )

  it.live("a data directory that is a file, or whose database is a link, is refused", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const elsewhere = yield* temporary
      yield* Effect.promise(async () => {
        await symlink(elsewhere, join(directory, "postgres"))
        assert.match(await refused(directory), /postgres is a link.*GITPIP_DATA_DIR/)
        assert.deepStrictEqual(await readdir(elsewhere), [])
        assert.match(await refused(process.execPath), /is no directory.*GITPIP_DATA_DIR/)
        // Where a link leads to is its owner's own choice.
        await rm(join(directory, "postgres"))
        await symlink(directory, join(elsewhere, "link"))
        await prepare(join(elsewhere, "link"))
        assert.deepStrictEqual(await readdir(directory), ["postgres"])
      })
    })
  )

  it.live(
    "a folder named postgres that holds other files, or a part of a database, is refused and stays as it is",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        yield* Effect.promise(async () => {
          const folder = join(directory, "postgres")
          await mkdir(join(folder, "init"), { recursive: true })
          await writeFile(join(folder, "init", "01.sql"), "precious")
          await chmod(folder, 0o755)
          const error = await prepare(directory).catch((error) => error)
          assert.instanceOf(error, DamagedFiles)
          assert.match(error.message, /postgres is not empty, and holds no database.*restore a complete backup/)
          assert.strictEqual(await readFile(join(folder, "init", "01.sql"), "utf8"), "precious")
          assert.strictEqual(await mode(folder), "755")
        })
      })
  )

  const of = (uid: number, kind: "directory" | "link" = "directory") => ({
    uid,
    isDirectory: () => kind === "directory",
    isSymbolicLink: () => kind === "link"
  })

  it("a data directory of another user's is refused, and so is a link of another user's", () => {
    assert.match(refusal({ link: of(7), target: of(7) }, 1_000) ?? "", /belongs to another user \(number 7\)/)
    assert.match(
      refusal({ link: of(7, "link"), target: of(1_000) }, 1_000) ?? "",
      /link of another user's \(number 7\)/
    )
    assert.match(refusal({ link: of(1_000, "link"), target: of(7) }, 1_000) ?? "", /belongs to another/)
  })

  it("a data directory of one's own or of root's is used, and any by root, who has others' in containers", () => {
    for (const [link, target, me] of [
      [of(1_000), of(1_000), 1_000],
      [of(0), of(0), 1_000],
      [of(0, "link"), of(1_000), 1_000],
      [of(1_000), of(1_000), 0],
      [of(7), of(7), undefined]
    ] as const) {
      assert.isUndefined(refusal({ link, target }, me))
    }
  })

  it.live.skipIf(!isRoot)("a data directory of another user's is refused by the database itself", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* Effect.promise(async () => {
        await chown(directory, 1_234, 1_234)
        await chmod(directory, 0o777)
      })
      const said = yield* script(
        `const { Effect } = await import(${JSON.stringify(import.meta.resolve("effect"))})
         const { start } = await import(${source("database/embedded/embedded.ts")})
         console.log((await Effect.runPromise(Effect.flip(Effect.scoped(start(${JSON.stringify(directory)}))))).message)`,
        { uid: 65_534 }
      )
      assert.match(said, /belongs to another user \(number 1234\).*GITPIP_DATA_DIR/)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(directory)), [])
    })
  )
})
