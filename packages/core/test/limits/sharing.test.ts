/** Which limits the other processes on the database learn of. */
import { assert, describe, it } from "@effect/vitest"
import { isNews, type Met } from "../../src/limits/sharing.ts"

const kept = (isStored: boolean) => ({ why: "limit", isStored })

describe("a limit is news to the other processes", () => {
  for (const [what, met, expected] of [
    ["when the service answered a request with a limit of the credential", { enforcedBy: "service" }, true],
    ["when the service answered a request with a limit of a burst", { enforcedBy: "self" }, true],
    [
      "when the throttle keeps a request back for a limit that the service stated and nobody stored",
      { enforcedBy: "service", throttling: kept(false) },
      true
    ],
    [
      "but not when the throttle keeps a request back for a stored limit",
      { enforcedBy: "service", throttling: kept(true) },
      false
    ],
    [
      "but not when the throttle keeps a request back by its own judgement",
      { enforcedBy: "self", throttling: kept(false) },
      false
    ]
  ] as ReadonlyArray<readonly [string, Met, boolean]>) {
    it(what, () => {
      assert.strictEqual(isNews(met), expected)
    })
  }
})
