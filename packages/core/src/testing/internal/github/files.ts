/** Files of gists as the GitHub fake stores them. */
import { createHash } from "node:crypto"

export interface StoredFile {
  readonly name: string
  readonly content: Buffer
  /** Whether the service shows the content as text. Bytes that are not UTF-8, or hold a zero, are not shown as text. */
  readonly text: boolean
  readonly language: string | null
  /** The name git gives the content: an edit changes it, a new file name does not. */
  readonly sha: string
}

/** A few are enough: Gitpip shows languages and decides nothing by them. An unknown language is `null`, as recorded. */
const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ["css", "CSS"],
  ["html", "HTML"],
  ["java", "Java"],
  ["js", "JavaScript"],
  ["json", "JSON"],
  ["md", "Markdown"],
  ["py", "Python"],
  ["sh", "Shell"],
  ["ts", "TypeScript"],
  ["txt", "Text"]
])

export const storedFile = (name: string, content: string | Uint8Array): StoredFile => {
  // Copied, since the caller may change its bytes. Out of Node's pool, since one stored byte would keep 64 KB of the pool.
  const bytes = Buffer.from(new Uint8Array(Buffer.from(content)).buffer)
  return {
    name,
    content: bytes,
    text: typeof content === "string" || isText(bytes),
    language: LANGUAGES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? null,
    sha: createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex")
  }
}

const isText = (bytes: Buffer): boolean => {
  if (bytes.includes(0)) return false
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
