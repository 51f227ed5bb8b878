import { assert, describe, it } from "@effect/vitest"
import { loginOf as loginOfCore } from "@gitpip/core"
import { loginOf } from "../../src/client/login.js"

describe("the form that tracks a user", () => {
  it("takes the login out of an account's address that was pasted", () => {
    for (const text of ["ann", " @ann ", "github.com/ann", "https://github.com/ann/", "HTTP://GitHub.com/ann"])
      assert.strictEqual(loginOf(text), "ann", text)
  })

  it("takes the login out of the address of an account's gists", () => {
    for (const text of ["gist.github.com/ann", "https://gist.github.com/ann/"])
      assert.strictEqual(loginOf(text), "ann", text)
  })

  it("leaves an address of another site as it is, so that the server refuses it", () => {
    for (const text of ["https://example.com/ann", "https://notgithub.com/ann"]) assert.strictEqual(loginOf(text), text)
  })

  it("takes the same login out of a text as the commands do", () => {
    for (const text of [" @ann ", "www.github.com/ann?tab=stars", "https://gist.github.com/ann#top", "ann/ann", "a b"])
      assert.strictEqual(loginOf(text), loginOfCore(text), text)
  })
})
