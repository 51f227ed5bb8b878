/** Names and texts as strangers write them, for properties: mostly the awkward ones. */
import { Arbitrary, Schema } from "effect"

const fragments = [
  "a",
  "a.ts",
  "a_ts",
  "a-ts",
  "A.ts",
  " ",
  "  ",
  "\t",
  "\n",
  "\r\n",
  "\0",
  "\u0001",
  "\u0085",
  "\u2028",
  "\ud800",
  "\udc00",
  "\u202e",
  "\u2066",
  "\u00a0",
  "\ufffd",
  "é",
  "長",
  "😀",
  "&",
  "&amp;",
  "&#39;",
  "<",
  ">",
  '"',
  "'",
  "<script>",
  "</a>",
  "<br>",
  "<!--",
  "#file-a",
  "?file=a",
  "%41",
  "/",
  "..",
  "__proto__",
  "x".repeat(40)
] as const

/** Up to `most` awkward pieces in a row. */
export const text = (most = 12): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(Arbitrary.array(Arbitrary.schema(Schema.Literals(fragments)), { maxLength: most }), (parts) =>
    parts.join("")
  )
