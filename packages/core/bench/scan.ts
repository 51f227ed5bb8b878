/** How many users a scan checks in a second, all new and none new, beside a bare loop of the same requests. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import {
  eachOf,
  gitpip,
  type Measured,
  measure,
  median,
  postgres,
  print,
  rounded,
  service,
  trackUsers
} from "./support/bench.ts"

/** As many at a time as the scanner checks. */
const concurrency = 16
const sizes = process.argv.slice(2).map(Number)
const filesOfUser = [1, 2]

const bare = (url: string, logins: ReadonlyArray<string>, etags: Map<string, string>) =>
  Effect.promise(() =>
    eachOf(logins, concurrency, async (login) => {
      const etag = etags.get(login)
      const response = await fetch(`${url}/users/${login}/gists?per_page=100`, {
        headers: {
          accept: "application/vnd.github+json",
          authorization: "Bearer token",
          "user-agent": "bench",
          ...(etag === undefined ? {} : { "if-none-match": etag })
        }
      })
      if (response.status === 200) await response.json()
      etags.set(login, response.headers.get("etag") ?? "")
    })
  )

const line = (what: string, users: number, runs: ReadonlyArray<Measured>, requests: number) => {
  const perCpu = users / median(runs.map(({ cpu }) => cpu))
  const perWall = users / median(runs.map(({ wall }) => wall))
  print(
    `${what.padEnd(28)} ${rounded(users).padStart(7)} users  ${rounded(perCpu).padStart(7)}/s CPU  ${rounded(perWall).padStart(7)}/s wall  ${rounded(requests / users, 2)} requests a user`
  )
  return perCpu
}

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

const run = Effect.fnUntraced(function* (
  newDatabase: Effect.Effect<string, unknown>,
  users: number,
  rounds: number,
  silent = false
) {
  const github = yield* service("github")
  yield* github.call("gists", { from: 1, users, files: filesOfUser, bytes: 200 })
  const logins = Array.from({ length: users }, (_, n) => `user-${n + 1}`)
  const fresh: Array<Measured> = []
  const freshBare: Array<Measured> = []
  const unchanged: Array<Measured> = []
  const unchangedBare: Array<Measured> = []
  let freshRequests = 0
  let unchangedRequests = 0
  for (let round = 0; round < rounds; round++) {
    const env = { GITHUB_TOKEN: "token", GITHUB_API_URL: github.url, POSTGRES_CONNECTION_STRING: yield* newDatabase }
    yield* Effect.gen(function* () {
      const { scan } = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      yield* trackUsers(1, users)
      yield* github.call("counts")
      const first = yield* measure(scan())
      if (first.result.files !== users * 3) yield* Effect.die(new Error(`found ${first.result.files} files`))
      fresh.push(first)
      freshRequests = total(yield* github.call("counts"))
      yield* sql`vacuum analyze`
      for (let again = 0; again < 3; again++) {
        const next = yield* measure(scan())
        if (next.result.unchanged !== users) yield* Effect.die(new Error(`${next.result.unchanged} unchanged`))
        unchanged.push(next)
        unchangedRequests = total(yield* github.call("counts"))
      }
    }).pipe(Effect.provide(gitpip(env)), Effect.scoped)
    const etags = new Map<string, string>()
    freshBare.push(yield* measure(bare(github.url, logins, etags)))
    for (let again = 0; again < 3; again++) unchangedBare.push(yield* measure(bare(github.url, logins, etags)))
  }
  if (silent) return
  const a = line("all new (3 files each)", users, fresh, freshRequests)
  const b = line("  bare fetch, not stored", users, freshBare, users)
  print(`  ratio ${rounded(a / b, 2)}`)
  const c = line("nothing new", users, unchanged, unchangedRequests)
  const d = line("  bare fetch", users, unchangedBare, users)
  print(`  ratio ${rounded(c / d, 2)}`)
}, Effect.scoped)

const main = Effect.gen(function* () {
  const newDatabase = yield* postgres
  yield* run(newDatabase, 500, 1, true)
  for (const users of sizes.length > 0 ? sizes : [1_000, 10_000]) yield* run(newDatabase, users, users > 5_000 ? 3 : 5)
})

await Effect.runPromise(Effect.scoped(main))
