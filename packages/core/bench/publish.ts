/** How many files are published in a second: against a Pipedrive without limits, and against one with a burst limit. */
import { Effect } from "effect"
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
  type Service,
  service,
  trackUsers
} from "./support/bench.ts"

/** As many at a time as the publisher attempts. */
const concurrency = 12
const users = 10
const files = 1_000
/** Of one of Pipedrive's larger plans; a smaller limit only takes longer. */
const burst = { limit: 100, windowMillis: 2_000 }
const bytes = 2_000

const secrets = { GITHUB_TOKEN: "token", PIPEDRIVE_TOKEN: "pipedrive-token" }

/** Reads each gist, posts each activity; waits when refused, and tries again. */
const bare = Effect.fnUntraced(function* (github: Service, pipedrive: Service, gists: ReadonlyArray<string>) {
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
  const measured = yield* measure(
    Effect.promise(() =>
      eachOf(gists, concurrency, async (id) => {
        const response = await fetch(`${github.url}/gists/${id}`, {
          headers: { authorization: `Bearer ${secrets.GITHUB_TOKEN}`, "user-agent": "bench" }
        })
        const gist = (await response.json()) as {
          readonly files: Readonly<Record<string, { readonly content: string }>>
        }
        for (const [subject, { content }] of Object.entries(gist.files)) {
          await post(JSON.stringify({ subject, type: "task", deal_id: dealId, due_date: "2026-01-01", note: content }))
        }
      })
    )
  )
  return { ...measured, refusals }
})

const total = (counts: Readonly<Record<string, number>>, wanted: (status: string) => boolean) =>
  Object.entries(counts).reduce((sum, [status, count]) => sum + (wanted(status) ? count : 0), 0)

const run = Effect.fnUntraced(function* (
  newDatabase: Effect.Effect<string, unknown>,
  options: {
    readonly title: string
    readonly rounds: number
    readonly pipedrive: object
    readonly aim: (measured: Measured) => string
  }
) {
  const github = yield* service("github")
  const pipedrive = yield* service("pipedrive", options.pipedrive)
  const env = {
    ...secrets,
    GITHUB_API_URL: github.url,
    PIPEDRIVE_API_URL: pipedrive.url,
    POSTGRES_CONNECTION_STRING: yield* newDatabase
  }
  const ours: Array<Measured> = []
  const theirs: Array<Measured> = []
  const fill = (count: number) => github.call("gists", { from: 1, users, files: Array(count / users).fill(1), bytes })

  yield* Effect.gen(function* () {
    const gitpip = yield* Gitpip
    yield* trackUsers(1, users)
    // Each user's deal is found or made once, at the pace of Pipedrive's search limit: not what is measured here.
    yield* fill(users)
    yield* gitpip.scan()
    yield* gitpip.publish
    for (let round = 0; round < options.rounds; round++) {
      const gists = yield* fill(files)
      yield* gitpip.scan()
      yield* pipedrive.call("counts")
      // The window of the round before must not count against this round.
      yield* Effect.sleep(2_100)
      const drained = yield* measure(gitpip.publish)
      const counts = yield* pipedrive.call("counts")
      if (drained.result.published !== files)
        yield* Effect.die(new Error(`published ${JSON.stringify(drained.result)}`))
      ours.push(drained)
      print(
        `  ${rounded(files / drained.wall)}/s wall, ${rounded(files / drained.cpu)}/s CPU, ${total(counts, () => true)} requests to Pipedrive, ${total(counts, (status) => status !== "200")} refused`
      )
      yield* Effect.sleep(2_100)
      const loop = yield* bare(github, pipedrive, gists)
      theirs.push(loop)
      print(
        `  ${rounded(files / loop.wall)}/s wall, ${rounded(files / loop.cpu)}/s CPU by the bare loop, ${loop.refusals} refused`
      )
    }
  }).pipe(Effect.provide(gitpip(env)), Effect.scoped)

  const wall = (runs: ReadonlyArray<Measured>) => median(runs.map(({ wall }) => wall))
  const middle = { wall: wall(ours), cpu: median(ours.map(({ cpu }) => cpu)) }
  print(
    `${options.title}: ${rounded(files / middle.wall)} files/s, bare loop ${rounded(files / wall(theirs))}/s, ratio ${rounded(wall(theirs) / middle.wall, 2)}; ${options.aim(middle)}`
  )
  print()
}, Effect.scoped)

const main = Effect.gen(function* () {
  const newDatabase = yield* postgres
  yield* run(newDatabase, { title: "no limit", rounds: 5, pipedrive: { burst: false }, aim: () => "aim 300/s" })
  yield* run(newDatabase, {
    title: `burst limit of ${burst.limit} in ${burst.windowMillis / 1_000} s`,
    rounds: 1,
    pipedrive: { burst },
    // The first window fills at once, so only later requests are paced.
    aim: ({ wall }) =>
      `${rounded((100 * (files - burst.limit)) / wall / (burst.limit / (burst.windowMillis / 1_000)), 1)} % of the limit behind the first window, aim 95 %`
  })
})

await Effect.runPromise(Effect.scoped(main))
