/** What the page says once a user is tracked, or a deal or a person is chosen. */
import type { NameCheckJson } from "./api.js"
import { count } from "./words.js"

export const trackedWords = (login: string, check: NameCheckJson | undefined): string => {
  const tracked = `${login} is tracked`
  if (check === undefined) return `${tracked}.`
  if (check.state === "unchecked") return `${tracked}. The name was not checked at GitHub: ${check.reason}`
  if (check.state === "unknown") {
    const near = check.near.length === 0 ? "" : ` Did you mean ${check.near.join(" or ")}?`
    return `${tracked}, but GitHub knows no such user.${near}`
  }
  if (check.gists === null) return `${tracked}.`
  const gists = check.gists === 0 ? "There are no public gists yet" : count(check.gists, "public gist")
  return check.publishes === "all"
    ? `${tracked}. ${gists}; the files are published.`
    : `${tracked}. ${gists}; only files that come from now on are published.`
}

/** `unused`: why what is chosen does not count. The page shows those sentences beside the user. */
export const placedWords = (login: string, unused: ReadonlyArray<string>): string =>
  unused.length === 0 ? `New files of ${login} go there.` : `Saved, but: ${unused.join(". ")}.`
