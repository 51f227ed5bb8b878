/** A refusal of one kind of requests: what the operator, the publications and the user's reads say. */
import { assert, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { everything, passTime } from "../world.ts"
import { gist, listOf, tracked, whole, withGithub } from "./support.ts"

const logins = ["ann", "bob", "cy", "dan"]

const messages = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (all) =>
    all.map(({ errorMessage, errorReason, state }) => ({ state, errorReason, errorMessage }))
  )
)

it.effect("a refusal of all gists while lists are answered names gists, and gives the same reason everywhere", () => {
  let isRefused = true
  return withGithub(
    ({ path }) => {
      if (path === "/gists/public") return { body: [] }
      const login = logins.find((one) => path === listOf(one))
      if (login !== undefined) return { body: [gist(login, `gist-${login}`)] }
      const id = logins.find((one) => path === `/gists/gist-${one}`)
      if (id === undefined) return undefined
      return isRefused ? { status: 403, body: { message: "The hamster is asleep" } } : { body: whole(id, `gist-${id}`) }
    },
    ({ pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* tracked(...logins)
        assert.strictEqual((yield* gitpip.scan()).state, "done")
        for (let n = 0; n < 3; n++) {
          yield* gitpip.publish
          yield* passTime("10 seconds")
        }
        const sentence =
          "GitHub refuses to show gists, for 3 gists in a row (HTTP 403): The hamster is asleep. Check what GITHUB_TOKEN may read"
        const overdue = yield* gitpip.overdue(yield* DateTime.now)
        assert.deepStrictEqual(overdue, [sentence])
        const all = yield* messages
        assert.deepStrictEqual(new Set(all.map(({ state }) => state)), new Set(["pending"]))
        const reasons = all.flatMap(({ errorReason }) => (errorReason === null ? [] : [errorReason]))
        assert.deepStrictEqual(new Set(reasons), new Set(["Refused"]))
        assert.notInclude(JSON.stringify([all, yield* gitpip.status]), "every request")

        isRefused = false
        yield* passTime("1 minute")
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, logins.length)
        assert.deepStrictEqual(yield* gitpip.overdue(yield* DateTime.now), [])
      })
  )
})
