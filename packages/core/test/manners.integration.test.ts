/**
 * Hours of simulated time under tight limits: none is ever hit, and nobody's backlog is in anybody else's way.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, LoggedRequest } from "../src/testing/index.ts"
import { Worker } from "../src/Worker.ts"
import { layerPostgres } from "./database.ts"
import { elapse, inWorld, name } from "./world.ts"

const worked = <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.provide(body, Layer.fresh(Worker.layer))

const refused = ({ requests }: { readonly requests: ReadonlyArray<LoggedRequest> }) =>
  requests.filter(({ status }) => status === 403 || status === 429)

const assertNoneRefused = (github: FakeGithub, pipedrive: FakePipedrive) => {
  assert.deepStrictEqual(
    [...refused(github), ...refused(pipedrive)].map(({ at, method, path, status }) => [at, method, path, status]),
    []
  )
}

const gists = (github: FakeGithub, login: string, count: number) => {
  for (let n = 0; n < count; n++)
    github.addGist(login, { files: { [`${login}-${n}.md`]: `${n}` }, createdAt: n * 1_000 })
}

describe("an hour", () => {
  it.effect("a user of many old gists delays no other user's new one by more than a minute, and hits no limit", () =>
    inWorld(
      layerPostgres,
      {
        env: { GITPIP_SCAN_INTERVAL: "1 minute" },
        github: { limit: 5_000 },
        pipedrive: { burst: { limit: 20, windowMillis: 2_000 }, dailyTokens: 30_000 }
      },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("2 hours")
          const others = Array.from({ length: 10 }, (_, n) => `other-${n}`)
          for (const login of ["hoarder", ...others]) github.addUser(login)
          gists(github, "hoarder", 5_000)
          for (const login of ["hoarder", ...others]) yield* gitpip.track(name(login))

          const delays: Array<number> = []
          yield* worked(
            Effect.gen(function* () {
              yield* elapse("2 minutes")
              for (let n = 0; n < 19; n++) {
                const login = others[n % others.length] as string
                const subject = `new-${n}.md`
                const published = yield* Effect.forkChild(
                  pipedrive.seen(1, ({ body, method }) => {
                    const sent = body as { readonly subject?: string } | undefined
                    return method === "POST" && sent?.subject === subject
                  })
                )
                github.addGist(login, { files: { [subject]: "new" } })
                const since = yield* Clock.currentTimeMillis
                while (published.pollUnsafe() === undefined) yield* elapse("1 second")
                delays.push((yield* Clock.currentTimeMillis) - since)
                yield* elapse("150 seconds")
              }
            })
          )
          assertNoneRefused(github, pipedrive)
          // Found at most an interval after it was published; all that is beyond that is other users' delay.
          for (const delay of delays) assert.isAtMost(delay, 60_000 + 60_000)
          const { publishing } = yield* gitpip.status
          assert.match(publishing.message ?? "", /are kept for new files/)
          // Of half the day, the part that is still to come.
          assert.isAtLeast(publishing.tokensLeft ?? 0, (15_000 * 20.9) / 24)
          assert.isAtLeast(pipedrive.activities.length, 2_900)
        })
    )
  )

  it.effect(
    "without a token, and with more to do than 60 requests allow, Gitpip asks 60 times and is never refused",
    () =>
      inWorld(
        layerPostgres,
        {
          env: { GITPIP_SCAN_INTERVAL: "2 minutes", GITHUB_TOKEN: "" },
          pipedrive: { burst: { limit: 5, windowMillis: 2_000 } }
        },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            for (const login of ["ann", "bob", "cy"]) {
              github.addUser(login)
              gists(github, login, 30)
              yield* gitpip.track(name(login))
            }
            // To ask what the limit is costs nothing of it.
            const asked = () => github.requests.filter(({ route }) => route !== "/rate_limit").length
            yield* worked(
              Effect.gen(function* () {
                yield* elapse("59 minutes")
                assert.isAtLeast(asked(), 55)
                assert.isAtMost(asked(), 60)
                yield* elapse("1 hour")
                assert.isAtMost(asked(), 120)
                yield* elapse("1 hour")
              })
            )
            assertNoneRefused(github, pipedrive)
            assert.isAtMost(asked(), 180)
            assert.strictEqual(pipedrive.activities.length, 3 * 30)
          })
      )
  )
})

describe("a day", () => {
  it.effect(
    "a day of Pipedrive's budget is spread over a backlog, used up in the end, and never short for new files",
    () =>
      inWorld(layerPostgres, { pipedrive: { dailyTokens: 10_000 } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          for (const login of ["hoarder", "other"]) {
            github.addUser(login)
            yield* gitpip.track(name(login))
          }
          gists(github, "hoarder", 2_500)
          yield* gitpip.scan()
          const spent: Array<number> = []
          // The last new file comes at half past eleven at night.
          for (let half = 0; half < 48; half++) {
            github.addGist("other", { files: { [`new-${half}.md`]: "" } })
            yield* gitpip.scan({ username: name("other") })
            // GitHub's hour has a backlog allowance of its own.
            yield* gitpip.publish
            yield* TestClock.adjust("30 minutes")
            assert.isTrue(pipedrive.activities.some(({ subject }) => subject === `new-${half}.md`))
            spent.push(pipedrive.tokensSpent)
          }
          assertNoneRefused(github, pipedrive)
          // The first files of one check count as new, and need no allowance: Timing.freshFiles.
          assert.isAtMost(spent[0] ?? 0, 5_000 + 200)
          assert.isAtMost(spent[23] ?? 0, 7_600)
          assert.isAtLeast(spent[23] ?? 0, 7_300)
          assert.isAtLeast(spent[47] ?? 0, 9_800)
          assert.isAtMost(spent[47] ?? 0, 10_000)
        })
      )
  )
})
