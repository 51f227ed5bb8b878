import { assert, describe, it } from "@effect/vitest"
import { linksOf } from "../../src/client/links.ts"

const uuid = "adf21080-0e10-11eb-879b-05d71fb426ec"

describe("a published file's pages in Pipedrive", () => {
  for (const [what, remoteId, target, paths] of [
    ["an activity and its deal", "7", "3", ["/activities/7", "/deal/3"]],
    ["an activity of an older database", "7", null, ["/activities/7"]],
    ["a deal for the file", "8", "", ["/deal/8"]],
    ["a lead", uuid, "person:45", [`/leads/inbox/${uuid}`]],
    ["a lead that was found as a deal", "deal:12", "person:45", ["/deal/12"]]
  ] as const) {
    it(`are those of ${what}`, () =>
      assert.deepStrictEqual(
        linksOf({ remoteId, target }).map(({ path }) => path),
        [...paths]
      ))
  }
})
