/** The limits of both services, stored for all processes on the database and restored from there. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Github, type GithubError } from "../../src/github/Github.ts"
import { Limits } from "../../src/limits/Limits.ts"
import { afterLimit } from "../../src/limits/sharing.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"

const requests: ReadonlyArray<
  readonly ["github" | "githubPoints", (github: Github["Service"]) => Effect.Effect<unknown, GithubError>]
> = [
  ["github", (github) => github.gists("ann", Option.none())],
  ["githubPoints", (github) => github.batch(["ann"])]
]

const limitOf = (request: Effect.Effect<unknown, GithubError>) =>
  Effect.map(Effect.flip(request), ({ reason }) => {
    if (reason._tag !== "RateLimited") throw new Error(`${reason._tag} in place of a limit`)
    return reason
  })

describe("a limit of GitHub's", () => {
  it.effect.each(requests)("of %s is stored once, however many requests report it", ([name, ask]) =>
    inWorld(layerPostgres, {}, ({ github: fake }) =>
      Effect.gen(function* () {
        const github = yield* Github
        const limits = yield* Limits
        const sql = yield* SqlClient.SqlClient
        const notedAt = sql<{ notedAt: Date }>`select noted_at from limits`.unprepared
        const report = (limit: Effect.Success<ReturnType<typeof limitOf>>) =>
          limits.store(name, afterLimit(limit), limit.resumeAt)

        fake.addUser("ann")
        fake.injectFault({ kind: "status", status: 429, headers: { "retry-after": "3600" } })
        yield* report(yield* limitOf(ask(github)))
        const first = yield* notedAt
        assert.lengthOf(first, 1)

        yield* passTime("1 minute")
        yield* report(yield* limitOf(ask(github)))
        assert.deepStrictEqual(yield* notedAt, first)
      })
    )
  )

  it.effect.each(requests)("that is the secondary one, met by %s, is stored for requests and queries", ([name, ask]) =>
    inWorld(layerPostgres, {}, ({ github: fake }) =>
      Effect.gen(function* () {
        const github = yield* Github
        const limits = yield* Limits
        fake.addUser("ann")
        fake.injectFault({ kind: "secondary-limit", retryAfterSeconds: 300 })
        const met = yield* limitOf(ask(github))
        yield* limits.store(name, afterLimit(met), met.resumeAt)
        for (const { limit } of yield* limits.stored(["github", "githubPoints"])) assert.isDefined(limit)
        for (const [, other] of requests) assert.isTrue((yield* limitOf(other(github))).throttling?.isStored)
      })
    )
  )

  it.effect.each(requests)(
    "of %s that another process stored holds this process, and is not stored again",
    ([name, ask]) =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const limits = yield* Limits
          const until = DateTime.addDuration(yield* DateTime.now, "1 hour")
          yield* limits.store(name, { message: "GitHub said so", enforcedBy: "service", cause: "limit" }, until)
          const [known] = yield* limits.restore([name])
          assert.strictEqual(known?.limit?.message, "GitHub said so")
          const limit = yield* limitOf(ask(yield* Github))
          assert.deepStrictEqual(limit.throttling, { why: "GitHub said so", isStored: true })
          assert.strictEqual(afterLimit(limit).cause, "restored")
        })
      )
  )
})

describe("a refusal that is stored", () => {
  it.effect("may be found out about by one cheap read in a quarter of an hour, and holds nothing", () =>
    inWorld(layerPostgres, {}, ({ github: fake }) =>
      Effect.gen(function* () {
        fake.addUser("ann")
        const limits = yield* Limits
        const until = DateTime.addDuration(yield* DateTime.now, "15 minutes")
        yield* limits.store("github", { message: "refused", enforcedBy: "self", cause: "suspicion" }, until)
        const [known] = yield* limits.restore(["github"])
        assert.deepStrictEqual([known?.refusal?.message, known?.limit], ["refused", undefined])
        yield* (yield* Github).gists("ann", Option.none())
        assert.isFalse(yield* limits.claimProbe("github"))
        yield* passTime("15 minutes")
        assert.deepStrictEqual([yield* limits.claimProbe("github"), yield* limits.claimProbe("github")], [true, false])
        yield* limits.accepted("github")
        assert.isUndefined((yield* limits.stored(["github"]))[0]?.refusal)
      })
    )
  )
})
