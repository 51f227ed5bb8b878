/** Documents that name tests name such as there are. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const root = new URL("../../", import.meta.url).pathname

for (const document of [
  "docs/guarantees.md",
  "docs/backup.md",
  "docs/security.md",
  "docs/operating.md",
  "docs/metrics.md"
]) {
  describe(document, () => {
    const named = [
      ...readFileSync(`${root}${document}`, "utf8").matchAll(
        /`((?:packages|chaos|deploy|examples)\/[^`]+\.test\.ts)`: "([^"]+)"/g
      )
    ]

    it("names tests", () => assert.isAtLeast(named.length, 2))

    for (const [, file = "", title = ""] of named) {
      it(`${file}: ${title}`, () => {
        assert.isTrue(existsSync(`${root}${file}`), `${file} does not exist`)
        assert.include(readFileSync(`${root}${file}`, "utf8"), title)
      })
    }
  })
}
