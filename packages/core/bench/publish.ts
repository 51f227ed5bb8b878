/**
 * How many files are published in a second, beside graphile-worker and a bare loop that do the same requests: with services
 * that answer at once, with services that answer late, and against a burst limit. See README.md.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import {
  eachOf,
  gitpip,
  type Measured,
  measure,
  median,
  postgresWith,
  print,
  rounded,
  type Service,
  service,
  trackUsers
} from "./support/bench.ts"
import * as Graphile from "./support/graphile.ts"

/** As many at a time as the publisher attempts. */
const concurrency = 12
const users = 100
const files = Number(process.argv[2] ?? 2_000)
/** Of one of Pipedrive's larger plans; a smaller limit only takes longer. */
const burst = { limit: 100, windowMillis: 2_000 }
const bytes = 2_000

const secrets = { GITHUB_TOKEN: "token", PIPEDRIVE_TOKEN: "pipedrive-token" }

interface Services {
  readonly github: Service
  readonly pipedrive: Service
}

/** Reads a gist and posts its activity; waits when refused, and posts again. */
const publishBare = Effect.fnUntraced(function* ({ github, pipedrive }: Services) {
  const dealId = yield* pipedrive.call("deal", "bare")
  let refusals = 0
  const post = async (body: string): Promise<void> => {
    for (;;) {
      const response = await fetch(`${pipedrive.url}/api/v2/activities`, {
        method: "POST",
        headers: { "x-api-token": secrets.PIPEDRIVE_TOKEN, "content-type": "application/json" },
        body
      })
      await response.text()
      if (response.ok) return
      refusals++
      const seconds = Number(response.headers.get("x-ratelimit-reset") ?? 2)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    }
  }
  const publish = async (id: string): Promise<void> => {
    const response = await fetch(`${github.url}/gists/${id}`, {
      headers: { authorization: `Bearer ${secrets.GITHUB_TOKEN}`, "user-agent": "bench" }
    })
    const gist = (await response.json()) as { readonly files: Readonly<Record<string, { readonly content: string }>> }
    for (const [subject, { content }] of Object.entries(gist.files)) {
      await post(JSON.stringify({ subject, type: "task", deal_id: dealId, due_date: "2026-01-01", note: content }))
    }
  }
  return { publish, refusals: () => refusals }
})

const total = (counts: Readonly<Record<string, number>>, wanted: (status: string) => boolean) =>
  Object.entries(counts).reduce((sum, [status, count]) => sum + (wanted(status) ? count : 0), 0)

const statements = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql<{ readonly statements: number; readonly millis: number }>`
    select sum(calls)::float8 as statements, sum(total_exec_time)::float8 as millis from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())`
  return found ?? { statements: 0, millis: 0 }
})

/** Gitpip's publishing of what a scan has found, and what the database did for it. */
const publishOurs = Effect.fnUntraced(function* (pipedrive: Service) {
  const gitpip = yield* Gitpip
  yield* gitpip.scan()
  yield* pipedrive.call("counts")
  // The window of the round before must not count against this round.
  yield* Effect.sleep(2_100)
  const before = yield* statements
  const drained = yield* measure(gitpip.publish)
  const after = yield* statements
  const counts = yield* pipedrive.call("counts")
  if (drained.result.published !== files) yield* Effect.die(new Error(`published ${JSON.stringify(drained.result)}`))
  print(
    `  ${rounded(files / drained.wall)}/s wall, ${rounded(files / drained.cpu)}/s CPU, ${total(counts, () => true)} requests to Pipedrive, ${total(counts, (status) => status !== "200")} refused, ${rounded((after.statements - before.statements) / files, 2)} statements a file, ${rounded((after.millis - before.millis) / files, 2)} ms in the database`
  )
  return drained
})

interface Run {
  readonly title: string
  readonly rounds: number
  readonly github?: object
  readonly pipedrive: object
  /** Whether graphile-worker runs, which knows no burst limit. */
  readonly hasQueue: boolean
}

