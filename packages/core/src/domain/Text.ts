/**
 * Makes text from outside fit for the database and for terminals, in one place.
 *
 * PostgreSQL refuses U+0000 and has no form for a lone surrogate; an index refuses values of some kilobytes. Everything
 * else (right-to-left marks, emoji, newlines, HTML) stays unchanged: the place that shows a text escapes it.
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

/**
 * Text for a terminal or a log, on one line: every character that a terminal would act on is made visible as `\u{…}`. An
 * escape sequence in the name of a file could rewrite the screen, a line break forge a line of the log, and a
 * bidirectional override make one name appear as another.
 */
export const plain = (text: string): string =>
  text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, visible)

/** The same for text that is JSON already: it stays JSON, of the same value. */
export const plainJson = (json: string): string =>
  json.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Too short a secret is part of ordinary words, and to cut it out of them would show it. */
const minSecret = 12

/**
 * Text without these secrets: the last line of defence, for messages of unforeseen faults. Other messages never contain
 * secrets.
 */
export const masked = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets
    .filter((secret) => secret.length >= minSecret)
    // In JSON a quote of it is written in another way.
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((rest, secret) => rest.replaceAll(secret, "‹secret›"), text)

/**
 * The passwords in the address of a database, as they are written there and as they are sent. The address need not be
 * one that can be used: a refused one holds a password, too.
 */
export const passwordsOf = (address: string): ReadonlyArray<string> =>
  [...address.matchAll(writtenPassword)]
    .flatMap(({ groups: { quoted, uri, word } = {} }) =>
      quoted === undefined ? [uri ?? word ?? ""] : [quoted, quoted.replace(/\\(.)/gs, "$1")]
    )
    .flatMap((text) => [text, decoded(text)])
    .filter((text) => text !== "")

/** `//user:password@`, `?password=…`, `password='…'` and `sslpassword=…`. */
const writtenPassword = /\/\/[^:/?#]*:(?<uri>.+)@|password\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<word>[^\s&'"]+))/gis

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const visible = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`

/** Text of a service's error, as part of a sentence: whatever breaks lines is a space. */
export const sentence = (text: string, max: number): string => storable(text.replace(/[\s\p{Cc}]+/gu, " ").trim(), max)

/** The most similar of several words, each compared by a part of it; undefined when more than half of the letters differ. */
export const nearest = (
  word: string,
  known: ReadonlyArray<string>,
  part: (word: string) => string = (word) => word
): string | undefined => {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(part(word), part(candidate)) }))
    .filter(({ candidate, distance }) => distance * 2 <= Math.max(part(word).length, part(candidate).length))
    .toSorted((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** Levenshtein's distance. Effect's own is internal: `effect/cli`. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const [left = 0, above = 0, aboveLeft = 0] = [next[j], row[j + 1], row[j]]
      next.push(Math.min(left + 1, above + 1, aboveLeft + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** In Pipedrive leads and their labels alone have UUIDs as their ids. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
