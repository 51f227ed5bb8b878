/** The decision table of docs/lifecycle.md has a row for each reason that an attempt can end with. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { GithubError } from "../../src/github/Github.ts"
import { SinkError } from "../../src/publish/Sink.ts"

const document = readFileSync(new URL("../../../../docs/lifecycle.md", import.meta.url), "utf8")

/** The words of the column `Reason`. */
const documented = (document.split("### Decision table")[1]?.split("###")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .flatMap((line) => [...(line.split(" | ")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, word]) => word as string))

const source = new URL("../../src/publish/", import.meta.url)

/** Reasons that the decisions name themselves. */
const ownReasons = readdirSync(source).flatMap((file) =>
  [...readFileSync(new URL(file, source), "utf8").matchAll(/\b(?:reason|once|twice): "(\w+)"/g)].map(
    ([, word]) => word as string
  )
)

const reasons = [...SinkError.fields.reason.members, ...GithubError.fields.reason.members]
  .map(({ identifier }) => identifier)
  // The first is stored without its first word, the second as `GistNotFound`; the last only ends the reading of a list.
  .filter((reason) => !["SinkOutcomeUnknown", "UserNotFound", "PaginationLimited"].includes(reason))

it("the decision table of docs/lifecycle.md names each reason of an attempt's end, and no other", () => {
  assert.deepStrictEqual([...new Set(documented)].toSorted(), [...new Set([...reasons, ...ownReasons])].toSorted())
})
