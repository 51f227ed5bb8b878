/** Many users' new files in one transaction: the same as one user after the other, with others at work meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Timing from "../../src/domain/Timing.ts"
import type { UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Intake } from "../../src/store/GistFiles.ts"
import { Store } from "../../src/store/Store.ts"
import { databases, layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"
import { begin, file, intake } from "./intakes.ts"

/** All that was stored, without the surrogate keys: the order of two users' keys is left open. */
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

/** Listings of every kind, in the order in which they came. */
const checks: ReadonlyArray<ReadonlyArray<Intake>> = [
  [
    // Out of order, with an old file.
    intake(1, [file("c", "z.md", at(3)), file("c", "b.md", at(3)), file("a", "a.md", "2025-01-01T00:00:00Z")], {
      githubId: 11,
      etag: "1"
    }),
    intake(2, [file("d", "a.md", "2025-01-01T00:00:00Z"), file("e", "a.md", at(1))], {
      isFullListing: false,
      pages: 3
    }),
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
    intake(1, [file("h", "a.md", at(2))], { githubId: 99, etag: null, isFullListing: false }),
    intake(4, [file("i", "a.md", at(7))], { backfill: "none" }),
    // Again in the same batch: a file that is known by now, and another one.
    intake(1, [file("h", "a.md", at(2)), file("k", "a.md", at(1))], { etag: "2", scanKey: 2 }),
    intake(
      6,
      Array.from({ length: 120 }, (_, n) => file(`six-${n}`, "a.md", "2025-01-01T00:00:00Z"))
    )
  ]
]

describe("listings", () => {
  for (const [kind, database] of databases) {
    it.effect(
      `many listings at once store the same as one after the other: order, start tags, backlog, and what is known of users (${kind})`,
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

          // The same, spelled out.
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

  it.effect("a file is stored once when one check names it twice, two users name it, or it is known already", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.add(intake(3, [file("known")]))
        const counts = yield* files.addAll([
          intake(2, [file("x"), file("x"), file("both"), file("known")]),
          intake(1, [file("both"), file("y")]),
          // No user has this key.
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

  it.effect("listings of a user that is untracked meanwhile are stored all the same", () =>
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
    "batches of the same users, side by side, with visits and other records between them, never wait in a circle, and each file is in one visit",
    () =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const { checks, files, scans } = yield* Store
          const count = 12
          yield* begin(count)
          const users = Array.from({ length: count }, (_, n) => n + 1)
          const shuffled = (seed: number) => users.toSorted((a, b) => ((a * seed) % 13) - ((b * seed) % 13))
          const seen = new Map(users.map((user) => [user, [] as number[]]))
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
                    // Found by several at once, and by some for another user.
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
                    files: 0,
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
                ...users.map(visit),
                ...users.map(visit)
              ],
              { concurrency: "unbounded", discard: true }
            )
          }
          yield* Effect.forEach(users, visit)
          let total = 0
          for (const user of users) {
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
