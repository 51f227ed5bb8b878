/** Gitpip's server against the same statements on Fastify and in bare `node:http`, in turns. See README.md. */
import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"
import pg from "pg"
import { startPostgres } from "../../core/test/postgres.ts"
import { type Load, run } from "./load.ts"

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    millis: { type: "string", default: "1200" },
    /** Part of the names of the calls to measure. */
    only: { type: "string", default: "" }
  }
})
const rounds = Number(options.rounds)
const millis = Number(options.millis)
const connections = 64
const users = 1_000
const filesPerUser = 5

const calls: Record<string, Load["next"]> = {
  "GET /health": () => ["GET", "/health"],
  [`GET /users (${users} users)`]: () => ["GET", "/users"],
  "GET /users (pages of 100)": (n) => ["GET", `/users?limit=100&after=${(n % 10) * 100}`],
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
  const start = (file: string) => startServer(file, url, (child) => children.push(child))
  try {
    // Gitpip starts first, because it creates the schema.
    const gitpip = await start("gitpip.ts")
    await seed(url)
    const servers = { gitpip, fastify: await start("fastify.js"), bare: await start("bare.js") }
    const measured = Object.entries(calls).filter(([call]) => call.includes(options.only))
    const results = measured.map(([call, next]) => ({
      call,
      next,
      of: { gitpip: [], fastify: [], bare: [] } as Results
    }))
    // Until the compilers of all three servers have seen each call often enough.
    for (const { next } of results) {
      for (let round = 0; round < 3; round++) for (const name of names) await measure(servers[name], next)
    }
    for (let round = 0; round < rounds; round++) {
      for (const { next, of } of results) {
        // The order alternates, so that no server always runs last.
        for (const name of round % 2 === 0 ? names : names.toReversed())
          of[name].push(await measure(servers[name], next))
      }
    }
    report(results)
  } finally {
    for (const child of children) child.kill()
    await postgres.stop()
  }
}

const names = ["gitpip", "fastify", "bare"] as const
type Results = Record<(typeof names)[number], Array<Result>>

interface Server {
  readonly child: ChildProcess
  readonly port: number
}

interface Result {
  /** Answers a second, by the clock. */
  readonly rate: number
  /** Microseconds of processor time that the server used for an answer. */
  readonly used: number
}

const measure = async ({ child, port }: Server, next: Load["next"]): Promise<Result> => {
  const before = await usedBy(child)
  const { answers, rate } = await run({ port, connections, millis, next })
  return { rate, used: ((await usedBy(child)) - before) / answers }
}

const usedBy = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    child.once("message", (message) => resolve((message as { used: number }).used))
    child.send("usage")
  })

const report = (results: ReadonlyArray<{ readonly call: string; readonly of: Results }>) => {
  say(`${connections} connections, ${rounds} rounds of ${millis} ms each, medians`)
  const tables = [
    {
      title: "answers a second",
      value: ({ rate }: Result) => rate,
      ratio: (ours: number, theirs: number) => ours / theirs
    },
    {
      title: "microseconds of the server's processor time for an answer",
      value: ({ used }: Result) => used,
      ratio: (ours: number, theirs: number) => theirs / ours
    }
  ]
  for (const { ratio, title, value } of tables) {
    say("")
    say(row(title, [...names, "/ fastify", "/ bare"]))
    for (const { call, of } of results) {
      const [gitpip, fastify, bare] = names.map((name) => median(of[name].map(value))) as [number, number, number]
      const ratios = [ratio(gitpip, fastify), ratio(gitpip, bare)].map((share) => share.toFixed(2))
      say(row(call, [gitpip.toFixed(0), fastify.toFixed(0), bare.toFixed(0), ...ratios]))
    }
  }
}

const row = (call: string, cells: ReadonlyArray<string>) =>
  call.padEnd(58) + cells.map((cell) => cell.padStart(11)).join("")

const startServer = async (file: string, url: string, started: (child: ChildProcess) => void): Promise<Server> => {
  // The server is measured, not its refusals.
  const limits = { GITPIP_RATE_LIMIT: process.env.GITPIP_RATE_LIMIT ?? "none" }
  const env = { ...process.env, ...limits, POSTGRES_CONNECTION_STRING: url, GITPIP_LOG_LEVEL: "Warn" }
  const execArgv = ["--import", join(import.meta.dirname, "usage.js")]
  const child = fork(join(import.meta.dirname, file), { env, execArgv })
  started(child)
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve({ child, port: (message as { port: number }).port }))
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
    insert into visitor_positions (user_key, visitor, until_file)
      select user_key, 'default', max(key) from gist_files group by user_key;
    -- Not visits: statistics of an empty table would make plans that are only right while it is empty, and this server
    -- does not live long enough for autovacuum to update them.
    analyze users, gist_files, publications, visitor_positions;`)
  await client.end()
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const say = (line: string) => process.stdout.write(`${line}\n`)

await main()
