import { assert, describe, it } from "@effect/vitest"
import { namePattern, nowCalled, refusesAlso } from "../../src/domain/namedUsers.ts"
import { Username } from "../../src/domain/User.ts"

describe("the name of a forgotten user in stored sentences", () => {
  for (const [title, login, sentence, erased] of [
    [
      "is erased where another account has it",
      "ann",
      `${nowCalled("ann")}, which is`,
      `${nowCalled("(forgotten)")}, which is`
    ],
    [
      "is erased where GitHub answers 404 to everything",
      "ann",
      `${refusesAlso("ann")}.`,
      `${refusesAlso("(forgotten)")}.`
    ],
    ["is erased at the end of a sentence", "ann", nowCalled("ann"), nowCalled("(forgotten)")],
    ["is erased in any case", "ANN", nowCalled("Ann"), nowCalled("(forgotten)")],
    ["is erased when a dash ends it", "foo-", `${nowCalled("foo-")}, which`, `${nowCalled("(forgotten)")}, which`],
    ["is erased when it is a word of the sentence", "account", nowCalled("account"), nowCalled("(forgotten)")],
    ["stays as the beginning of a longer name with a dash", "zedd", nowCalled("zedd-two"), nowCalled("zedd-two")],
    ["stays as the beginning of a longer name", "zedd", refusesAlso("zedd2"), refusesAlso("zedd2")],
    ["stays as the end of a longer name", "two", nowCalled("zedd-two"), nowCalled("zedd-two")],
    [
      "stays where it is a word of another sentence",
      "user",
      "GitHub knows no user nosuch1",
      "GitHub knows no user nosuch1"
    ]
  ] as const) {
    it(title, () =>
      assert.strictEqual(sentence.replace(new RegExp(namePattern(Username.make(login)), "gi"), "$1(forgotten)"), erased)
    )
  }
})
