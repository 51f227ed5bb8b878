/** Which of the pauses that a process knows every process shows. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { type Known, type SharedPause, sharedPause } from "../../src/publish/sharedPause.ts"

describe("a pause", () => {
  const at = (seconds: number) => DateTime.makeUnsafe(seconds * 1_000)
  const nothing = { own: undefined, limit: undefined, refusal: undefined }
  const own = { message: "own", until: at(20) }
  const limit = { message: "limit", since: at(1), until: at(30) }
  const refusal = { message: "refusal", since: at(2), until: at(10) }
  for (const [what, services, shown] of [
    ["nothing is known", [nothing, nothing], undefined],
    ["a refusal is stored", [{ ...nothing, refusal }, nothing], refusal],
    ["a limit is stored", [nothing, { ...nothing, limit }], { message: "limit", until: at(30) }],
    ["both are stored", [{ ...nothing, limit, refusal }, nothing], { message: "limit", until: at(30) }],
    ["it is the process' own", [{ ...nothing, own }, nothing], own],
    ["its own goes on", [{ ...nothing, own, refusal }, nothing], { ...own, since: at(2) }],
    [
      "both services pause",
      [
        { ...nothing, refusal },
        { ...nothing, own }
      ],
      own
    ]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<Known>, SharedPause | undefined]>) {
    it(`is shown when ${what}`, () => {
      assert.deepStrictEqual(sharedPause(services), shown)
    })
  }
})
