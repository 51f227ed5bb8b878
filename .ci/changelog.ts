/** Turns changesets into a section of `CHANGELOG.md`, and that section into the notes of a release. */

const unreleased = "## Unreleased\n"

/** Returns the sentences of a changeset as an item of a list. A changeset that is a list stays as it is. */
export const toItem = (changeset: string): string => {
  const text = changeset.replace(/^---\n.*?^---\n/ms, "").trim()
  return text.startsWith("- ") ? text : `- ${text.replaceAll("\n", "\n  ")}`
}

/** Renames the section "Unreleased" to the version, adds the items at its end, and puts an empty section above. */
export const withRelease = (
  changelog: string,
  release: { readonly version: string; readonly date: string; readonly items: ReadonlyArray<string> }
): string => {
  const { date, items, version } = release
  const [before, rest] = changelog.split(unreleased)
  if (before === undefined || rest === undefined) throw new Error('CHANGELOG.md has no section "Unreleased"')
  if (notesOf(changelog, version) !== undefined) throw new Error(`CHANGELOG.md has a section ${version} already`)
  const end = rest.search(/^## /m)
  const [own, older] = end === -1 ? [rest, ""] : [rest.slice(0, end), rest.slice(end)]
  const all = [own.trim(), ...items].filter((text) => text !== "").join("\n")
  if (all === "") throw new Error("Nothing to release: no changeset, and nothing below Unreleased")
  return [before + unreleased, `## ${version} (${date})\n`, `${all}\n`, older].filter((text) => text !== "").join("\n")
}

/** Returns the section of a version in `CHANGELOG.md`. */
export const notesOf = (changelog: string, version: string): string | undefined => {
  const section = changelog.split(/^## /m).find((text) => text.startsWith(`${version} (`))
  return section?.slice(section.indexOf("\n")).trim()
}

/** Returns the reason why a tag may not be released, or nothing. */
export const objection = (
  tag: string,
  { changelog, versions }: { readonly changelog: string; readonly versions: Readonly<Record<string, string>> }
): string | undefined => {
  const others = Object.entries(versions).filter(([, version]) => tag !== `v${version}`)
  if (others.length > 0) return `${tag} is not the version of ${others.map((one) => one.join(" ")).join(", ")}`
  return notesOf(changelog, tag.slice(1)) === undefined ? `CHANGELOG.md has no section for ${tag}` : undefined
}
