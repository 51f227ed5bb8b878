/** The documents, and the code blocks in them. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../../", import.meta.url))

const within = (folder: string): ReadonlyArray<string> =>
  readdirSync(root + folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`)

/** Paths from the top of the checkout. */
export const documents: ReadonlyArray<string> = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...["docs", "docs/decisions", "examples", "packages/core", "packages/http", "packages/cli", ".changeset"].flatMap(
    within
  )
]

export const read = (path: string): string => readFileSync(root + path, "utf8")

export interface Block {
  /** `README.md:42`: where it begins. */
  readonly place: string
  readonly language: string
  readonly text: string
}

export const blocks = (path: string, text = read(path)): ReadonlyArray<Block> =>
  [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(({ 1: language = "", 2: text_ = "", index }) => ({
    place: `${path}:${text.slice(0, index).split("\n").length}`,
    language,
    text: text_
  }))

/** A document without its code blocks. */
export const prose = (path: string): string => read(path).replace(/^```[^\n]*\n.*?^```$/gms, "")

/** The first cells of a document's tables. */
export const firstCells = (path: string): Array<string> =>
  [...read(path).matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell as string)
