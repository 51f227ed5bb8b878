/** Makes the commit of a release: raises the packages' version by the changesets, and moves their sentences to `CHANGELOG.md`. */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { toItem, withRelease } from "./changelog.ts"

process.chdir(`${import.meta.dirname}/..`)
const read = (path: string) => readFileSync(path, "utf8")
const run = (command: string, ...args: Array<string>) => execFileSync(command, args, { stdio: "inherit" })

const items = readdirSync(".changeset")
  .filter((name) => name.endsWith(".md") && name !== "README.md")
  .map((name) => toItem(read(`.changeset/${name}`)))

// `changeset version` raises the versions and deletes the changesets. The first release has no changesets, and keeps its version.
if (items.length > 0) run("changeset", "version")
const { version } = JSON.parse(read("packages/core/package.json")) as { readonly version: string }
const date = new Date().toISOString().slice(0, 10)
writeFileSync("CHANGELOG.md", withRelease(read("CHANGELOG.md"), { version, date, items }))
for (const [path, pattern] of [
  ["deploy/Dockerfile", /(?<=image\.version=")[^"]+/],
  ["deploy/kubernetes/kustomization.yaml", /(?<=newTag: ).+/]
] as const) {
  writeFileSync(path, read(path).replace(pattern, version))
}
run("npm", "install", "--package-lock-only", "--ignore-scripts")
console.log(`Now: git commit -am "Release ${version}" && git tag v${version} && git push --follow-tags`)
