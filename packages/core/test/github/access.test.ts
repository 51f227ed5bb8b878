/** What `access.ts` fails with while GitHub refuses requests, without a server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Access from "../../src/github/access.ts"
import { fail, Refused, Unexpected, UserNotFound } from "../../src/github/errors.ts"

const noFeed = fail(new Unexpected({ message: "GitHub shows no public feed here" }))
const noUser = fail(new UserNotFound({ message: "GitHub knows no user ann" }))
const refused = fail(new Refused({ message: "GitHub refuses it (HTTP 403): The hamster is asleep" }))

const messageOf = (access: Access.Access) => Option.getOrUndefined(access.refusal())?.message

describe("a refusal that lasts", () => {
  it.effect("a refusal of everything keeps its text when the probe renews it", () =>
    Effect.gen(function* () {
      const access = Access.make({ hasToken: true, probe: noFeed })
      const read = Effect.flip(access.judgeRefusals({ kind: "list", thing: "ann" }, noUser))
      const { message } = yield* read
      assert.match(message, /^GitHub finds nothing that is requested: GitHub knows no user ann\. Check/)
      for (let n = 0; n < 3; n++) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* read).message, message)
        assert.strictEqual(messageOf(access), message)
      }
    })
  )

  it.effect("a refusal of one kind keeps its text when a request renews it, and other kinds are sent", () =>
    Effect.gen(function* () {
      const access = Access.make({ hasToken: true, probe: Effect.void })
      const read = (thing: string) => Effect.flip(access.judgeRefusals({ kind: "gist", thing }, refused))
      for (const thing of ["a", "b"]) assert.strictEqual((yield* read(thing)).scope, "thing")
      const { message, scope } = yield* read("c")
      assert.strictEqual(scope, "credential")
      assert.match(message, /^GitHub refuses to show gists, for 3 gists in a row/)
      for (const thing of ["d", "e"]) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* read(thing)).message, message)
        assert.strictEqual((yield* read("f")).message, message)
      }
      assert.strictEqual(yield* access.judgeRefusals({ kind: "list", thing: "ann" }, Effect.succeed("sent")), "sent")
      yield* TestClock.adjust("1 minute")
      yield* access.judgeRefusals({ kind: "gist", thing: "g" }, Effect.void)
      assert.isUndefined(messageOf(access))
    })
  )
})
