/** The duration of a command that does nothing, compared with a Node.js that does nothing. See README.md. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"

const runs = 20
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

const median = (times: ReadonlyArray<number>): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN

try {
  // The first run of each command fills caches and creates the database, and does not count.
  for (const one of cases) once(one)
  const times = cases.map((): Array<number> => [])
  // Alternating, so that other load of the machine affects all alike.
  for (let run = 0; run < runs; run++) for (const [index, one] of cases.entries()) times[index]?.push(once(one))
  const base = median(times[0] ?? [])
  const lines = cases.map(({ name }, index) => {
    const took = median(times[index] ?? [])
    return `${name.padEnd(48)} ${took.toFixed(1).padStart(8)} ms ${(took / base).toFixed(2).padStart(7)}x`
  })
  process.stdout.write(`Node.js ${process.versions.node}, median of ${runs} alternating runs\n${lines.join("\n")}\n`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
