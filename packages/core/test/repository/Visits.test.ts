/** Every file in exactly one visit of each visitor, whatever runs beside it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import { databases, layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"

for (const [kind, database] of databases) {
  describe(kind, () => {
    it.effect("shows each file once to each visitor while scans add more and visitors crowd in", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          const visitors = [undefined, Visitor.make("eve"), Visitor.make("mallory")]
          const seen = new Map<Visitor | undefined, Array<number>>(visitors.map((visitor) => [visitor, []]))
          const visit = (visitor: Visitor | undefined) =>
            Effect.map(gitpip.latest(name("ann"), visitor), ({ files }) => {
              seen.get(visitor)?.push(...files.map(({ id }) => id as number))
            })
          for (let round = 0; round < 8; round++) {
            for (let n = 0; n < 5; n++) github.addGist("ann", { files: { [`${round}-${n}.md`]: "", "b.md": "" } })
            yield* Effect.all(
              [gitpip.scan({ username: name("ann") }), ...visitors.flatMap((visitor) => [visit(visitor), visit(visitor), visit(visitor)])],
              { concurrency: "unbounded", discard: true }
            )
          }
          for (const visitor of visitors) yield* visit(visitor)
          const all = (yield* gitpip.history(name("ann"), everything)).map(({ id }) => id as number).toSorted((a, b) => a - b)
          assert.strictEqual(all.length, 80)
          for (const shown of seen.values()) assert.deepStrictEqual(shown.toSorted((a, b) => a - b), all)
        })
      ), 60_000)
  })
}

it.effect("a visit can be read again, by its own user only", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (const login of ["ann", "bob"]) {
        github.addUser(login)
        github.addGist(login, { files: { "a.md": "" } })
        yield* gitpip.track(name(login))
      }
      yield* gitpip.scan()
      const visit = yield* gitpip.latest(name("ann"))
      github.addGist("ann", { files: { "b.md": "" } })
      yield* gitpip.scan()
      assert.deepStrictEqual(yield* gitpip.visit(name("ann"), visit.id), visit)
      assert.strictEqual((yield* Effect.flip(gitpip.visit(name("bob"), visit.id)))._tag, "VisitNotFound")
      assert.strictEqual((yield* Effect.flip(gitpip.latest(name("nobody"))))._tag, "UserNotTracked")
    })
  ))
