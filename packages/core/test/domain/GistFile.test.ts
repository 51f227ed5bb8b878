import { assert, describe, it } from "@effect/vitest"
import { fileUrl } from "../../src/domain/GistFile.ts"
import { storableName } from "../../src/domain/Text.ts"
import { cleanHtml } from "../../src/testing/internal/pipedrive/cleanHtml.ts"
import { text } from "./arbitraries.ts"

const gist = "https://gist.github.com/octocat/aa5a315d61ae9438b18d"

describe("a file's address", () => {
  it("a file's address leads a browser to the file, and names it exactly", () => {
    assert.strictEqual(fileUrl(gist, "Hello World.rb"), `${gist}?file=Hello%20World.rb#file-hello-world-rb`)
    assert.strictEqual(fileUrl(gist, "snake_case.py"), `${gist}?file=snake_case.py#file-snake_case-py`)
    assert.strictEqual(fileUrl(gist, "a'(1)!*.md"), `${gist}?file=a%27%281%29%21%2A.md#file-a-1-md`)
    assert.strictEqual(fileUrl(gist, ""), `${gist}?file=#file-`)
    assert.strictEqual(fileUrl(gist, "長"), `${gist}?file=%E9%95%B7#file--`)
  })

  it("a file's address keeps names apart that GitHub's anchor folds", () => {
    const names = ["a.b", "a-b", "a b", "a/b", "a+b", "A.b", "a.b ", "a%2Eb", "a.b#", "a?b"]
    assert.strictEqual(new Set(names.map((name) => fileUrl(gist, name))).size, names.length)
  })

  it.prop(
    "a file's address is one per name, safe in HTML, and a URL that names the file",
    [text(), text()],
    ([one, other]) => {
      const [a, b] = [storableName(one), storableName(other)]
      const url = fileUrl(gist, a)
      assert.match(url, /^[!-~]+$/)
      assert.notMatch(url, /[&<>"'`\\]/)
      assert.strictEqual(cleanHtml(url), url)
      assert.strictEqual(url.indexOf("#"), url.lastIndexOf("#"))
      assert.strictEqual(decodeURIComponent(/\?file=([^#]*)#/.exec(url)?.[1] ?? "no name"), a)
      assert.strictEqual(url === fileUrl(gist, b), a === b)
    }
  )
})
