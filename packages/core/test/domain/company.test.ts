/** Which organization a company on a GitHub profile names. */
import { assert, describe, it } from "@effect/vitest"
import { companyKey, companyOf, namesakesOf, severalOrganizations } from "../../src/domain/company.ts"

describe("the organization that a company names", () => {
  for (const [text, expected] of [
    ["Example Ltd.", "Example Ltd."],
    ["  Example Ltd. ", "Example Ltd."],
    ["@example", "example"],
    ["@@example", "example"],
    ["@Example Corp", "Example Corp"],
    ["@example @other", "example"],
    ["@example, @other", "example"],
    ["@example/@other", "example"],
    ["@example & @other | @third", "example"],
    ["@example and @other", "example"],
    ["@example (@other)", "example"],
    ["Example Ltd. @other", "Example Ltd."],
    ["Research at @example", "Research"],
    ["ex-@example", "ex-@example"],
    ["Müller & Söhne", "Müller & Söhne"],
    ["株式会社", "株式会社"],
    ["Example.com", "Example.com"],
    ["https://example.com", undefined],
    [" HTTP://example.com/about ", undefined],
    ["www.example.com", undefined],
    ["Freelancer", undefined],
    [" Self-Employed ", undefined],
    ["N/A", undefined],
    ["-", undefined],
    ["@", undefined],
    ["", undefined],
    [null, undefined],
    [undefined, undefined]
  ] as const) {
    it(`of ${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () => assert.strictEqual(companyOf(text), expected))
  }

  it("has one key in any case and with any spaces, which does not show the name", () => {
    assert.strictEqual(companyKey("Example  Ltd. "), companyKey("example ltd."))
    assert.notStrictEqual(companyKey("Example"), companyKey("Example Ltd."))
    assert.match(companyKey("Example"), /^[0-9a-f]{64}$/)
  })

  it("is each of that name, in any case, and none that only begins so", () => {
    const found = [
      { id: 9, name: "EXAMPLE" },
      { id: 4, name: " Example " },
      { id: 2, name: "Example Ltd." },
      { id: 1, name: null }
    ]
    const namesakes = namesakesOf("example", found)
    assert.deepStrictEqual(
      namesakes.map(({ id }) => id),
      [4, 9]
    )
    assert.strictEqual(
      severalOrganizations("example", namesakes),
      'Pipedrive has 2 organizations named "example": 4, 9. Merge or rename all but one'
    )
  })
})
