/** The names that a misspelt one may have been meant as. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { likeliest, variantsOf } from "../../src/domain/nearNames.ts"
import { Username } from "../../src/domain/User.ts"

describe("names near a misspelt one", () => {
  for (const [typed, meant] of [
    ["octocta", "octocat"],
    ["octoccat", "octocat"],
    ["occtocat", "octocat"],
    ["Octo_cat", "octo-cat"],
    ["octo-cat", "octocat"],
    ["octocat2", "octocat"],
    ["octocat-", "octocat"],
    ["oct0cat", "octocat"],
    ["torva1ds", "torvalds"],
    ["janedoe", "jane-doe"],
    ["samal", "sammal"]
  ] as const) {
    it(`a misspelt ${typed} may have been meant as ${meant}`, () => {
      assert.include(variantsOf(typed, 99).map(String), meant)
    })
  }

  it.prop(
    "variants of a name are other valid names, each once and at most as many as asked for",
    [Username],
    ([name]) => {
      const variants = variantsOf(name, 20)
      assert.isAtMost(variants.length, 20)
      assert.strictEqual(new Set(variants).size, variants.length)
      assert.isTrue(variants.every((variant) => Schema.is(Username)(variant) && variant !== name.toLowerCase()))
    }
  )

  it("three accounts are shown, those with gists before all others", () => {
    const accounts = [
      { login: "a", gists: 0 },
      { login: "b", gists: 2 },
      { login: "not a name", gists: 9 },
      { login: "c", gists: 1 },
      { login: "d", gists: 0 }
    ]
    assert.deepStrictEqual(likeliest(accounts).map(String), ["b", "c", "a"])
  })
})
