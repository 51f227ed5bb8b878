/**
 * What of the text that strangers write may enter the database: decided here, once, at the edge.
 *
 * PostgreSQL refuses U+0000 and has no form for a lone surrogate; an index refuses values of some kilobytes. Everything
 * else (right-to-left marks, emoji, newlines, HTML) is kept as it came: escaping belongs to the place that shows it.
 */
import { createHash } from "node:crypto"

/** Text in the form it is stored: no U+0000, no lone surrogates (both become U+FFFD), at most `max` UTF-16 units. */
export const storable = (text: string, max: number): string => cut(text.toWellFormed().replaceAll("\0", "\uFFFD"), max)

/** At most `max` UTF-16 units, never half a surrogate pair. */
export const cut = (text: string, max: number): string => {
  if (text.length <= max) return text
  const end = text.charCodeAt(max - 1) >= 0xd800 && text.charCodeAt(max - 1) <= 0xdbff ? max - 1 : max
  return text.slice(0, end)
}

const keyLength = 600

/**
 * A name that can be half of a unique key. A name that cannot be stored as it is ends in a hash of the original, so two
 * names that differ only in what was replaced stay two files.
 */
export const storableName = (name: string): string => {
  const stored = storable(name, keyLength)
  if (stored === name) return name
  const hash = createHash("sha256").update(name, "utf16le").digest("hex").slice(0, 12)
  return `${cut(stored, keyLength - 13)}~${hash}`
}
