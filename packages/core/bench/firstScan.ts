/**
 * The first scan of new users, and the publishing of all their files to known deals: with and without a token, beside a loop
 * that does one thing after the other. See README.md. In order: users, rounds, milliseconds that each answer takes longer.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import {
  gitpip,
  measure,
  median,
  postgresWith,
  print,
  rounded,
  type Service,
  service,
  trackUsers
} from "./support/bench.ts"

const users = Number(process.argv[2] ?? 1_000)
const rounds = Number(process.argv[3] ?? 3)
const latency = Number(process.argv[4] ?? 0)
const filesOfUser = [1, 1, 1]
const files = users * filesOfUser.length

interface Services {
  readonly github: Service
  readonly pipedrive: Service
}

const counted = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql<{ readonly n: number }>`
    select sum(calls)::float8 as n from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())`
  return found?.n ?? 0
})

/** Gitpip on a fresh database. Seconds that passed, and statements of each user and each file. */
const ours = (url: string, { github, pipedrive }: Services, token: Record<string, string>) =>
  Effect.gen(function* () {
    const { publish, scan } = yield* Gitpip
    const sql = yield* SqlClient.SqlClient
    yield* sql`create extension if not exists pg_stat_statements`
    yield* trackUsers(1, users)
    const dealId = yield* pipedrive.call("deal", "known")
    yield* sql`insert into deals (user_key, deal_id) select key, ${dealId}::bigint from users`
    const before = yield* counted
    const scanned = yield* measure(scan())
    const between = yield* counted
    const published = yield* measure(publish)
    const after = yield* counted
    if (scanned.result.files !== files || published.result.published !== files) {
      yield* Effect.die(new Error(`${JSON.stringify(scanned.result)} ${JSON.stringify(published.result)}`))
    }
    const wall = scanned.wall + published.wall
    print(
      `  ${rounded(wall, 1)} s ${"GITHUB_TOKEN" in token ? "with a token" : "without"}: scan ${rounded(scanned.wall, 1)} s (${rounded(scanned.cpu, 1)} s CPU, ${rounded((between - before) / users, 2)} statements a user), publishing ${rounded(published.wall, 1)} s (${rounded(published.cpu, 1)} s CPU, ${rounded((after - between) / files, 2)} statements a file)`
    )
    return wall
  }).pipe(
    Effect.provide(
      gitpip({
        ...token,
        PIPEDRIVE_TOKEN: "pipedrive-token",
        GITHUB_API_URL: github.url,
        PIPEDRIVE_API_URL: pipedrive.url,
        POSTGRES_CONNECTION_STRING: url
      })
    ),
    Effect.scoped
  )

/** One request after the other, and an insert for each file. */
const loop = Effect.fnUntraced(function* ({ github, pipedrive }: Services) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table if not exists seen (id text primary key)`
  yield* sql`truncate seen`
  const dealId = yield* pipedrive.call("deal", "known")
  const json = (url: string, init: RequestInit = {}) =>
    Effect.promise(async () =>
      (await fetch(url, { ...init, headers: { "user-agent": "bench", ...init.headers } })).json()
    )
  const { wall } = yield* measure(
    Effect.gen(function* () {
      for (let n = 1; n <= users; n++) {
        const gists = (yield* json(`${github.url}/users/user-${n}/gists?per_page=100`)) as ReadonlyArray<{
          readonly id: string
        }>
        for (const { id } of gists) {
          if ((yield* sql`select 1 from seen where id = ${id}`).length > 0) continue
          const gist = (yield* json(`${github.url}/gists/${id}`)) as {
            readonly files: Readonly<Record<string, { readonly content: string }>>
          }
          for (const [subject, { content }] of Object.entries(gist.files)) {
            yield* json(`${pipedrive.url}/api/v2/activities`, {
              method: "POST",
              headers: { "x-api-token": "pipedrive-token", "content-type": "application/json" },
              body: JSON.stringify({ subject, type: "task", deal_id: dealId, note: content })
            })
          }
          yield* sql`insert into seen (id) values (${id})`
        }
      }
    })
  )
  print(`  ${rounded(wall, 1)} s by the loop`)
  return wall
})

const main = Effect.gen(function* () {
  const newDatabase = yield* postgresWith(["-c", "shared_preload_libraries=pg_stat_statements"])
  const services: Services = {
    github: yield* service("github", { latency, queries: true }),
    pipedrive: yield* service("pipedrive", { latency })
  }
  yield* services.github.call("gists", { from: 1, users, files: filesOfUser, bytes: 2_000 })
  const another = { POSTGRES_CONNECTION_STRING: yield* newDatabase }
  const found = { token: [] as Array<number>, without: [] as Array<number>, loop: [] as Array<number> }
  for (let round = 0; round < rounds; round++) {
    found.token.push(yield* ours(yield* newDatabase, services, { GITHUB_TOKEN: "token" }))
    found.without.push(yield* ours(yield* newDatabase, services, {}))
    found.loop.push(yield* Effect.scoped(Effect.provide(loop(services), gitpip(another))))
  }
  const [token, without, slow] = [median(found.token), median(found.without), median(found.loop)]
  print(
    `${users} users with ${files} files: with a token ${rounded(token, 1)} s (${rounded(slow / token, 1)} times the loop), without ${rounded(without, 1)} s (${rounded(slow / without, 1)} times), loop ${rounded(slow, 1)} s`
  )
})

await Effect.runPromise(Effect.scoped(main))
