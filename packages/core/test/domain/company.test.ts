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
    ["Research at @example", "example"],
    ["Software Engineer at @example, @other", "example"],
    ["@example, previously at @other", "example"],
    ["@example (formerly @other)", "example"],
    ["@example at @other", "example"],
    ["Co-founder & CTO @example", "example"],
    ["Software Engineer @example", "example"],
    ["@example, ex-Other", "example"],
    ["Example Ltd. (formerly Other)", "Example Ltd."],
    ["Müller & Söhne", "Müller & Söhne"],
    ["株式会社", "株式会社"],
    ["Example.com", "Example.com"],
    ["https://example.com", undefined],
    [" HTTP://example.com/about ", undefined],
    ["www.example.com", undefined],
    ["Example, https://example.com", undefined],
    ["Example - www.example.com", undefined],
    ["ann@example.com", undefined],
    ["Freelancer", undefined],
    ["Freelancer at @example", "example"],
    ["ex-@example", undefined],
    ["Ex-Example", undefined],
    ["previously @example", undefined],
    ["Formerly at Example", undefined],
    ["Currently between jobs", undefined],
    ["Working on cool things @foo, previously at @bar", undefined],
    ["Working at @example", undefined],
    ["Building things for the web", undefined],
    ["Searching for a new job", undefined],
    ["Open to work", undefined],
    ["I'm a developer", undefined],
    ["I’m a developer", undefined],
    ["I work on compilers", undefined],
    ["We work on compilers", undefined],
    ["Developer at Example", undefined],
    ["Senior software engineer @ Example", undefined],
    ["Ph.D. student in Computer Science at Example", undefined],
    ["one two three four five six seven eight nine ten", "one two three four five six seven eight nine ten"],
    ["one two three four five six seven eight nine ten eleven", undefined],
    ["University of Texas at Austin", "University of Texas at Austin"],
    [
      "National Institute of Advanced Industrial Science and Technology (AIST)",
      "National Institute of Advanced Industrial Science and Technology (AIST)"
    ],
    ["The Hong Kong University of Science and Technology", "The Hong Kong University of Science and Technology"],
    ["Building Blocks Inc.", "Building Blocks Inc."],
    ["Working Title Films", "Working Title Films"],
    ["Engineering for Change", "Engineering for Change"],
    ["I Squared Capital", "I Squared Capital"],
    ["We Are Social", "We Are Social"],
    ["We Work", "We Work"],
    ["I Love Tech", "I Love Tech"],
    ["The Founder Institute", "The Founder Institute"],
    ["Open Source Developers Guild", "Open Source Developers Guild"],
    ["Deus Ex Machina", "Deus Ex Machina"],
    ["Ex Libris", "Ex Libris"],
    ["Yahoo! Inc.", "Yahoo! Inc."],
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
