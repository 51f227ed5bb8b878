/** Gitpip's server against the same queries in bare `node:http` + `pg`, in turns. See README.md. */
import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import pg from "pg"
import { startPostgres } from "../../core/test/postgres.ts"
import { type Load, run } from "./load.ts"

const connections = 64
const rounds = 5
const millis = 1_200
const users = 100
const filesPerUser = 5

const calls: Record<string, Load["next"]> = {
  "GET /health": () => ["GET", "/health"],
  [`GET /users (${users} users)`]: () => ["GET", "/users"],
  "POST /latestgists (nothing new)": (n) => ["POST", `/latestgists/user-${(n % users) + 1}`],
  // A new visitor sees all of the user's files.
  [`POST /latestgists (${filesPerUser} new files)`]: (n) => [
    "POST",
    `/latestgists/user-${(n % users) + 1}?visitor=v${visitor++}`
  ]
}
let visitor = 0

const main = async () => {
  // The disk is not measured.
  const postgres = await startPostgres(["-c", "fsync=off", "-c", "synchronous_commit=off"])
  const { url } = postgres
  const children: Array<ChildProcess> = []
  try {
    // Gitpip starts first, because it creates the schema.
    const gitpip = await start("gitpip.ts", url, children)
    await seed(url)
    const bare = await start("bare.js", url, children)

    const rates: Record<string, { gitpip: Array<number>; bare: Array<number> }> = {}
    for (const [call, next] of Object.entries(calls)) {
      rates[call] = { gitpip: [], bare: [] }
      for (const port of [gitpip, bare]) await run({ port, connections, millis: 1_000, next })
    }
    for (let round = 0; round < rounds; round++) {
      for (const [call, next] of Object.entries(calls)) {
        // The order alternates, so that neither always runs second.
        for (const who of round % 2 === 0 ? (["gitpip", "bare"] as const) : (["bare", "gitpip"] as const)) {
          rates[call]?.[who].push(await run({ port: who === "gitpip" ? gitpip : bare, connections, millis, next }))
        }
      }
    }
    say(`${connections} connections, ${rounds} rounds of ${millis} ms each, medians in answers a second`)
    say("")
    say(`${"call".padEnd(38)}${"gitpip".padStart(9)}${"bare".padStart(9)}${"ratio".padStart(8)}`)
    for (const [call, { bare, gitpip }] of Object.entries(rates)) {
      const [ours, theirs] = [median(gitpip), median(bare)]
      say(
        `${call.padEnd(38)}${ours.toFixed(0).padStart(9)}${theirs.toFixed(0).padStart(9)}${(ours / theirs).toFixed(2).padStart(8)}`
      )
    }
  } finally {
    for (const child of children) child.kill()
    await postgres.stop()
  }
}

const start = async (file: string, url: string, children: Array<ChildProcess>): Promise<number> => {
  // The server is measured, not its refusals.
  const limits = { GITPIP_RATE_LIMIT: process.env.GITPIP_RATE_LIMIT ?? "none" }
  const env = { ...process.env, ...limits, POSTGRES_CONNECTION_STRING: url, GITPIP_LOG_LEVEL: "Warn" }
  const child = fork(join(import.meta.dirname, file), { env })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve((message as { port: number }).port))
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)))
  })
}

const seed = async (connectionString: string) => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`
    insert into users (id, username, tracked_at) select n, 'user-' || n, now() from generate_series(1, ${users}) n;
    insert into scans (kind, state, requested_at) values ('scheduled', 'done', now());
    insert into gist_files (user_key, scan_key, gist_id, filename, html_url, raw_url, size, created_at, updated_at, found_at)
      select u.key, s.key, md5(u.key || '-' || n), 'file-' || n || '.ts', 'https://gist.github.com/' || md5(u.key || '-' || n),
        'https://gist.githubusercontent.com/raw/' || md5(u.key || '-' || n), 1000, now(), now(), now()
      from users u, scans s, generate_series(1, ${filesPerUser}) n;
    insert into publications (file_key, user_key, state, start_tag, due_at, created_at)
      select key, user_key, 'pending', key, now(), now() from gist_files;
    -- Not visits: statistics of an empty table would make plans that are only right while it is empty, and this server
    -- does not live long enough for autovacuum to update them.
    analyze users, gist_files, publications;`)
  await client.end()
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const say = (line: string) => process.stdout.write(`${line}\n`)

await main()
