/** How many files of a new user publishing would create. */
import { assert, describe, it } from "@effect/vitest"
import { publishableOf } from "../../src/detect/publishable.ts"
import { type FileRules, skippedBy } from "../../src/domain/FileRules.ts"

const rules: FileRules = {
  include: [],
  exclude: [],
  languages: [],
  maxFileSize: Number.POSITIVE_INFINITY,
  forks: "publish"
}

const gist = (filenames: ReadonlyArray<string>, isFork?: boolean) => ({
  files: filenames.map((filename) => ({
    gistId: "g",
    filename,
    htmlUrl: "https://gist.example/g",
    rawUrl: null,
    description: null,
    language: null,
    type: null,
    size: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
    ...(isFork === undefined ? {} : { isFork })
  }))
})

const gists = [gist(["a.md", "b.py"]), gist(["c.md"], true), gist(["d.md"], false)]

describe("the files that publishing would create for a new user are", () => {
  for (const [title, given, own, expected] of [
    ["none without gists", { gists: [], complete: true, total: 0 }, {}, 0],
    ["all without rules", { gists, complete: true, total: 3 }, {}, 4],
    ["those whose names fit", { gists, complete: true, total: 3 }, { include: ["*.md"] }, 3],
    ["those of no fork", { gists, complete: true, total: 3 }, { forks: "skip" }, 3],
    ["taken to be alike in the gists behind those shown", { gists, complete: false, total: 10 }, {}, 13],
    ["none when rules leave out all that is shown", { gists, complete: false, total: 10 }, { include: ["*.c"] }, 0],
    ["not more than those shown when none is behind them", { gists, complete: true, total: 10 }, {}, 4]
  ] as ReadonlyArray<readonly [string, Parameters<typeof publishableOf>[0], Partial<FileRules>, number]>) {
    it(title, () => assert.strictEqual(publishableOf(given, skippedBy({ ...rules, ...own })()), expected))
  }
})
