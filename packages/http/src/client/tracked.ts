/** What the page says once a user is tracked, is given rules, or has a deal or a person chosen. */
import type { NameCheckJson } from "./api.js"
import { count } from "./words.js"

/** Which files that GitHub shows are not published. */
const exceptOf = ({ gists, publishes, record }: NameCheckJson): string => {
  const left = [
    ...(record === "forgotten" ? ["those that were published before their user was forgotten"] : []),
    ...(record === "untracked"
      ? ["those that were found when their user was tracked before, which stay as they are"]
      : []),
    ...(publishes === "some" ? ["those that rules leave out"] : [])
  ]
  return gists === 0 || left.length === 0 ? "" : `, except ${left.join(", and ")}`
}

/** The record of `check` is the one from before the user was tracked. */
export const trackedWords = (login: string, check: NameCheckJson | undefined): string => {
  const tracked = `${login} is tracked`
  if (check === undefined) return `${tracked}.`
  if (check.state === "unchecked") return `${tracked}. The name was not checked at GitHub: ${check.reason}`
  if (check.state === "organization") {
    return `${tracked}, but is an organization at GitHub, not a user. Track its members as a list.`
  }
  if (check.state === "unknown") {
    const near = check.near.length === 0 ? "" : ` Did you mean ${check.near.join(" or ")}?`
    return `${tracked}, but GitHub knows no such user.${near}`
  }
  if (check.gists === null) return `${tracked}.`
  const gists = check.gists === 0 ? "There are no public gists yet" : count(check.gists, "public gist")
  return check.publishes === "new"
    ? `${tracked}. ${gists}; only files that come from now on are published.`
    : `${tracked}. ${gists}; the files are published${exceptOf(check)}.`
}

/** A sentence for each language that GitHub is not known to have, by the header `gitpip-languages`. */
export const languageWords = (header: string | null): ReadonlyArray<string> => {
  const unknown = JSON.parse(header ?? "[]") as ReadonlyArray<{ readonly name: string; readonly near?: string }>
  return unknown.map(
    ({ name, near }) =>
      `GitHub is not known to have the language ${name}, so that it may fit no file.${near === undefined ? "" : ` Did you mean ${near}?`}`
  )
}

/** `unused`: why what is chosen does not count. The page shows those sentences beside the user. */
export const placedWords = (login: string, unused: ReadonlyArray<string>): string =>
  unused.length === 0 ? `New files of ${login} go there.` : `Saved, but: ${unused.join(". ")}.`
