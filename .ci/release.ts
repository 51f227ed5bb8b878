/** Prints the notes of the release that a tag names, or says why the tag must not be released: `node .ci/release.ts v1.2.3`. */
import { readFileSync } from "node:fs"
import { notesOf, objection } from "./changelog.ts"

const [tag = ""] = process.argv.slice(2)
const read = (path: string) => readFileSync(`${import.meta.dirname}/../${path}`, "utf8")
const changelog = read("CHANGELOG.md")
const versions = Object.fromEntries(
  ["core", "http", "cli"].map((name) => [
    `@gitpip/${name}`,
    (JSON.parse(read(`packages/${name}/package.json`)) as { readonly version: string }).version
  ])
)
const reason = objection(tag, { changelog, versions })
if (reason === undefined) console.log(notesOf(changelog, tag.slice(1)))
else {
  console.error(reason)
  process.exitCode = 1
}
