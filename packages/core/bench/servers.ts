/**
 * What 1, 2 and 4 servers on one PostgreSQL do, with services that answer late: a scan without a token, publishing, visits.
 * Each server is a process of `gitpip serve`. See README.md.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Effect, Layer, Logger, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { run as load } from "../../http/bench/load.ts"
import * as Database from "../src/database/Database.ts"
import { median, postgresWith, print, rounded, type Service, service, trackUsers } from "./support/bench.ts"

const options = parseArgs({
  options: {
    servers: { type: "string", default: "1,2,4" },
    users: { type: "string", default: "1000" },
    files: { type: "string", default: "1000" },
    latency: { type: "string", default: "50" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" }
  }
}).values
const [users, latency] = [Number(options.users), Number(options.latency)]
/** Files of a user that are published: no more than a page of a list, whose address would lead past the relay. */
const filesOfUser = Math.min(Math.ceil(Number(options.files) / 10), 100)
/** The last users have the files that are published. */
const publishers = Math.ceil(Number(options.files) / filesOfUser)
const files = publishers * filesOfUser
const connections = 64
const program = fileURLToPath(new URL("../../cli/bin/gitpip.js", import.meta.url))

/** What the database has done since its start. */
interface Counters {
  /** `begin` and `commit` included. */
  readonly statements: number
  /** Of all statements together, waits for locks included. */
  readonly millis: number
  /** Transactions that wrote something. */
  readonly transactions: number
  /** Bytes of PostgreSQL's log of writes. */
  readonly log: number
}

/** One kind of work, by all servers of a run. */
interface Phase {
  readonly what: string
  readonly items: number
  readonly seconds: number
  /** Items of each server. */
  readonly shares: ReadonlyArray<number>
  readonly database: Counters
}

type Count = (server: string) => Effect.Effect<number>

/** A server in a process of its own, stopped when the scope ends. Answers its address once it is ready. */
const server = Effect.fnUntraced(function* (env: Readonly<Record<string, string>>) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [program, "serve"], {
        env: { PATH: process.env.PATH, ...env },
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child: ChildProcess) => Effect.promise(() => ended(child))
  )
  const url = yield* Effect.callback<string>((resume) => {
    let said = ""
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-10_000)
      const found = /http\.listening\b.*?(http:\/\/[^\s"]+)/.exec(said)?.[1]
      if (found !== undefined) resume(Effect.succeed(new URL(found).origin))
    })
    child.once("exit", (code) => resume(Effect.die(new Error(`The server ended with ${code}: ${said}`))))
  })
  yield* until(Effect.promise(async () => (await fetch(`${url}/ready?exclude=work`)).ok))
  return url
})

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGTERM")
  await exit
}

/** Waits until the answer is yes. */
const until = Effect.fnUntraced(function* <E, R>(ask: Effect.Effect<boolean, E, R>) {
  while (!(yield* ask)) yield* Effect.sleep("250 millis")
})

/** The sum of a server's metric over the labels that the pattern finds. */
const metric =
  (line: RegExp): Count =>
  (url) =>
    Effect.promise(async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      return text
        .split("\n")
        .filter((found) => line.test(found))
        .reduce((sum, found) => sum + Number(found.slice(found.lastIndexOf(" "))), 0)
    })

const checks = metric(/^gitpip_checks_total\{/)
const published = metric(/^gitpip_attempts_total\{.*outcome="published"/)

const counters = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql<{ readonly [K in keyof Counters]: number }>`
    select sum(calls)::float8 as statements, sum(total_exec_time)::float8 as millis,
      pg_snapshot_xmax(pg_current_snapshot())::text::float8 as transactions,
      (pg_current_wal_lsn() - '0/0')::float8 as log
    from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())`
  return found ?? { statements: 0, millis: 0, transactions: 0, log: 0 }
})

const since = (before: Counters, after: Counters): Counters => ({
  statements: after.statements - before.statements,
  millis: after.millis - before.millis,
  transactions: after.transactions - before.transactions,
  log: after.log - before.log
})

/** Does the work, and counts what each server and the database did meanwhile. */
const phase = Effect.fnUntraced(function* <E, R>(
  { count, items, what }: { readonly what: string; readonly items: number; readonly count: Count },
  servers: ReadonlyArray<string>,
  work: Effect.Effect<number, E, R>
) {
  const counts = Effect.forEach(servers, count)
  const before = yield* counters
  const done = yield* counts
  const seconds = yield* work
  const after = yield* counts
  return {
    what,
    items,
    seconds,
    shares: after.map((all, at) => all - (done[at] ?? 0)),
    database: since(before, yield* counters)
  } satisfies Phase
})

/** All users' gists are older than the tracking, so that nothing is published meanwhile. Seconds by the database's clock. */
const scan = Effect.fnUntraced(function* (first: string) {
  const sql = yield* SqlClient.SqlClient
  const id = yield* Effect.promise(async () => {
    const response = await fetch(`${first}/scans`, { method: "POST" })
    return ((await response.json()) as { readonly id: number }).id
  })
  const scanned = sql<{ readonly state: string; readonly users: number; readonly seconds: number }>`
    select state, users, extract(epoch from finished_at - started_at)::float8 as seconds from scans where key = ${id}`
  yield* until(Effect.map(scanned, ([scan]) => scan !== undefined && !["queued", "running"].includes(scan.state)))
  const [found] = yield* scanned
  if (found?.state !== "done" || found.users !== users) yield* Effect.die(new Error(`scan: ${JSON.stringify(found)}`))
  return found?.seconds ?? 0
})

