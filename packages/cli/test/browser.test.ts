import { assert, describe, it } from "@effect/vitest"
import { opener, trusted } from "../src/browser.ts"

const github = "https://api.github.com"

describe("links that are opened", () => {
  it("lead to GitHub itself, over HTTP, and to nothing else", () => {
    const link = "https://gist.github.com/ann/1?file=a.md#file-a-md"
    const strange = [
      "file:///etc/passwd",
      "javascript:alert(1)",
      "https://gist.github.com.evil.example/x",
      "https://gist.github.com@evil.example/x",
      "https://me:secret@gist.github.com/x",
      "https://gist.github.com:8443/x",
      "vscode://x",
      "gist.github.com/x",
      "--help",
      ""
    ]
    assert.deepStrictEqual(trusted([link, ...strange], github), [link])
  })

  it("may lead to an Enterprise Server when GITHUB_API_URL names one", () => {
    const links = ["https://ghe.example.org/gist/1", "https://gist.ghe.example.org/1", "https://other.example.org/1"]
    assert.deepStrictEqual(trusted(links, "https://ghe.example.org/api/v3"), links.slice(0, 2))
    assert.deepStrictEqual(trusted(links, github), [])
  })

  it("are given to each system's own program, and to no shell", () => {
    assert.deepStrictEqual(opener("linux"), ["xdg-open"])
    assert.deepStrictEqual(opener("darwin"), ["open"])
    assert.deepStrictEqual(opener("win32"), ["rundll32", "url.dll,FileProtocolHandler"])
  })
})
