/** Many users' new files in one transaction: the same as one user after the other, whoever else is at work. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Timing from "../../src/domain/Timing.ts"
import type { UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Intake } from "../../src/store/GistFiles.ts"
import { Store } from "../../src/store/Store.ts"
import { databases, layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"

const now = new Date("2026-03-01T00:00:00Z")
const trackedAt = "2026-01-01T00:00:00Z"

const file = (gistId: string, filename = "a.md", createdAt = "2026-02-01T00:00:00Z"): Intake["files"][number] => ({
  gistId,
  filename,
  htmlUrl: `${gistId}/${filename}`,
  rawUrl: null,
  description: null,
  language: null,
  type: null,
  size: 1,
  createdAt,
  updatedAt: createdAt
})

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => file(`${prefix}${n}`))

const intake = (user: number, files: ReadonlyArray<Intake["files"][number]>, more: Partial<Intake> = {}): Intake => ({
  userKey: user as UserKey,
  scanKey: 1,
  files,
  githubId: null,
  etag: null,
  pages: 1,
  full: true,
  backfill: "all",
  ...more
})

/** Users 1 to `users`, of whom the even ones were looked at before, and two scans. */
const begin = Effect.fnUntraced(function* (users: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into users (id, username, tracked_at, baselined_at)
    select n, 'user-' || n, ${trackedAt}::timestamptz, case when n % 2 = 0 then ${trackedAt}::timestamptz end
    from generate_series(1, ${users}::int) n`
  yield* sql`insert into scans (kind, state, requested_at) select 'requested', 'done', now() from generate_series(1, 2)`
})

/** All that was stored, but for the surrogate keys: which of two users comes first in those is left open. */
const stored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    files: yield* sql`
      select f.user_key, row_number() over (partition by f.user_key order by f.key) as place, f.scan_key, f.gist_id,
        f.filename, f.found_at, p.state, p.start_tag, p.backlog, p.due_at, p.user_key as published_for
      from gist_files f left join publications p on p.file_key = f.key order by 1, 2`,
    users: yield* sql`select key, github_id, etag, pages, listed_at, baselined_at from users order by key`,
    scans: yield* sql`select key, files from scans order by key`
  }
})

const at = (hour: number, minute = 0) =>
  `2026-02-01T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00Z`

/** Looks of every kind, in the order in which they came. */
const checks: ReadonlyArray<ReadonlyArray<Intake>> = [
  [
    // Out of order, with an old file.
    intake(1, [file("c", "z.md", at(3)), file("c", "b.md", at(3)), file("a", "a.md", "2025-01-01T00:00:00Z")], {
      githubId: 11,
      etag: "1"
    }),
    intake(2, [file("d", "a.md", "2025-01-01T00:00:00Z"), file("e", "a.md", at(1))], { full: false, pages: 3 }),
    // Old ones are left out, and new ones go on.
    intake(3, [file("f", "a.md", "2025-01-01T00:00:00Z"), file("g", "a.md", at(5))], { backfill: "none", scanKey: 2 }),
    intake(5, [])
  ],
  [
    // More than a statement takes, and more than are fresh.
    intake(
      2,
      Array.from({ length: 1_150 }, (_, n) => file(`many-${n}`, "a.md", at(Math.floor(n / 60), n % 60)))
    ),
    intake(1, [file("h", "a.md", at(2))], { githubId: 99, etag: null, full: false }),
    intake(4, [file("i", "a.md", at(7))], { backfill: "none" }),
    // Again in the same batch: a file that is known by now, and another one.
    intake(1, [file("h", "a.md", at(2)), file("k", "a.md", at(1))], { etag: "2", scanKey: 2 }),
    intake(
      6,
      Array.from({ length: 120 }, (_, n) => file(`six-${n}`, "a.md", "2025-01-01T00:00:00Z"))
    )
  ]
]

describe("many looks at once", () => {
  for (const [kind, database] of databases) {
    it.effect(
      `leave the same behind as one after the other: order, turns, backlog, and what is known of users (${kind})`,
      () =>
        Effect.gen(function* () {
          const run = (
            store: (files: Store["Service"]["files"], checks: ReadonlyArray<Intake>) => Effect.Effect<unknown, unknown>
          ) =>
            Effect.gen(function* () {
              const { files } = yield* Store
              yield* begin(6)
              for (const some of checks) yield* store(files, some)
              return yield* stored
            }).pipe(Effect.provide(Layer.fresh(Layer.provideMerge(Store.layer, database))))
          const together = yield* run((files, some) => files.addAll(some))
          const apart = yield* run((files, some) => Effect.forEach(some, files.add))
          assert.deepStrictEqual(together, apart)

          // What that is, in short.
          const of = (user: number) => together.files.filter((row) => row.userKey === user)
          assert.deepStrictEqual(
            of(1).map(({ filename, gistId }) => `${gistId}/${filename}`),
            ["a/a.md", "c/b.md", "c/z.md", "h/a.md", "k/a.md"]
          )
          assert.deepStrictEqual(
            of(1).map(({ backlog, startTag }) => [startTag, backlog]),
            [
              [0, true],
              [1, false],
              [2, false],
              [3, false],
              [4, false]
            ]
          )
          assert.deepStrictEqual(
            of(3).map(({ gistId, state, startTag }) => [gistId, state, startTag]),
            [
              ["f", null, null],
              ["g", "pending", 0]
            ]
          )
          const many = of(2).slice(2)
          assert.deepStrictEqual(
            many.map(({ startTag }) => startTag),
            many.map((_, n) => n + 2)
          )
          assert.deepStrictEqual(
            many.map(({ backlog }) => backlog),
            many.map((_, n) => n >= Timing.freshFiles)
          )
          assert.isTrue(of(6).every(({ backlog }, n) => backlog === n >= Timing.freshFiles))
          assert.strictEqual(of(6).length, 120)
          assert.deepStrictEqual(
            together.scans.map(({ files }) => files),
            [3 + 2 + 1_150 + 1 + 1 + 120, 2 + 1]
          )
        })
    )
  }

  it.effect("take turns: who comes later begins where the queue stands, and behind its own waiting files", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, named("a", 5)), intake(2, named("b", 2))])
        yield* sql`update publications set state = 'failed' where start_tag < 2`
        yield* files.addAll([intake(2, named("c", 2)), intake(1, named("d", 1)), intake(3, named("e", 2))])
        assert.deepStrictEqual(yield* turns, ["2 a2", "2 c0", "2 e0", "3 a3", "3 c1", "3 e1", "4 a4", "5 d0"])
      })
    )
  )

  const turns = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const found = yield* sql<{ gistId: string; startTag: number }>`
      select f.gist_id, p.start_tag from publications p join gist_files f on f.key = p.file_key
      where p.state = 'pending' order by p.start_tag, p.key`
    return found.map(({ gistId, startTag }) => `${startTag} ${gistId}`)
  })

  const lastFailed = Effect.flatMap(Store, ({ publications }) =>
    Effect.map(
      publications.list({ state: Option.some("failed"), before: everything.before, limit: 1 }),
      ([last]) => last?.id ?? 0
    )
  )

  it.effect("stand behind what waits, although an old file has been put off", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, [file("failing")]), intake(2, [file("waiting")])])
        yield* sql`update publications set error_reason = 'Refused', error_message = 'no' where user_key = 1`
        yield* sql`update publications set start_tag = 50 where user_key = 2`
        for (const seconds of [60, 0]) {
          // Put off, and due again but not claimed, as in a pause.
          yield* sql`update publications set due_at = ${new Date(now.getTime() + seconds * 1_000)} where user_key = 1`
          yield* files.add(intake(3, [file(`new-${seconds}`)]))
        }
        assert.deepStrictEqual(yield* turns, ["0 failing", "50 waiting", "50 new-60", "51 new-0"])
        // Nothing else waits: there is nobody to be before.
        yield* sql`update publications set state = 'failed' where user_key <> 1`
        yield* files.add(intake(3, [file("newer")]))
        assert.include(yield* turns, "0 newer")
        // All that waited is on its way, and may come back.
        yield* sql`update publications set state = 'sending', start_tag = 7, lease_until = now() where state = 'pending'`
        yield* files.add(intake(2, [file("newest")]))
        assert.deepStrictEqual(yield* turns, ["7 newest"])
      })
    )
  )

  it.effect("that are retried begin where the queue stands, and each user's are one after the other", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files, publications } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, named("a", 3)), intake(2, named("b", 2))])
        yield* sql`update publications set state = 'failed'`
        yield* files.add(intake(3, named("c", 2)))
        // They failed long ago; or the queue has been empty since, and began anew.
        yield* sql`update publications set start_tag = start_tag + 50 where user_key in (2, 3)`
        yield* publications.retry(yield* lastFailed)
        assert.deepStrictEqual(yield* turns, ["50 b1", "50 c0", "51 c1"])
        assert.strictEqual(yield* publications.retryFailed, 4)
        assert.deepStrictEqual(yield* turns, ["50 a0", "50 b0", "50 b1", "50 c0", "51 a1", "51 c1", "52 a2"])
      })
    )
  )

  it.effect("that are retried wait for a locked row on a connection of their own", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files, publications } = yield* Store
        yield* begin(1)
        yield* files.add(intake(1, named("a", 2)))
        yield* sql`update publications set state = 'failed'`
        const last = yield* lastFailed
        const locked = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const lock = yield* Effect.forkChild(
          sql.withTransaction(
            Effect.andThen(
              sql`select 1 from publications for update`,
              Effect.andThen(Deferred.succeed(locked, undefined), Deferred.await(release))
            )
          )
        )
        yield* Deferred.await(locked)
        const retries = yield* Effect.forkChild(
          // Whoever comes second finds it retried.
          Effect.all([Effect.ignore(publications.retry(last)), publications.retryFailed], {
            concurrency: 2
          })
        )
        // What is asked meanwhile is answered, else this has no end.
        const waiting = sql<{ n: number }>`
          select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
        yield* Effect.repeat(waiting, { until: ([found]) => found?.n === 2 })
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(lock)
        yield* Fiber.join(retries)
        assert.deepStrictEqual(
          (yield* sql`select distinct state from publications`).map(({ state }) => state),
          ["pending"]
        )
      })
    )
  )

  it.effect("store a file once, named twice by one look, by two users, or known already", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.add(intake(3, [file("known")]))
        const counts = yield* files.addAll([
          intake(2, [file("x"), file("x"), file("both"), file("known")]),
          intake(1, [file("both"), file("y")]),
          // Nobody has this key.
          intake(77, [file("z")])
        ])
        assert.strictEqual(
          counts.reduce((sum, count) => sum + count, 0),
          3
        )
        assert.strictEqual(counts[2], 0)
        const [rows] = yield* sql<{ files: number; publications: number }>`
          select (select count(*) from gist_files) as files, (select count(*) from publications) as publications`
        assert.deepStrictEqual(rows, { files: 4, publications: 4 })
        assert.deepStrictEqual(yield* sql`select files from scans where key = 1`, [{ files: 4 }])
        assert.deepStrictEqual(yield* files.addAll([]), [])
      })
    )
  )

  it.effect("go on for a user that is untracked meanwhile, as one look does: what was seen is kept", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { files } = yield* Store
        yield* begin(2)
        yield* gitpip.untrack(name("user-1"))
        assert.deepStrictEqual(yield* files.addAll([intake(1, [file("a")]), intake(2, [file("b")])]), [1, 1])
        yield* gitpip.track(name("user-1"))
        assert.strictEqual((yield* gitpip.history(name("user-1"), everything)).length, 1)
      })
    )
  )

  it.effect(
    "of the same users, side by side, in any order, with visits and other records between them: nothing waits in a circle, each file is in one visit",
    () =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const { checks, files, scans } = yield* Store
          const count = 12
          yield* begin(count)
          const everybody = Array.from({ length: count }, (_, n) => n + 1)
          const shuffled = (seed: number) => everybody.toSorted((a, b) => ((a * seed) % 13) - ((b * seed) % 13))
          const seen = new Map(everybody.map((user) => [user, [] as number[]]))
          const visit = (user: number) =>
            Effect.map(gitpip.latest(name(`user-${user}`)), ({ files }) => {
              seen.get(user)?.push(...files.map(({ id }) => id as number))
            })
          for (let round = 0; round < 8; round++) {
            const batch = (seed: number) =>
              files.addAll(
                shuffled(seed).map((user) =>
                  intake(user, [
                    file(`${round}-${seed}-${user}`),
                    // Found by several at once, and by some for somebody else.
                    file(`${round}-${user}`, "same.md", at(user)),
                    file(`${round}-${(user % count) + 1}`, "same.md", at((user % count) + 1))
                  ])
                )
              )
            const record = (seed: number) =>
              checks.record(
                shuffled(seed).map((user) => ({
                  key: user as UserKey,
                  fingerprint: null,
                  gained: null,
                  isFullListing: false,
                  failure: null
                }))
              )
            const failures = (seed: number) =>
              scans.start("requested", seed as UserKey).pipe(
                Effect.flatMap((started) =>
                  scans.progress(Option.getOrThrow(started).key, {
                    cursor: 0,
                    users: 1,
                    unchanged: 0,
                    failures: shuffled(seed).map((user) => ({
                      userKey: user as UserKey,
                      reason: "Unavailable",
                      message: "",
                      retryIn: Duration.zero
                    }))
                  })
                )
              )
            yield* Effect.all(
              [
                ...[1, 5, 7, 11].flatMap((seed) => [batch(seed), record(seed), failures(seed)]),
                ...everybody.map(visit),
                ...everybody.map(visit)
              ],
              { concurrency: "unbounded", discard: true }
            )
          }
          yield* Effect.forEach(everybody, visit)
          let total = 0
          for (const user of everybody) {
            const all = (yield* gitpip.history(name(`user-${user}`), everything)).map(({ id }) => id as number)
            assert.sameMembers(seen.get(user) ?? [], all)
            assert.strictEqual(seen.get(user)?.length, all.length)
            total += all.length
          }
          assert.strictEqual(total, 8 * count * 5)
        })
      )
  )
})
