import { assert, describe, it } from "@effect/vitest"
import { causes, codeOf, innermostMessage } from "../../src/net/causes.ts"

const socket = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
const wrapped = { reason: { cause: new TypeError("fetch failed", { cause: socket }), message: "" } }

describe("the causes of an error", () => {
  it("are found behind causes and behind reasons, the outermost first", () => {
    assert.deepStrictEqual([...causes(wrapped)], [wrapped, wrapped.reason, wrapped.reason.cause, socket])
    assert.deepStrictEqual([...causes("no object")], [])
  })

  it("come to an end when an error is its own cause", () => {
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    assert.deepStrictEqual([...causes(circle)], [circle])
  })

  it("name the outermost code and the innermost message", () => {
    assert.strictEqual(codeOf(wrapped), "ECONNREFUSED")
    assert.strictEqual(codeOf({ code: "3D000", cause: socket }), "3D000")
    assert.strictEqual(innermostMessage(wrapped), "connect ECONNREFUSED")
    assert.strictEqual(innermostMessage({ message: "outer", cause: { message: "" } }), "outer")
    assert.isUndefined(innermostMessage(undefined))
  })
})
