/**
 * What Pipedrive's server makes of HTML in notes, as two public projects measured it on live accounts: comments,
 * scripts, `style` and `target` go, links get a `rel`, `<br/>` becomes `<br>`, a bare `&` becomes `&amp;`. What it does to
 * other tags is not known, so they are kept; bare `<` and `>` are escaped, as every serializer does.
 *
 * A marker hidden in a comment or an attribute does not survive this.
 */
export const cleanHtml = (html: string): string =>
  html.replace(TOKEN, (token, ...[, slash, name, attributes = ""]: ReadonlyArray<string | undefined>) => {
    if (token === "<") return "&lt;"
    if (token === ">") return "&gt;"
    if (token === "&") return "&amp;"
    if (name === undefined) return ""
    return slash === "/" ? `</${name}>` : `<${name}${cleanAttributes(name, attributes)}>`
  })

/**
 * A comment, a script or style with its content, a tag, or a character that must be escaped. No part can match the same
 * text in two ways, and no tag runs past the next `<`, so a hostile 100 KB note costs linear time.
 */
const TOKEN = new RegExp(
  [
    "<!--[\\s\\S]*?(?:-->|$)",
    "<(script|style)\\b[\\s\\S]*?(?:<\\/\\1\\s*>|$)",
    `<(\\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^'"<>])*)>`,
    "&(?!#\\d{1,7};|#x[0-9a-f]{1,6};|[a-z][a-z0-9]{1,31};)",
    "[<>]"
  ].join("|"),
  "gi"
)

const ATTRIBUTE = /([a-z][a-z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi

const cleanAttributes = (tag: string, text: string): string => {
  let kept = ""
  for (const [, name = "", double, single, bare] of text.matchAll(ATTRIBUTE)) {
    const lower = name.toLowerCase()
    const value = double ?? single ?? bare
    if (lower === "style" || lower === "target" || lower === "rel" || lower.startsWith("on")) continue
    if (lower === "href" && /^\s*javascript:/i.test(value ?? "")) continue
    kept += value === undefined ? ` ${name}` : ` ${name}="${cleanHtml(value).replaceAll('"', "&quot;")}"`
  }
  return tag.toLowerCase() === "a" ? `${kept} rel="noopener noreferrer"` : kept
}
