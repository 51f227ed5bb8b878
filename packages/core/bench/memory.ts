/** What a scan without news holds in memory, for more and more users: each size in its own process. */
import { fork } from "node:child_process"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import { gitpip, measure, median, postgres, print, rounded, service, trackUsers } from "./support/bench.ts"

const sizes = [1_000, 10_000, 100_000]
const rounds = { 1000: 5, 10000: 3, 100000: 1 } as Readonly<Record<number, number>>
const MB = 1024 * 1024

interface Found {
  readonly users: number
  /** Live heap after a full collection: before the scan, at its highest during it, and after it. In bytes. */
  readonly before: number
  readonly highest: number
  readonly after: number
  /** Memory of the rows of all users at once. */
  readonly whole: number
  readonly peakRss: number
  readonly perSecond: number
}

/** One size, in this process. */
const scanOf = Effect.fnUntraced(function* (users: number, url: string, postgresUrl: string) {
  const env = { GITHUB_TOKEN: "token", GITHUB_API_URL: url, POSTGRES_CONNECTION_STRING: postgresUrl }
  return yield* Effect.gen(function* () {
    const { scan } = yield* Gitpip
    yield* trackUsers(1, 1_000, '"same"')
    // Warm: code is compiled and every pool is full.
    for (let times = 0; times < 5; times++) yield* scan()
    if (users > 1_000) yield* trackUsers(1_001, users - 1_000, '"same"')
    const live = Effect.sync(() => {
      globalThis.gc?.()
      return process.memoryUsage().heapUsed
    })
    const before = yield* live
    let highest = 0
    let seen = 0
    let next = 0
    const sample = ({ users: done }: { readonly users: number }) =>
      Effect.gen(function* () {
        seen = done
        // Ten samples of each scan: a full collection at every page would distort the measurement.
        if (done < next) return
        next = done + users / 10
        highest = Math.max(highest, yield* live)
      })
    const { result, wall } = yield* measure(scan({ onProgress: sample }))
    if (result.unchanged !== users || seen !== users)
      yield* Effect.die(new Error(`${result.unchanged} unchanged, ${seen} seen`))
    const after = yield* live
    const peakRss = process.resourceUsage().maxRSS * 1_024
    // The comparison: the rows of all users at once, which a scan must never hold.
    const sql = yield* SqlClient.SqlClient
    const all = yield* sql`select key, username, github_id, etag, pages, listed_at, failures from users`
    const whole = (yield* live) - after
    if (all.length !== users) yield* Effect.die(new Error(`${all.length} users`))
    return {
      users,
      before,
      highest,
      after,
      whole,
      peakRss,
      perSecond: users / wall
    } satisfies Found
  }).pipe(Effect.provide(gitpip(env)), Effect.scoped)
})

const inChild = (users: number, url: string, postgresUrl: string) =>
  Effect.callback<Found>((resume) => {
    const child = fork(new URL(import.meta.url), [String(users), url, postgresUrl], { execArgv: ["--expose-gc"] })
    child.once("message", (found) => resume(Effect.succeed(found as Found)))
    child.once("exit", (code) => resume(Effect.die(new Error(`A scan of ${users} users ended with ${code}`))))
  })

const parent = Effect.gen(function* () {
  const newDatabase = yield* postgres
  const github = yield* service("unchanged")
  const found: Array<Found> = []
  for (const users of sizes) {
    const runs: Array<Found> = []
    for (let round = 0; round < (rounds[users] ?? 1); round++)
      runs.push(yield* inChild(users, github.url, yield* newDatabase))
    const of = (value: (run: Found) => number) => median(runs.map(value))
    const middle: Found = {
      users,
      before: of(({ before }) => before),
      highest: of(({ highest }) => highest),
      after: of(({ after }) => after),
      whole: of(({ whole }) => whole),
      peakRss: of(({ peakRss }) => peakRss),
      perSecond: of(({ perSecond }) => perSecond)
    }
    found.push(middle)
    const mb = (bytes: number) => `${rounded(bytes / MB, 1)} MB`
    print(
      `${rounded(users).padStart(7)} users: live heap ${mb(middle.before)} before, ${mb(middle.highest)} at most during, ${mb(middle.after)} after (everybody at once: ${mb(middle.whole)}); peak RSS ${mb(middle.peakRss)}; ${rounded(middle.perSecond)} users/s`
    )
  }
  const [small, large] = [found[0], found.at(-1)]
  if (small !== undefined && large !== undefined) {
    print(
      `from ${rounded(small.users)} to ${rounded(large.users)} users: live heap x ${rounded(large.highest / small.highest, 2)}, peak RSS x ${rounded(large.peakRss / small.peakRss, 2)}`
    )
  }
})

const [users, url, postgresUrl] = process.argv.slice(2)
if (users !== undefined && url !== undefined && postgresUrl !== undefined) {
  process.send?.(await Effect.runPromise(scanOf(Number(users), url, postgresUrl)))
  process.disconnect()
} else {
  await Effect.runPromise(Effect.scoped(parent))
}
