/** Forgetting a user erases the name in messages of others, and changes nothing else of theirs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { databases } from "../database.ts"
import { inWorld, name } from "../world.ts"

for (const [kind, database] of databases) {
  describe(kind, () => {
    for (const [login, message, expected] of [
      ["user", "GitHub knows no user nosuch1", "GitHub knows no user nosuch1"],
      ["zedd", "The account is now called zedd-two, which", "The account is now called zedd-two, which"],
      ["foo-", "The account is now called Foo-, which", "The account is now called (forgotten), which"]
    ] as const) {
      it.effect(`forgetting ${login} leaves another user the message: ${expected}`, () =>
        inWorld(database, {}, () =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            const sql = yield* SqlClient.SqlClient
            yield* gitpip.track(name(login))
            yield* gitpip.track(name("bob"))
            yield* sql`update users set failures = 1, error_message = ${message} where username = 'bob'`
            yield* gitpip.forget(name(login))
            assert.strictEqual((yield* gitpip.user(name("bob"))).user.errorMessage, expected)
          })
        )
      )
    }

    it.effect("forgetting a user again erases the name that a killed process has left in messages", () =>
      inWorld(database, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          yield* gitpip.track(name("bob"))
          yield* sql`update users set failures = 1, error_message = 'The account is now called zedd, which' where username = 'bob'`
          assert.strictEqual((yield* Effect.flip(gitpip.forget(name("Zedd"))))._tag, "UserNotTracked")
          const { user } = yield* gitpip.user(name("bob"))
          assert.strictEqual(user.errorMessage, "The account is now called (forgotten), which")
        })
      )
    )
  })
}