/** Puts the last users' files into the outbox, due in some seconds, so that all servers begin together. */
const publish = Effect.fnUntraced(function* (dealId: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into deals (user_key, deal_id) select key, ${dealId}::bigint from users where id > ${users - publishers}`
  yield* sql`
    insert into publications (file_key, user_key, state, start_tag, due_at, created_at)
    select f.key, f.user_key, 'pending', row_number() over (partition by f.user_key order by f.key), due.at, due.at
    from (select now() + interval '5 seconds' as at) due, gist_files f join users u on u.key = f.user_key
    where u.id > ${users - publishers}`
  const outbox = sql<{ readonly waiting: number; readonly published: number; readonly seconds: number }>`
    select count(*) filter (where state in ('pending', 'sending'))::int as waiting,
      count(*) filter (where state = 'published')::int as published,
      extract(epoch from max(published_at) - min(created_at))::float8 as seconds
    from publications`
  yield* until(Effect.map(outbox, ([now]) => now?.waiting === 0))
  const [found] = yield* outbox
  if (found?.published !== files) yield* Effect.die(new Error(`publish: ${JSON.stringify(found)}`))
  return found?.seconds ?? 0
})

let visitor = 0

/** New visitors, each to one user. */
const visits = Effect.fnUntraced(function* (servers: ReadonlyArray<string>) {
  const seconds = Number(options.seconds)
  const before = yield* counters
  const rates = yield* Effect.promise(() =>
    Promise.all(
      servers.map((url) =>
        load({
          port: Number(new URL(url).port),
          connections: connections / servers.length,
          millis: seconds * 1_000,
          next: (n) => ["POST", `/latestgists/user-${(n % users) + 1}?visitor=v${visitor++}`]
        })
      )
    )
  )
  const shares = rates.map(({ rate }) => rate * seconds)
  return {
    what: "visits",
    items: shares.reduce((sum, share) => sum + share, 0),
    seconds,
    shares,
    database: since(before, yield* counters)
  } satisfies Phase
})

/** All work once, by that many servers on a database of their own. */
const run = Effect.fnUntraced(function* (
  count: number,
  { github, pipedrive, url }: { readonly github: Service; readonly pipedrive: Service; readonly url: string }
) {
  const database = Layer.fresh(Database.layerServer(Redacted.make(url)))
  return yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create extension if not exists pg_stat_statements`
    const env = {
      GITHUB_API_URL: github.url,
      PIPEDRIVE_API_URL: pipedrive.url,
      PIPEDRIVE_TOKEN: "pipedrive-token",
      POSTGRES_CONNECTION_STRING: url,
      GITPIP_BACKFILL: "none",
      GITPIP_FEED: "false",
      GITPIP_PORT: "0",
      GITPIP_RATE_LIMIT: "none",
      GITPIP_SCAN_INTERVAL: "1 day"
    }
    const servers = yield* Effect.forEach(Array.from({ length: count }), () => server(env))
    // The first scheduled scan, of no users, is over.
    yield* until(
      Effect.map(sql`select 1 from scans where kind = 'scheduled' and state = 'done'`, ({ length }) => length > 0)
    )
    yield* trackUsers(1, users)
    const scanned = yield* phase({ what: "scan", items: users, count: checks }, servers, scan(servers[0] ?? ""))
    yield* sql`vacuum analyze`
    const dealId = yield* pipedrive.call("deal", "bench")
    const sent = yield* phase({ what: "publish", items: files, count: published }, servers, publish(dealId))
    yield* sql`vacuum analyze`
    return [scanned, sent, yield* visits(servers)]
  }).pipe(Effect.provide(database), Effect.provide(Logger.layer([])), Effect.scoped)
})

const line = (count: number, phases: ReadonlyArray<Phase>) => {
  const of = (value: (phase: Phase) => number) => median(phases.map(value))
  const each = (key: keyof Counters, digits: number) =>
    rounded(
      of(({ database, items }) => database[key] / items),
      digits
    )
  const shares = Array.from({ length: count }, (_, at) => of(({ items, shares }) => (100 * (shares[at] ?? 0)) / items))
  print(
    `${(phases[0]?.what ?? "").padEnd(8)} ${count} ${count === 1 ? "server " : "servers"} ${rounded(of(({ items, seconds }) => items / seconds)).padStart(7)}/s   by server ${shares.map((share) => `${rounded(share)} %`).join(", ")}`
  )
  print(
    `         the database, for each: ${each("statements", 2)} statements, ${each("transactions", 2)} writing transactions, ${each("millis", 2)} ms with waits, ${each("log", 0)} bytes of log`
  )
}

const main = Effect.gen(function* () {
  const newDatabase = yield* postgresWith(["-c", "shared_preload_libraries=pg_stat_statements"])
  const github = yield* service("github", { latency })
  const pipedrive = yield* service("pipedrive", { latency })
  yield* github.call("gists", { from: 1, users: users - publishers, files: [1], bytes: 2_000 })
  yield* github.call("gists", {
    from: users - publishers + 1,
    users: publishers,
    files: Array(filesOfUser).fill(1),
    bytes: 2_000
  })
  const counts = options.servers.split(",").map(Number)
  const found = new Map<string, Array<Phase>>()
  // In turns, so that no number of servers always runs last.
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const count of counts) {
      for (const phase of yield* run(count, { github, pipedrive, url: yield* newDatabase })) {
        const key = `${phase.what} ${count}`
        found.set(key, [...(found.get(key) ?? []), phase])
      }
    }
  }
  print(
    `${users} users, ${files} files, ${latency} ms for each answer of a service, medians of ${options.rounds} rounds`
  )
  for (const what of ["scan", "publish", "visits"])
    for (const count of counts) line(count, found.get(`${what} ${count}`) ?? [])
})

await Effect.runPromise(Effect.scoped(main))
