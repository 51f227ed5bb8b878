/** Which limits the other processes on the database learn, and how. */
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { afterLimit, isNews, type MetLimit, storedAs } from "../../src/limits/sharing.ts"

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
  ] as ReadonlyArray<readonly [string, Omit<MetLimit, "message">, boolean]>) {
    it(what, () => {
      assert.strictEqual(isNews(met), expected)
    })
  }
})

describe("a pause is shared", () => {
  for (const [cause, enforcedBy, seconds, shared] of [
    ["limit", "service", 2, "limit"],
    ["limit", "service", 3_600, "limit"],
    ["limit", "self", 900, "nothing"],
    ["suspicion", "self", 30, "refusal"],
    ["suspicion", "self", 900, "refusal"],
    ["fault", "self", 30, "refusal"],
    ["fault", "self", 2, "nothing"],
    ["restored", "service", 900, "nothing"]
  ] as const) {
    it(`as ${shared} for ${cause} of ${seconds} seconds that is enforced by ${enforcedBy}`, () => {
      assert.strictEqual(storedAs({ cause, enforcedBy }, Duration.seconds(seconds)), shared)
    })
  }
})

describe("requests wait after a limit", () => {
  const message = "GitHub is not asked again yet: limit"
  for (const [what, met, reason] of [
    ["for the service's reason", { enforcedBy: "service" }, { message, enforcedBy: "service", cause: "limit" }],
    [
      "as requests and queries both do after GitHub's secondary limit",
      { enforcedBy: "service", isSecondary: true },
      { message, enforcedBy: "service", cause: "limit", isSecondary: true }
    ],
    [
      "for the reason of the limit that the throttle keeps",
      { enforcedBy: "service", throttling: kept(false) },
      { message: "limit", enforcedBy: "service", cause: "limit" }
    ],
    [
      "as after a restored limit when the limit is stored",
      { enforcedBy: "service", throttling: kept(true) },
      { message: "limit", enforcedBy: "service", cause: "restored" }
    ]
  ] as const) {
    it(what, () => {
      assert.deepStrictEqual(afterLimit({ message, ...met }), reason)
    })
  }
})
