/** The documents, and the code blocks in them. */
import { readdirSync, readFileSync } from "node:fs"

export const root = new URL("../../", import.meta.url).pathname

/** Paths from the top of the checkout. */
export const documents: ReadonlyArray<string> = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
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
