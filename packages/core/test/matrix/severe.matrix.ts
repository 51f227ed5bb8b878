/** Faults that real services showed, by the combination that finds each: all of them were red before they were fixed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parse } from "./dimensions.ts"
import { reportedOf, runAll } from "./runner.ts"

const faults: ReadonlyArray<readonly [what: string, name: string]> = [
  ["a list that shows the token's own secret gists", "github list/200/documented/ordinary/all/hour/done"],
  ["a gist that becomes secret before it is published", "pipedrive activity/304/empty/ordinary/user/hour/undone"],
  ["a token that GitHub refuses everything with a plain 403", "github gist/403/documented/ordinary/all/hour/done"],
  ["a raw host with a limit of its own", "github raw/429/documented/missing/thing/ever/done"],
  ["a gist that GitHub never gets done with", "github gist/502/html/missing/thing/ever/done"],
  ["a firewall in front of Pipedrive that refuses one text", "pipedrive activity/403/html/missing/thing/ever/undone"],
  ["a deal that may not be edited", "pipedrive activity/403/documented/ordinary/user/ever/undone"],
  ["a day's budget that is spent with some tokens left", "pipedrive activity/429/documented/zero/all/hour/undone"],
  [
    "a limit that says again and again that it ends in two seconds",
    "pipedrive activities/429/html/ordinary/thing/hour/done"
  ],
  ["one payload that Pipedrive always fails on", "pipedrive activity/500/documented/ordinary/thing/ever/undone"],
  ["a success that says that it is none", "pipedrive activity/200/other/ordinary/thing/ever/undone"],
  ["a note that is refused when its deal is there", "pipedrive note/400/documented/ordinary/thing/hour/undone"],
  ["a body that breaks off behind headers that leave nothing", "github gist/201/cut/zero/user/ever/done"],
  ["a redirect that leads to nothing", "github gist/308/other/missing/thing/ever/done"],
  [
    "a proxy that gives up while Pipedrive makes the deal of a file",
    "pipedrive file deal/499/endless/ordinary/user/ever/done"
  ],
  ["a list of pipelines that Pipedrive does not show for hours", "pipedrive pipelines/500/empty/missing/all/ever/done"],
  [
    "a proxy that asks for a password in Pipedrive's own form",
    "pipedrive item search/407/documented/absurd/all/hour/done"
  ],
  ["fields of persons that Pipedrive never answers", "pipedrive person fields/hang/empty/missing/all/ever/done"]
]

describe("the matrix finds no fault any more in", () => {
  it.effect.each(faults)("%s", ([, name]) =>
    Effect.gen(function* () {
      assert.strictEqual(reportedOf(yield* runAll([parse(name)])), "")
    })
  )
})
