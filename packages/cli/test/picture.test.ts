import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { toSvg } from "../picture/svg.ts"

describe("the picture of the terminal", () => {
  it("shows text with its colours, escaped, and the last of what was drawn over", () => {
    const svg = toSvg("\u001b[32mok\u001b[0m <b> & c\r\n\rbar 1\u001b[K\rbar 2\u001b[K\r\u001b[Kdone\r\n", 40)
    assert.include(svg, '<tspan fill="#7ee787">ok</tspan><tspan> &lt;b&gt; &amp; c</tspan>')
    assert.notInclude(svg, "bar 1")
    assert.match(svg, /bar 2[^\n]*\n[^\n]*done/)
  })

  it("in the documentation needs nothing from elsewhere, and shows what the commands say", () => {
    const svg = readFileSync(new URL("../../../docs/terminal.svg", import.meta.url), "utf8")
    assert.deepStrictEqual(
      [...svg.matchAll(/https?:\/\/[^"<\s]+/g)]
        .map(([url]) => new URL(url).host)
        .filter((host) => !/^(www\.w3\.org|gist\.github\.com)$/.test(host)),
      []
    )
    assert.notMatch(svg, /<(script|image|foreignObject|link|a)\b|@import|@font-face|\/tmp\//)
    for (const text of ["gitpip scan", "█", "STATE", "published", "publishing"]) assert.include(svg, text)
  })
})
