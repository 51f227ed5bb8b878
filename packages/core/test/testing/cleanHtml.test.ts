import { assert, describe, it } from "@effect/vitest"
import { cleanHtml } from "../../src/testing/internal/pipedrive/cleanHtml.ts"

describe("cleaning of notes", () => {
  const cases: ReadonlyArray<readonly [name: string, sent: string, kept: string]> = [
    ["comments go", "a<!-- gp:1 -->b<!---->c", "abc"],
    ["a comment that never ends goes too", "a<!-- b", "a"],
    ["scripts go with their content", "a<script>if (1 < 2) alert('<b>')</script >b", "ab"],
    ["style and target go", `<p style="color:red" class="x">a</p>`, `<p class="x">a</p>`],
    [
      "links get a rel",
      `<a href="https://e.org/?a=1&b=2" target=_blank rel="me">x</a>`,
      `<a href="https://e.org/?a=1&amp;b=2" rel="noopener noreferrer">x</a>`
    ],
    [
      "a bare & is escaped, an entity is not",
      "a & b &amp; c &#39; &#x1F600; &copy;",
      "a &amp; b &amp; c &#39; &#x1F600; &copy;"
    ],
    ["<br/> becomes <br>", "a<br/>b<br />c<br>d", "a<br>b<br>c<br>d"],
    ["a bare < or > is escaped", "1 < 2 > 0 <3", "1 &lt; 2 &gt; 0 &lt;3"],
    [
      "event handlers and script links go",
      `<a onclick="x()" href="javascript:x()">y</a>`,
      `<a rel="noopener noreferrer">y</a>`
    ],
    [
      "plain tags, accents and emoji stay",
      "<h4>é</h4><ul><li><strong>😀</strong></li></ul>",
      "<h4>é</h4><ul><li><strong>😀</strong></li></ul>"
    ],
    ["escaped text stays as it is", "&lt;!-- a --&gt; &amp;amp;", "&lt;!-- a --&gt; &amp;amp;"]
  ]
  for (const [name, sent, kept] of cases) it(name, () => assert.strictEqual(cleanHtml(sent), kept))

  it("cleaning twice changes nothing more", () => {
    for (const [, sent] of cases) assert.strictEqual(cleanHtml(cleanHtml(sent)), cleanHtml(sent))
  })

  it("hostile notes of full size are cleaned", () => {
    for (const part of ["<a ", "<a '", '<a "', "&a", "<!-", "<script", "<", "<a x=", "</"]) {
      assert.isString(cleanHtml(part.repeat(100_000 / part.length)))
    }
  })
})
