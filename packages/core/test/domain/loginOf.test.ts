import { assert, describe, it } from "@effect/vitest"
import { loginOf } from "../../src/domain/loginOf.ts"

describe("a pasted login", () => {
  for (const [text, login] of [
    ["ann", "ann"],
    [" @ann ", "ann"],
    ["github.com/ann", "ann"],
    ["https://github.com/ann/", "ann"],
    ["HTTP://www.GitHub.com/ann?tab=repositories", "ann"],
    ["https://gist.github.com/ann#top", "ann"],
    ["https://github.com/ann/repository", "ann/repository"],
    ["https://example.com/ann", "https://example.com/ann"],
    ["https://notgithub.com/ann", "https://notgithub.com/ann"]
  ] as const) {
    it(`the login of ${JSON.stringify(text)} is ${login}`, () => assert.strictEqual(loginOf(text), login))
  }
})
