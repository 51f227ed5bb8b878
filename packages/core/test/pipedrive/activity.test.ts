import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Content, fileUrl } from "../../src/domain/GistFile.ts"
import { storableName } from "../../src/domain/Text.ts"
import { type ActivityInput, bearsMarker, fromFile, noteLimit, subjectLimit } from "../../src/pipedrive/activity.ts"
import { cleanHtml } from "../../src/testing/internal/pipedrive/cleanHtml.ts"
import { text } from "../domain/arbitraries.ts"

const gist = "https://gist.github.com/octocat/aa5a315d61ae9438b18d"
const whole = (text: string): Content => ({ _tag: "Text", text, partial: false })

/** A file as the publisher hands it over: its name is storable, everything else as GitHub gave it. */
const file = (name: string, content: Content, more: Partial<ActivityInput> = {}): ActivityInput => {
  const filename = storableName(name)
  return {
    filename,
    htmlUrl: fileUrl(gist, filename),
    description: null,
    type: "text/plain",
    size: 1,
    content,
    ...more
  }
}
const noteOf = (text: string, more: Partial<ActivityInput> = {}) => fromFile(file("a.txt", whole(text), more)).note
const bodyOf = (note: string) => note.slice(note.indexOf("<br><br>") + 8)
const bytes = (text: string) => Buffer.byteLength(text)
const CUT = "(only the beginning: the whole file is behind the link)"

/** The text that a reader of the cleaned HTML sees. */
const shown = (html: string) =>
  cleanHtml(html)
    .replaceAll("<br>", "\n")
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll("\u00a0", " ")

describe("the subject", () => {
  const subject = (name: string) => fromFile(file(name, whole("x"))).subject

  it("is the file's name", () => {
    for (const name of ["a.ts", "Hello World.rb", "😀 長.md", "<b>&.html", "__proto__"])
      assert.strictEqual(subject(name), name)
  })

  it("is one line, without bidirectional overrides", () => {
    assert.strictEqual(subject("a\r\nb\u2028c\td\u0085e"), "a b c d e")
    assert.strictEqual(subject("\u202egpj.exe\u2066"), "gpj.exe")
    assert.strictEqual(subject(" \t a "), "a")
  })

  it("is never empty", () => {
    for (const name of ["", " ", "\n", "\u202e", "\u202e \u2069"]) assert.strictEqual(subject(name), "(unnamed file)")
  })

  it("of a long name ends in an ellipsis, at a character boundary", () => {
    assert.strictEqual(subject("n".repeat(250)), "n".repeat(250))
    assert.strictEqual(subject("n".repeat(300)), `${"n".repeat(249)}…`)
    assert.strictEqual(subject(`n${"😀".repeat(300)}`), `n${"😀".repeat(124)}…`)
    assert.strictEqual(subject("😀".repeat(300)), `${"😀".repeat(124)}…`)
  })

  it.prop("is one well-formed line of 1 to 250 units for any name", [text(40)], ([name]) => {
    for (const value of [name, name.repeat(20)]) {
      const line = subject(value)
      assert.isTrue(line.isWellFormed())
      assert.isAtLeast(line.length, 1)
      assert.isAtMost(line.length, subjectLimit)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
      assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
      assert.strictEqual(line, line.trim())
    }
  })
})

