/**
 * Resident memory of `gitpip serve` with 1,000 users: on PostgreSQL, and on the embedded database with a bare PGlite beside it.
 * See README.md. Linux only.
 *
 *     node packages/cli/bench/memory.ts [postgres | embedded] [the program, in place of this checkout's]
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { postgres, service } from "../../core/bench/support/bench.ts"

const users = 1_000
const publishers = 20
const [, , database = "", program = fileURLToPath(new URL("../bin/gitpip.js", import.meta.url))] = process.argv
const directory = mkdtempSync(join(tmpdir(), "gitpip-memory-"))

/** In MB: at present, and at most since the last call. */
const memoryOf = ({ pid }: ChildProcess) => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const of = (name: string) => Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1_000)
  const found = { now: of("VmRSS"), peak: of("VmHWM") }
  // Resets the peak: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
  writeFileSync(`/proc/${pid}/clear_refs`, "5")
  return found
}

const line = (what: string, child: ChildProcess): void => {
  const { now, peak } = memoryOf(child)
  process.stdout.write(`${what.padEnd(52)} ${String(now).padStart(5)} MB ${String(peak).padStart(7)} MB\n`)
}

/** Starts a script, and waits until its output has the text. */
const start = async (args: ReadonlyArray<string>, text: string, env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [...(process.env.FLAGS?.split(" ") ?? []), ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, GITPIP_FEED: "false", GITPIP_PORT: "0", GITPIP_DATA_DIR: "data", ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  await saying(child, text)
  return child
}

const saying = (child: ChildProcess, text: string) =>
  new Promise<void>((resolve, reject) => {
    const read = (said: Buffer) => {
      if (!said.includes(text)) return
      child.stdout?.off("data", read).resume()
      resolve()
    }
    child.stdout?.on("data", read)
    child.once("close", (code) => reject(new Error(`The process ended with ${code} before it said ${text}`)))
  })

const stop = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    child.once("close", () => resolve())
    child.kill("SIGTERM")
  })

/** The optimizing compiler runs in the background, for some seconds after the start. */
const idle = () => pause(10_000)

const bare = `import { PGlite } from "${import.meta.resolve("@electric-sql/pglite", new URL("../../core/src/", import.meta.url))}"
await PGlite.create(process.argv[1])
console.log("open")
setInterval(() => {}, 1000)`

const track = async (from: number, count: number, env: Record<string, string>) => {
  const list = join(directory, "users.txt")
  writeFileSync(list, Array.from({ length: count }, (_, n) => `user-${n + from}`).join("\n"))
  const child = spawn(process.execPath, [program, "track", "--from", list], {
    env: { PATH: process.env.PATH, ...env },
    stdio: "ignore"
  })
  await new Promise((resolve) => child.once("close", resolve))
}

const onPostgres = async (github: string, pipedrive: string, [scanned, published]: [string, string]) => {
  const port = "18473"
  const env = { GITHUB_API_URL: github, GITHUB_TOKEN: "t", GITPIP_PORT: port, GITPIP_SCAN_INTERVAL: "10 hours" }
  const serve = (more: Record<string, string>) =>
    start([program, "serve", "--json"], "http.listening", { ...env, ...more })
  await track(1, users, { POSTGRES_CONNECTION_STRING: scanned })
  // The first scan of all users begins with the server.
  let server = await serve({ POSTGRES_CONNECTION_STRING: scanned })
  await saying(server, "scan.ended")
  line("PostgreSQL: scanned 1,000 new users, 3 files each", server)
  await idle()
  line("PostgreSQL: scanned, 10 seconds later", server)
  await stop(server)
  server = await serve({ POSTGRES_CONNECTION_STRING: scanned })
  await idle()
  line("PostgreSQL: idle, 10 seconds after the start", server)
  await stop(server)
  // Few users: each one's deal is found at the pace of Pipedrive's search limit.
  await track(users + 1, publishers, { POSTGRES_CONNECTION_STRING: published })
  server = await serve({
    POSTGRES_CONNECTION_STRING: published,
    PIPEDRIVE_TOKEN: "pipedrive-token",
    PIPEDRIVE_API_URL: pipedrive
  })
  await done(port)
  line("PostgreSQL: scanned and published 3,000 files", server)
  await idle()
  line("PostgreSQL: published, 10 seconds later", server)
  await stop(server)
}

interface Status {
  readonly last_scan: object | null
  readonly publications: { readonly pending: number; readonly sending: number }
}

/** Waits until a scan has ended and all that it found is published. */
const done = async (port: string): Promise<void> => {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/status`)
    const { last_scan, publications } = (await response.json()) as Status
    if (last_scan !== null && publications.pending + publications.sending === 0) return
    await pause(500)
  }
}

const embedded = async (github: string) => {
  for (const what of ["made", "opened again"]) {
    const child = await start(["--input-type=module", "--eval", bare, join(directory, "bare")], "open")
    line(`bare PGlite: ${what}`, child)
    await idle()
    line(`bare PGlite: ${what}, 10 seconds later`, child)
    await stop(child)
  }
  const env = { GITPIP_DATA_DIR: join(directory, "data"), GITHUB_API_URL: github, GITHUB_TOKEN: "t" }
  const serve = () => start([program, "serve", "--json"], "http.listening", env)
  let server = await serve()
  line("embedded: made", server)
  await idle()
  line("embedded: made, 10 seconds later", server)
  await stop(server)
  await track(1, users, env)
  server = await serve()
  line("embedded: opened again", server)
  const { url } = JSON.parse(readFileSync(join(directory, "data/server.json"), "utf8"))
  await fetch(new URL("/scans", url), { method: "POST" })
  await saying(server, "scan.ended")
  line("embedded: scanned 1,000 new users", server)
  await idle()
  line("embedded: scanned, 10 seconds later", server)
  await stop(server)
}

process.stdout.write(`${"".padEnd(52)}      now  highest\n`)
await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const github = yield* service("github")
      yield* github.call("gists", { from: 1, users, files: [1, 2], bytes: 200 })
      yield* github.call("gists", { from: users + 1, users: publishers, files: [50, 50, 50], bytes: 200 })
      if (database !== "embedded") {
        const pipedrive = yield* service("pipedrive")
        const newDatabase = yield* postgres
        const urls: [string, string] = [yield* newDatabase, yield* newDatabase]
        yield* Effect.promise(() => onPostgres(github.url, pipedrive.url, urls))
      }
      if (database !== "postgres") yield* Effect.promise(() => embedded(github.url))
    })
  )
).finally(() => rmSync(directory, { recursive: true, force: true }))
