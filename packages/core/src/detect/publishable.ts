/** How many files of a new user publishing would create. Pure. */
import type { UserSkips } from "../domain/FileRules.ts"
import type { NewestGists } from "../github/Github.ts"

/**
 * The files that no rule leaves out; the rule on forks is one. Gists behind the ones that a batch shows are taken to be like
 * these; a gist with more files than a batch shows counts with those shown.
 */
export const publishableOf = (
  {
    complete,
    gists,
    total
  }: Pick<NewestGists, "complete" | "total"> & {
    readonly gists: ReadonlyArray<Pick<NewestGists["gists"][number], "files">>
  },
  { by: findRule }: UserSkips
): number => {
  const shown = gists.flatMap(({ files }) => files).filter((file) => findRule(file) === undefined).length
  return complete || gists.length === 0 ? shown : Math.round((shown * total) / gists.length)
}