describe("the note", () => {
  it("begins with the visible, linked address of the file", () => {
    const url = `${gist}?file=a.txt#file-a-txt`
    assert.strictEqual(noteOf("hello"), `<a href="${url}">${url}</a><br><br>hello`)
    assert.strictEqual(
      noteOf("hello", { description: "what <it> is" }),
      `<a href="${url}">${url}</a><br>what &lt;it&gt; is<br><br>hello`
    )
    assert.strictEqual(noteOf("hello", { description: "" }), noteOf("hello"))
  })

  it("shows HTML instead of being HTML", () => {
    const evil = `<script>alert("1")</script><img src='x' onerror=alert(1)>&lt;&amp;</a><!-- -->`
    const note = noteOf(evil, { description: evil })
    assert.deepStrictEqual(
      [...new Set(note.match(/<[^>]*>/g))].filter((tag) => !tag.startsWith("<a href=")),
      ["</a>", "<br>"]
    )
    assert.strictEqual(shown(bodyOf(note)), evil)
  })

  it("escapes everything that means something in HTML, in text and in the address", () => {
    assert.strictEqual(bodyOf(noteOf(`&<>"'`)), "&amp;&lt;&gt;&quot;&#39;")
    const { note } = fromFile(file("a", whole("x"), { htmlUrl: `https://h/?a=1&b="'<>#` }))
    assert.include(note, `<a href="https://h/?a=1&amp;b=&quot;&#39;&lt;&gt;#">`)
  })

  it("keeps lines and indentation", () => {
    assert.strictEqual(
      bodyOf(noteOf("if a:\n  b  c\n\td\r\ne\rf\n\n g")),
      "if a:<br>\u00a0\u00a0b\u00a0\u00a0c<br>\u00a0\u00a0\u00a0\u00a0d<br>e<br>f<br><br>\u00a0g"
    )
    const code = "def f():\n    if x:\n        return 1\n\n\n# end  "
    assert.strictEqual(shown(bodyOf(noteOf(code))), code)
  })

  it("replaces what neither HTML nor a database can hold", () => {
    assert.strictEqual(
      bodyOf(noteOf("a\0b\ud800c\udc00d\u0001e\u001b[31mf\u009f")),
      "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd[31mf\ufffd"
    )
    assert.strictEqual(bodyOf(noteOf("\u202eabc 😀 長 \u2028")), "\u202eabc 😀 長 \u2028")
  })

  it("of an empty file says so", () => {
    assert.strictEqual(bodyOf(noteOf("")), "(empty file)")
  })

  it("of a file whose content GitHub left out does not call it empty", () => {
    const { note } = fromFile(file("a", { _tag: "Text", text: "", partial: true }))
    assert.notInclude(note, "empty")
    assert.include(note, CUT)
  })

  it("says why the content is left out, and keeps the link", () => {
    const note = fromFile(file("a.txt", { _tag: "Omitted", why: "Pipedrive did not accept it <b>" })).note
    assert.strictEqual(bodyOf(note), "The content is left out: Pipedrive did not accept it &lt;b&gt;. See the link.")
    assert.isTrue(bearsMarker(note, fileUrl(gist, "a.txt")))
  })

  it("of a binary file names it instead of pasting it", () => {
    const binary = (type: string | null) => fromFile(file("a.png", { _tag: "Binary" }, { type, size: 123 })).note
    assert.strictEqual(bodyOf(binary("image/png")), "Binary file (image/png, 123 bytes): see the link.")
    assert.strictEqual(bodyOf(binary(null)), "Binary file (unknown type, 123 bytes): see the link.")
    assert.strictEqual(bodyOf(binary("<b>")), "Binary file (&lt;b&gt;, 123 bytes): see the link.")
  })

  it("says beside the link when it holds only the beginning", () => {
    const head = (note: string) => note.slice(0, note.indexOf("<br>"))
    assert.notInclude(head(noteOf("x".repeat(90_000))), CUT)
    assert.include(head(noteOf("x".repeat(100_000))), CUT)
    assert.include(head(fromFile(file("a", { _tag: "Text", text: "short", partial: true })).note), CUT)
  })

  it("fills the limit to the last character that fits, and cuts between characters", () => {
    for (const [unit, size] of [
      ["x", 1],
      ["é", 2],
      ["長", 3],
      ["😀", 4],
      ["<", 4],
      ["&", 5],
      ['"', 6],
      ["\n", 4],
      ["\t", 8]
    ] as const) {
      const note = noteOf(unit.repeat((2 * 1024 * 1024) / unit.length))
      assert.isAtMost(bytes(note), noteLimit, JSON.stringify(unit))
      assert.isAbove(bytes(note), noteLimit - size - 1, JSON.stringify(unit))
      assert.isTrue(note.isWellFormed())
      assert.strictEqual(new Set(shown(bodyOf(note))).size, 1, JSON.stringify(unit))
      // Pipedrive's own cap holds before and after its cleaning.
      assert.isAtMost(bytes(cleanHtml(note)), 100_000)
    }
  })

  it("of a file that fits exactly is whole, and one byte more is cut", () => {
    // The remark has its room even when the note does not need the remark.
    const room = noteLimit - bytes(noteOf("")) + bytes("(empty file)") - bytes(` ${CUT}`)
    assert.notInclude(noteOf("x".repeat(room)), CUT)
    assert.include(noteOf("x".repeat(room + 1)), CUT)
  })

  it("stays within the limit in the worst case of everything at once", () => {
    for (const unit of ["\t", '"', "\ud800", "&", "\0"]) {
      const { note } = fromFile(
        file("長".repeat(600), whole(unit.repeat(200_000)), { description: unit.repeat(100_000) })
      )
      assert.isAtMost(bytes(note), noteLimit)
      assert.isAtMost(bytes(cleanHtml(note)), 100_000)
      assert.include(note, CUT)
    }
  })

  it.prop(
    "is within the limit, well-formed, and built of links and line breaks alone, for any file",
    [text(), text(), text(), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40_000 }))],
    ([name, description, content, times]) => {
      const { note } = fromFile(
        file(name, whole(content.repeat(Math.min(times, Math.ceil(200_000 / (content.length + 1))))), { description })
      )
      assert.isAtMost(bytes(note), noteLimit)
      assert.isTrue(note.isWellFormed())
      assert.notInclude(note, "\0")
      assert.lengthOf(note.match(/<(?!br>|\/a>|a href="[^"<>&]*">)/g) ?? [], 0)
      // Cleaning changes nothing but the link's `rel`.
      assert.strictEqual(cleanHtml(note).replace(' rel="noopener noreferrer"', ""), note)
    },
    { arbitrary: { runs: 60 } }
  )

  it.prop("shows the content as it was, for any text that fits", [text(30)], ([content]) => {
    if (content === "") return
    const expected = content
      .toWellFormed()
      .replace(/\r\n?/g, "\n")
      .replaceAll("\t", "    ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd")
      .replaceAll("\u00a0", " ")
    assert.strictEqual(shown(bodyOf(noteOf(content))), expected)
  })
})

