/** Where contacts come from: a list at GitHub, or the persons of Pipedrive. */
import { Schema } from "effect"

const login = "[A-Za-z0-9_-]{1,39}"
const repository = "[A-Za-z0-9._-]{1,100}"

const wantedSource = {
  message: "a source is `org:ORG`, `followers:USERNAME`, `stargazers:OWNER/REPO` or `pipedrive`"
}

/** A source as text: `org:acme`, `followers:octocat`, `stargazers:octocat/hello-world` or `pipedrive`. */
export const Source = Schema.String.check(
  Schema.isPattern(
    new RegExp(`^(org:${login}|followers:${login}|stargazers:${login}/${repository}|pipedrive)$`, "u"),
    wantedSource
  )
).pipe(Schema.brand("Source"))
/** A checked source, branded: `Source.make("org:acme")` throws when the form is wrong. */
export type Source = typeof Source.Type

/** The kind of a source, and the name behind the colon; no name for `pipedrive`. */
export const partsOf = (source: Source): { readonly kind: SourceKind; readonly name: string } => {
  const [kind = "", name = ""] = source.split(/:(.*)/s)
  return { kind: kind as SourceKind, name }
}
export type SourceKind = "org" | "followers" | "stargazers" | "pipedrive"

/** `owner/repo` in text that people paste: `https://github.com/owner/repo.git`, with spaces around. */
export const repositoryOf = (text: string): string =>
  text
    .trim()
    .replace(/^(https?:\/\/)?(www\.)?github\.com\//i, "")
    .replace(/[?#].*$/, "")
    .replace(/^([^/]*\/[^/]*)\/.*$/, "$1")
    .replace(/\.git$/i, "")
