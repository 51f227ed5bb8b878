/**
 * The pure step from a gist file to what Pipedrive shows: a subject line and a note.
 *
 * A note is HTML that Pipedrive cleans on arrival: comments, styles and scripts are removed, and links gain a `rel`. A note
 * that is read back never equals the note that was sent (https://developers.pipedrive.com/docs/api/v1/openapi.yaml).
 *
 * Only `<a href>` and `<br>` are used; everything else is escaped text. Indentation is kept with no-break spaces, because
 * `<pre>` is not known to survive.
 */

import type { Content } from "../domain/GistFile.ts"
import { cut } from "../domain/Text.ts"

/**
 * Pipedrive caps an activity's note at 100 KB, taken here as bytes of HTML, with room for the `rel` that cleaning adds to
 * links.
 * https://developers.pipedrive.com/changelog/post/breaking-change-updating-activities-note-field-limit-sizing-for-post-v1activities
 */
export const noteLimit = 99_000

/** Pipedrive's field is a `varchar`, elsewhere documented with 255 characters. */
export const subjectLimit = 250

/** The texts of an activity in Pipedrive. */
export interface Activity {
  readonly subject: string
  /** HTML, at most `noteLimit` bytes of UTF-8. */
  readonly note: string
}

/** What the texts of an activity are made of. */
export interface ActivityInput {
  readonly filename: string
  readonly htmlUrl: string
  readonly description: string | null
  readonly type: string | null
  readonly size: number
  readonly content: Content
}

/** The activity for a file. Every file has one, with any name and content. */
export const fromFile = (file: ActivityInput): Activity => ({
  subject: subject(file.filename),
  note: note(file)
})

/** A name on one line: control characters become spaces, and bidirectional overrides are removed. */
export const subject = (filename: string): string => {
  const line = filename
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim()
  return line === "" ? "(unnamed file)" : line.length <= subjectLimit ? line : `${cut(line, subjectLimit - 1)}…`
}

/** Whether a note, as Pipedrive returns it, is the note of the file at this address. */
export const bearsMarker = (note: string, htmlUrl: string): boolean => {
  // Only the link that opens the note counts: a file's content can hold the address of any other file.
  const end = note.search(/<\/a>|<br/i)
  // Cleaning may write `&` differently; the marker holds none, and its `#` ends the name.
  return (end < 0 ? note : note.slice(0, end)).includes(htmlUrl.slice(0, htmlUrl.indexOf("#") + 1))
}

const note = (file: ActivityInput): string => {
  const link = `<a href="${escapeHtml(file.htmlUrl)}">${escapeHtml(file.htmlUrl)}</a>`
  const description =
    file.description === null || file.description === "" ? "" : `<br>${escapeText(cut(file.description, 2_000))}`
  if (file.content._tag === "Omitted") {
    return `${link}${description}<br><br>The content is left out: ${escapeText(cut(file.content.why, 500))}. See the link.`
  }
  if (file.content._tag === "Binary") {
    return `${link}${description}<br><br>Binary file (${escapeHtml(file.type ?? "unknown type")}, ${file.size} bytes): see the link.`
  }
  if (file.content.text === "" && !file.content.partial) return `${link}${description}<br><br>(empty file)`
  const room = noteLimit - Buffer.byteLength(`${link}${CUT}${description}<br><br>`)
  const { html, whole } = escapeWithin(file.content.text, room)
  return `${link}${whole && !file.content.partial ? "" : CUT}${description}<br><br>${html}`
}

const CUT = " (only the beginning: the whole file is behind the link)"

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)

/** Text as HTML: lines and indentation stay, and characters that HTML cannot hold become U+FFFD. */
const escapeText = (text: string): string =>
  escapeHtml(
    text
      .toWellFormed()
      .replace(/\r\n?/g, "\n")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\uFFFD")
      .replaceAll("\t", "    ")
      .replace(/^ +| {2,}/gm, (spaces) => "\u00a0".repeat(spaces.length))
  ).replaceAll("\n", "<br>")

/** The longest beginning of `text` whose HTML fits into `room` bytes, cut between characters. */
const escapeWithin = (text: string, room: number): { readonly html: string; readonly whole: boolean } => {
  // Escaping only ever makes text longer, so more than `room` units can never fit.
  const candidate = cut(text, room)
  const html = escapeText(candidate)
  if (candidate.length === text.length && Buffer.byteLength(html) <= room) return { html, whole: true }
  let low = 0
  let high = candidate.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (Buffer.byteLength(escapeText(cut(candidate, middle))) <= room) low = middle
    else high = middle - 1
  }
  return { html: escapeText(cut(candidate, low)), whole: false }
}