describe("the marker", () => {
  const kept = (name: string, content: string, more?: Partial<ActivityInput>) =>
    cleanHtml(fromFile(file(name, whole(content), more)).note)
  const bears = (note: string, name: string) => bearsMarker(note, fileUrl(gist, storableName(name)))

  it("survives Pipedrive's cleaning and distinguishes similar names", () => {
    const names = [
      "a",
      "a.",
      "a.t",
      "a.ts",
      "a.ts.map",
      "A.ts",
      "a-ts",
      "a_ts",
      "a ts",
      "a/ts",
      "ts",
      "",
      "#",
      "a#",
      "a?file=a",
      "a&b",
      "a&amp;b",
      "a%2Ets",
      "長",
      "長長",
      "😀",
      "nul\0",
      "nul\ufffd",
      "\ud800",
      "\udc00",
      "n".repeat(600),
      "n".repeat(601),
      "<a>",
      "</a>",
      "'",
      '"',
      "__proto__"
    ]
    for (const one of names) {
      for (const other of names) {
        assert.strictEqual(
          bears(kept(one, "content"), other),
          one === other,
          `${JSON.stringify(one)} and ${JSON.stringify(other)}`
        )
      }
    }
  })

  it("distinguishes files of one name in different gists", () => {
    const other = fileUrl("https://gist.github.com/octocat/aa5a315d61ae9438b18", "a.ts")
    assert.isFalse(bearsMarker(kept("a.ts", "x"), other))
    assert.isTrue(bearsMarker(kept("a.ts", "x", { htmlUrl: other }), other))
  })

  it("of another file in the content or description is not taken for the file's own", () => {
    const url = fileUrl(gist, "other.ts")
    const link = `<a href="${url}">${url}</a>`
    for (const content of [url, link, `\n${url}\n`]) {
      for (const note of [kept("a.ts", content), kept("a.ts", "x", { description: content })]) {
        assert.isFalse(bears(note, "other.ts"))
        assert.isTrue(bears(note, "a.ts"))
      }
    }
  })

  it("is found whatever a cleaning makes of the link", () => {
    const url = fileUrl(gist, "a.ts")
    for (const note of [
      `${url}<br><br>x`,
      `<p><a rel="x" href="${url}">${url}</a></p>x`,
      `<a href="${url}">${url}</a><br />x`,
      url
    ]) {
      assert.isTrue(bears(note, "a.ts"))
    }
  })

  it.prop(
    "finds exactly the file's own note, for any two names and contents",
    [text(), text(), text()],
    ([one, other, content]) => {
      const note = kept(one, `${content}${fileUrl(gist, storableName(other))}${content}`, { description: other })
      assert.isTrue(bears(note, one))
      assert.strictEqual(bears(note, other), one === other)
    }
  )
})
