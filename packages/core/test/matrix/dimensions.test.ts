import { assert, describe, it } from "@effect/vitest"
import { type Case, isPossible, nameOf, pairsOf, parse, requests, sample } from "./dimensions.ts"
import { expectation } from "./expectation.ts"

const ordinary: Case = parse("github gist/502/html/missing/thing/ever/done")

describe("a combination", () => {
  it("is read from its own name", () => {
    for (const one of sample(7, 200)) assert.deepStrictEqual(parse(nameOf(one)), one)
  })

  it.each([
    "github gists/502/html/missing/thing/ever/done",
    "github gist/999/html/missing/thing/ever/done",
    "github gist"
  ])("is not read from %s", (name) => {
    assert.throws(() => parse(name))
  })

  it.each([
    ["an answer without a status has no body", "github gist/reset/html/missing/thing/once/done"],
    ["an answer without a status has no headers", "github gist/hang/empty/zero/thing/once/done"],
    ["304 has no body", "github list/304/documented/ordinary/thing/once/done"],
    ["the feed is nobody's own", "github feed/500/html/missing/thing/once/done"],
    ["what only reads is always done", "github list/500/html/missing/thing/once/undone"],
    ["a refusal says that nothing was done", "pipedrive activity/403/html/missing/thing/once/done"],
    ["a success is done", "pipedrive activity/201/documented/ordinary/thing/once/undone"]
  ])("cannot be: %s", (_, name) => {
    assert.isFalse(isPossible(parse(name)))
  })
})

describe("kinds of requests that the same code answers", () => {
  it("meet each status once among them, and each body by itself", () => {
    const [one, other] = ["pipedrive stages", "pipedrive users"].map((request) =>
      pairsOf(parse(`${request}/502/html/missing/all/hour/done`))
    )
    const shared = one?.filter((pair) => other?.includes(pair)) ?? []
    assert.isTrue(shared.includes("setup 502"))
    assert.isFalse(shared.some((pair) => pair.startsWith("pipedrive ")))
  })
})

describe("a sample", () => {
  it("is the same for the same seed, and possible", () => {
    const drawn = sample(13, 100)
    assert.deepStrictEqual(sample(13, 100), drawn)
    assert.notDeepEqual(sample(14, 100), drawn)
    assert.isTrue(drawn.every(isPossible))
  })

  it("of as many combinations as there are kinds of requests has each kind once", () => {
    const count = Object.keys(requests).length
    assert.strictEqual(new Set(sample(1, count).map(({ request }) => request)).size, count)
  })
})

describe("the promise", () => {
  const others: ReadonlyArray<readonly [string, boolean]> = [
    ["github gist/502/html/missing/thing/ever/done", false],
    ["github gist/403/documented/ordinary/thing/ever/done", false],
    ["github gist/403/documented/zero/thing/ever/done", true],
    ["github gist/401/documented/ordinary/thing/ever/done", true],
    ["github raw/429/documented/zero/thing/ever/done", false],
    ["github raw/401/html/ordinary/user/ever/done", false],
    ["github list/500/empty/ordinary/all/hour/done", true],
    ["github feed/500/empty/ordinary/all/hour/done", false],
    ["github batch/403/html/missing/all/ever/done", false],
    ["github profile/500/html/missing/all/ever/done", false],
    ["pipedrive stages/500/html/missing/all/ever/done", true],
    ["pipedrive organization search/500/html/missing/all/ever/done", false],
    ["pipedrive activity/403/html/missing/thing/ever/undone", false],
    ["pipedrive activity/402/documented/ordinary/thing/hour/undone", true],
    ["pipedrive activity/429/documented/ordinary/thing/hour/undone", false],
    ["pipedrive activity/500/documented/ordinary/user/ever/undone", false]
  ]
  it.each(others)("of the minute for %s: others may wait: %s", (name, isGlobal) => {
    assert.strictEqual(expectation(parse(name)).isGlobal, isGlobal)
  })

  it("lets what everybody was refused go on by itself, and a person decide about one thing", () => {
    assert.isTrue(expectation(ordinary).mayFail)
    assert.isFalse(expectation({ ...ordinary, scope: "all" }).mayFail)
    assert.isTrue(expectation({ ...ordinary, scope: "all", status: "422" }).mayFail)
    assert.isTrue(expectation({ ...ordinary, scope: "user", status: "401" }).mayFail)
    assert.isFalse(expectation({ ...ordinary, scope: "all", status: "401" }).mayFail)
  })
})
