/** How changesets become a section of `CHANGELOG.md`, and which tags may be released. */
import { assert, describe, it } from "@effect/vitest"
import { notesOf, objection, toItem, withRelease } from "../../.ci/changelog.ts"
import { read } from "./documents.ts"

const release = { version: "1.2.0", date: "2026-11-29", items: ["- New: a thing."] }
const older = "## 1.1.0 (2026-10-01)\n\n- Fixed: another.\n"

describe("a changeset", () => {
  it("a changeset becomes an item without its list of packages", () =>
    assert.strictEqual(
      toItem('---\n"@gitpip/core": minor\n---\n\nNew: a thing\nthat helps.\n'),
      "- New: a thing\n  that helps."
    ))

  it("a changeset with a list becomes its items", () =>
    assert.strictEqual(
      toItem('---\n"@gitpip/core": minor\n---\n\n- New: a thing\n  that helps.\n- Fixed: another.\n'),
      "- New: a thing\n  that helps.\n- Fixed: another."
    ))
})

describe("a release", () => {
  it.each([
    [
      "names what was unreleased, with the changesets at its end",
      `# Changelog\n\n## Unreleased\n\n- Fixed: one.\n\n${older}`,
      `# Changelog\n\n## Unreleased\n\n## 1.2.0 (2026-11-29)\n\n- Fixed: one.\n- New: a thing.\n\n${older}`
    ],
    [
      "has the changesets alone when nothing was written by hand",
      `# Changelog\n\n## Unreleased\n\n${older}`,
      `# Changelog\n\n## Unreleased\n\n## 1.2.0 (2026-11-29)\n\n- New: a thing.\n\n${older}`
    ],
    [
      "can be the first one",
      "# Changelog\n\n## Unreleased\n\n- Fixed: one.\n",
      "# Changelog\n\n## Unreleased\n\n## 1.2.0 (2026-11-29)\n\n- Fixed: one.\n- New: a thing.\n"
    ]
  ])("%s", (_, before, after) => assert.strictEqual(withRelease(before, release), after))

  it.each([
    ["without a section Unreleased", `# Changelog\n\n${older}`, release],
    ["of a version that has a section", `# Changelog\n\n## Unreleased\n\n${older}`, { ...release, version: "1.1.0" }],
    ["of nothing", `# Changelog\n\n## Unreleased\n\n${older}`, { ...release, items: [] }]
  ])("is refused %s", (_, before, one) => assert.throws(() => withRelease(before, one)))

  it("CHANGELOG.md has nothing below Unreleased, since changesets hold what is not released", () =>
    assert.match(read("CHANGELOG.md"), /^## Unreleased\n\n## /m))

  it("a release is possible with the checkout's CHANGELOG.md", () => {
    const changelog = withRelease(read("CHANGELOG.md"), { ...release, version: "99.0.0" })
    assert.include(notesOf(changelog, "99.0.0"), "- New: a thing.")
  })
})

describe("a tag", () => {
  const changelog = `# Changelog\n\n## Unreleased\n\n${older}`
  it.each([
    ["v1.1.0", "1.1.0", undefined],
    ["1.1.0", "1.1.0", "1.1.0 is not the version of @gitpip/http 1.1.0"],
    ["v1.2.0", "1.1.0", "v1.2.0 is not the version of @gitpip/http 1.1.0"],
    ["v1.2.0", "1.2.0", "CHANGELOG.md has no section for v1.2.0"]
  ])("%s with packages of version %s: %s", (tag, version, reason) =>
    assert.strictEqual(objection(tag, { changelog, versions: { "@gitpip/http": version } }), reason)
  )
})
