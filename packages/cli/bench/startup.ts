/**
 * The duration of a command that does nothing, compared with a Node.js that does nothing, and of a server's start to its first
 * answer of `/health`. See README.md.
 *
 *     node packages/cli/bench/startup.ts [RUNS]
 */
import { spawn, spawnSync } from "node:child_process"
import { once as onceOf } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { startPostgres } from "../../core/test/postgres.ts"

const runs = Number(process.argv[2] ?? 20)
const gitpip = fileURLToPath(new URL("../bin/gitpip.js", import.meta.url))
const directory = mkdtempSync(join(tmpdir(), "gitpip-startup-"))
const env = {
  PATH: process.env.PATH,
  GITPIP_DATA_DIR: join(directory, "data"),
  NODE_COMPILE_CACHE: join(directory, "cache")
}

const cases: ReadonlyArray<{ readonly name: string; readonly args: ReadonlyArray<string>; readonly exit: number }> = [
  { name: "node -e 0", args: ["-e", "0"], exit: 0 },
  { name: "gitpip --help", args: [gitpip, "--help"], exit: 0 },
  { name: "gitpip --version", args: [gitpip, "--version"], exit: 0 },
  { name: "gitpip track --help", args: [gitpip, "track", "--help"], exit: 0 },
  { name: "gitpip nonsense (a fault in the command line)", args: [gitpip, "nonsense"], exit: 2 },
  { name: "gitpip track 'a b' (a fault that core finds)", args: [gitpip, "track", "a b"], exit: 2 },
  { name: "gitpip users (embedded database, existing)", args: [gitpip, "users"], exit: 0 }
]

const once = ({ args, exit, name }: (typeof cases)[number]): number => {
  const begin = performance.now()
  const { status } = spawnSync(process.execPath, args, { env, stdio: "ignore" })
  const took = performance.now() - begin
  if (status !== exit) throw new Error(`${name} exits with ${status}`)
  return took
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await onceOf(server, "listening")
  const { port } = server.address() as { readonly port: number }
  server.close()
  return port
}

/** From the start of a server to the first answer of `path`. */
const untilAnswer = async (path: string, more: Record<string, string>): Promise<number> => {
  const port = String(await freePort())
  const begin = performance.now()
  const server = spawn(process.execPath, [gitpip, "serve"], {
    env: { ...env, GITPIP_PORT: port, GITPIP_FEED: "false", ...more },
    stdio: "ignore"
  })
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ ok }) => ok,
      () => false
    )
  while (!(await isUp())) await pause(3)
  const took = performance.now() - begin
  server.kill()
  await onceOf(server, "close")
  return took
}

const median = (times: ReadonlyArray<number>): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN

const print = (name: string, took: number, base: number): void => {
  process.stdout.write(
    `${name.padEnd(48)} ${took.toFixed(1).padStart(8)} ms ${(took / base).toFixed(2).padStart(7)}x\n`
  )
}

const postgres = await startPostgres([])
try {
  const servers = [
    ["gitpip serve to /health (PostgreSQL)", "/health", { POSTGRES_CONNECTION_STRING: postgres.url }],
    ["gitpip serve to /status (PostgreSQL)", "/status", { POSTGRES_CONNECTION_STRING: postgres.url }],
    ["gitpip serve to /status (embedded, existing)", "/status", {}]
  ] as const
  // The first run of each command fills caches and creates the database, and does not count.
  for (const one of cases) once(one)
  for (const [, path, more] of servers) await untilAnswer(path, more)
  const times = cases.map((): Array<number> => [])
  const untilUp = servers.map((): Array<number> => [])
  // Alternating, so that other load of the machine affects all alike.
  for (let run = 0; run < runs; run++) {
    for (const [index, one] of cases.entries()) times[index]?.push(once(one))
    for (const [index, [, path, more]] of servers.entries()) untilUp[index]?.push(await untilAnswer(path, more))
  }
  const base = median(times[0] ?? [])
  process.stdout.write(`Node.js ${process.versions.node}, median of ${runs} alternating runs\n`)
  for (const [index, { name }] of cases.entries()) print(name, median(times[index] ?? []), base)
  for (const [index, [name]] of servers.entries()) print(name, median(untilUp[index] ?? []), base)
} finally {
  await postgres.stop()
  rmSync(directory, { recursive: true, force: true })
}