const run = Effect.fnUntraced(function* (newDatabase: Effect.Effect<string, unknown>, options: Run) {
  const github = yield* service("github", options.github)
  const pipedrive = yield* service("pipedrive", options.pipedrive)
  const env = {
    ...secrets,
    GITHUB_API_URL: github.url,
    PIPEDRIVE_API_URL: pipedrive.url,
    POSTGRES_CONNECTION_STRING: yield* newDatabase
  }
  const queue = yield* newDatabase
  const runs = { ours: [] as Array<Measured>, queued: [] as Array<Measured>, bare: [] as Array<Measured> }
  const fill = (count: number) => github.call("gists", { from: 1, users, files: Array(count / users).fill(1), bytes })

  yield* Effect.gen(function* () {
    const gitpip = yield* Gitpip
    const sql = yield* SqlClient.SqlClient
    yield* sql`create extension if not exists pg_stat_statements`
    yield* trackUsers(1, users)
    // Each user's deal is found or made once, at the pace of Pipedrive's search limit: not what is measured here.
    const dealId = yield* pipedrive.call("deal", "known")
    yield* sql`insert into deals (user_key, deal_id) select key, ${dealId}::bigint from users`
    yield* fill(users)
    yield* gitpip.scan()
    yield* gitpip.publish
    for (let round = 0; round < options.rounds; round++) {
      const gists = yield* fill(files)
      runs.ours.push(yield* publishOurs(pipedrive))
      const { publish, refusals } = yield* publishBare({ github, pipedrive })
      if (options.hasQueue) {
        const items = gists.map((id) => ({ id }))
        const queued = yield* Graphile.work(queue, { concurrency, items, job: ({ id }) => publish(id) })
        runs.queued.push(queued)
        print(`  ${rounded(files / queued.wall)}/s wall, ${rounded(files / queued.cpu)}/s CPU by graphile-worker`)
      }
      yield* Effect.sleep(2_100)
      const bare = yield* measure(Effect.promise(() => eachOf(gists, concurrency, publish)))
      runs.bare.push(bare)
      print(
        `  ${rounded(files / bare.wall)}/s wall, ${rounded(files / bare.cpu)}/s CPU by the bare loop, ${refusals()} refused`
      )
    }
  }).pipe(Effect.provide(gitpip(env)), Effect.scoped)

  const wall = (measured: ReadonlyArray<Measured>) => median(measured.map(({ wall }) => wall))
  const ours = wall(runs.ours)
  const beside = (name: string, theirs: ReadonlyArray<Measured>) =>
    `${name} ${rounded(files / wall(theirs))}/s (ratio ${rounded(wall(theirs) / ours, 2)})`
  print(
    [
      `${options.title}: ${rounded(files / ours)} files/s`,
      ...(options.hasQueue ? [beside("graphile-worker", runs.queued)] : []),
      beside("bare loop", runs.bare)
    ].join(", ")
  )
  return ours
}, Effect.scoped)

const main = Effect.gen(function* () {
  const newDatabase = yield* postgresWith(["-c", "shared_preload_libraries=pg_stat_statements"])
  const only = process.argv[3]?.split(",") ?? ["none", "late", "burst"]
  if (only.includes("none"))
    yield* run(newDatabase, { title: "no latency", rounds: 5, pipedrive: { burst: false }, hasQueue: true })
  if (only.includes("late")) {
    const late = { latency: 50 }
    yield* run(newDatabase, { title: "50 ms at both", rounds: 3, github: late, pipedrive: late, hasQueue: true })
  }
  if (only.includes("burst")) {
    const title = `burst limit of ${burst.limit} in ${burst.windowMillis / 1_000} s`
    const wall = yield* run(newDatabase, { title, rounds: 1, pipedrive: { burst }, hasQueue: false })
    // The first window fills at once, so only later requests are paced.
    const perSecond = burst.limit / (burst.windowMillis / 1_000)
    print(
      `${rounded((100 * (files - burst.limit)) / wall / perSecond, 1)} % of the limit behind the first window, aim 95 %`
    )
  }
})

await Effect.runPromise(Effect.scoped(main))
