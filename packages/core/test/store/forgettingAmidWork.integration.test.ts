/** A user is forgotten while servers scan, publish and show the user's files. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Sink } from "../../src/publish/Sink.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { databases, layerPostgres } from "../database.ts"
import { isCreate, outcomes } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { ann, published, stored } from "./forgetting.ts"

for (const [kind, database] of databases) {
  describe(kind, () => {
    it.effect(
      "a user who is forgotten and tracked again amid scans, visits and publishing has each file published once",
      () =>
        inWorld(database, {}, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            github.addUser("octo-ann")
            const forget = Effect.result(gitpip.forget(ann))
            const outcomes: Array<string> = []
            for (let round = 0; round < 6; round++) {
              for (let n = 0; n < 3; n++) github.addGist("octo-ann", { files: { [`${round}-${n}.md`]: "" } })
              yield* gitpip.track(ann)
              const results = yield* Effect.all(
                [
                  gitpip.scan({ username: ann }),
                  gitpip.publish,
                  gitpip.latest(ann),
                  Effect.map(forget, (result) => outcomes.push(Result.isSuccess(result) ? "done" : result.failure._tag))
                ].map((one) => Effect.result(one as Effect.Effect<unknown, { readonly _tag: string }>)),
                { concurrency: "unbounded" }
              )
              // A scan or a visit finds nobody when the user was forgotten before, or as the scan begins.
              const failures = results.flatMap((one) => (Result.isFailure(one) ? [String(one.failure)] : []))
              assert.deepStrictEqual(
                failures.filter((failure) => !/is not tracked|scans_user_key_fkey/.test(failure)),
                []
              )
              yield* passTime("10 minutes")
            }
            assert.include(outcomes, "done")
            assert.notInclude(outcomes, "DatabaseError")
            yield* gitpip.track(ann)
            yield* gitpip.scan()
            yield* gitpip.publish
            yield* passTime("1 hour")
            yield* gitpip.publish
            const subjects = pipedrive.activities.map(({ subject }) => subject)
            assert.strictEqual(new Set(subjects).size, 18)
            assert.lengthOf(subjects, 18)
            yield* gitpip.forget(ann)
            assert.deepStrictEqual(
              (yield* stored).filter((row) => row.includes("octo-ann")),
              []
            )
          })
        )
    )
  })
}

describe("forgetting a user whose file is under way", () => {
  /** A publisher that holds a claim, and has noted in the database that it sends now. */
  const begun = Effect.fnUntraced(function* (github: FakeGithub) {
    const gitpip = yield* Gitpip
    const { publications } = yield* Store
    const sink = yield* Sink
    github.addUser("octo-ann")
    github.addGist("octo-ann", { files: { "one.md": "1" } })
    yield* gitpip.track(ann)
    yield* gitpip.scan()
    const [claim] = yield* publications.claim(1, Timing.publicationLease)
    if (claim === undefined) return yield* Effect.die("nothing to claim")
    const target = yield* sink.target(claim)
    assert.isTrue(yield* publications.beginSend(claim, target))
    const create = sink.create({
      target,
      delivery: claim,
      content: { _tag: "Text", text: "1", partial: false },
      begin: Effect.succeed(true)
    })
    return { claim, create }
  })

  it.effect("nothing is erased while a server holds the lease of a file", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { claim, create } = yield* begun(github)
        const before = yield* stored
        const error = yield* Effect.flip(gitpip.forget(ann))
        assert.strictEqual(error._tag, "UserBusy")
        assert.match(error.message, /Nothing was erased; try again/)
        assert.deepStrictEqual(yield* stored, before)
        const { remoteId } = yield* create
        const { publications } = yield* Store
        yield* publications.settle(claim, { _tag: "published", how: "published", remoteId, remark: null })
        assert.strictEqual((yield* outcomes).state, "published")
        assert.deepStrictEqual((yield* gitpip.forget(ann)).activities, [Number(remoteId)])
      })
    )
  )

  it.effect("a file whose answer was lost is not published again, and is named as unconfirmed", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("octo-ann")
        const gist = github.addGist("octo-ann", { files: { "one.md": "1" } })
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        pipedrive.injectFault({ kind: "lost", how: "reset" }, { when: isCreate })
        yield* gitpip.publish
        const { hashes, unconfirmed } = yield* gitpip.forget(ann)
        assert.strictEqual(hashes, 1)
        assert.strictEqual(unconfirmed[0]?.item, "activity")
        assert.match(unconfirmed[0]?.about ?? "", new RegExp(gist))
        yield* gitpip.track(ann)
        yield* gitpip.scan()
        yield* passTime("1 hour")
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 1)
      })
    )
  )

  it.effect("what a server creates after it has slept past its lease is deleted once its user is forgotten", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { publications } = yield* Store
        const { claim, create } = yield* begun(github)
        yield* passTime("6 minutes")
        assert.strictEqual((yield* gitpip.forget(ann)).unconfirmed.length, 1)
        assert.isFalse(yield* publications.beginSend(claim, "1"))
        const { remoteId } = yield* create
        assert.lengthOf(pipedrive.activities, 1)
        yield* publications.settle(claim, { _tag: "published", how: "published", remoteId, remark: null })
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 0)
      })
    )
  )

  it.effect("a scan goes on when one of its users is forgotten meanwhile", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { checks, listings, scans } = yield* Store
        yield* published(github)
        const [user] = yield* checks.forScan({ after: 0, until: 1_000, limit: 1, includeFailing: true })
        if (user === undefined) return yield* Effect.die("nobody is tracked")
        const { key: scan } = Option.getOrThrow(yield* scans.start("requested", null))
        yield* gitpip.forget(ann)
        yield* TestClock.adjust("1 second")
        yield* listings.put(user.key, { next: "https://api.github.com/x", etag: null, pages: 1 })
        const failure = { count: 1, reason: "UserNotFound", message: "no", retryIn: Timing.settleDelay }
        yield* scans.progress(scan, {
          cursor: 1,
          users: 1,
          unchanged: 0,
          files: 0,
          failures: [{ ...failure, userKey: user.key }]
        })
        assert.deepStrictEqual((yield* gitpip.scanDetails(scan)).failures, [])
      })
    )
  )
})
