import { assert, describe, it } from "@effect/vitest"
import { HttpServerResponse } from "effect/http"
import { whileStarting } from "../src/EarlyResponses.ts"

const answer = async (path: string) => {
  const response = HttpServerResponse.toWeb(whileStarting(path, "The database is being migrated: 0008_words, 1 of 1"))
  return { status: response.status, retry: response.headers.get("retry-after"), text: await response.text() }
}
const detail = "The server is starting. The database is being migrated: 0008_words, 1 of 1"

describe("a server whose database is being migrated", () => {
  it("is alive, since a restart would begin the migration again", async () => {
    assert.deepStrictEqual(await answer("/health"), { status: 200, retry: null, text: "Alive" })
  })

  for (const [path, type, more] of [
    ["/ready", "urn:gitpip:problem:not-ready", { reasons: [detail] }],
    ["/users", "urn:gitpip:problem:unavailable", {}],
    ["/", "urn:gitpip:problem:unavailable", {}],
    ["/nowhere", "urn:gitpip:problem:unavailable", {}]
  ] as const) {
    it(`answers ${path} with 503, the migration that runs, and when to ask again`, async () => {
      const { retry, status, text } = await answer(path)
      assert.deepStrictEqual([status, retry], [503, "5"])
      const { title, ...body } = JSON.parse(text)
      assert.deepStrictEqual(body, { type, status: 503, detail, ...more })
      assert.isString(title)
    })
  }
})
