/** Where contacts come from: a list at GitHub, or the persons of Pipedrive. */
import { Schema, SchemaGetter } from "effect"
import { loginOf } from "./loginOf.ts"

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

/** The source in text that people paste: `followers:@octocat`, `stargazers:https://github.com/owner/repo`. Other text stays as it is. */
const sourceOf = (text: string): string => {
  const [kind = "", name] = text.trim().split(/:(.*)/s)
  if (name === undefined) return kind
  switch (kind) {
    case "org":
    case "followers":
      return `${kind}:${loginOf(name)}`
    case "stargazers":
      return `${kind}:${repositoryOf(name)}`
    default:
      return text
  }
}

/** A source whose name may also be `@name` or an address, as the flags of `gitpip track` take it. */
export const PastedSource = Schema.String.annotate({
  description:
    "`org:ORG` for the public members of an organization, `followers:USERNAME`, `stargazers:OWNER/REPO`, or `pipedrive` for the persons whose field `GITPIP_PERSON_FIELD` holds a GitHub username. Names may also be `@name`, or addresses at GitHub"
}).pipe(
  Schema.decodeTo(Source, {
    decode: SchemaGetter.transform(sourceOf),
    encode: SchemaGetter.transform((source: string) => source)
  })
)
