/** The source of contacts that the flags of `track` name. */
import type { Source } from "@gitpip/core"
import { Option, Result, Schema } from "effect"
import { Flag } from "effect/cli"
import * as Input from "./Input.ts"

const named = (name: string, options: { readonly metavar: string; readonly description: string }) =>
  Flag.String(name).pipe(Flag.withMetavar(options.metavar), Flag.optional, Flag.withDescription(options.description))

/** One of them at a time. */
export const sourceFlags = {
  org: named("org", { metavar: "ORG", description: "Track the public members of a GitHub organization" }),
  followersOf: named("followers-of", { metavar: "USERNAME", description: "Track the followers of a GitHub user" }),
  stargazers: named("stargazers", {
    metavar: "OWNER/REPO",
    description: "Track the users who starred a repository; GitHub shows 40,000 at most"
  }),
  pipedrive: Flag.Boolean("pipedrive").pipe(
    Flag.withDefault(false),
    Flag.withoutNegation,
    Flag.withDescription(
      "Track the persons in Pipedrive whose field GITPIP_PERSON_FIELD holds a GitHub username, each with that person"
    )
  )
}

interface Typed {
  readonly org: Option.Option<string>
  readonly followersOf: Option.Option<string>
  readonly stargazers: Option.Option<string>
  readonly pipedrive: boolean
}

/** How many sources are named. */
export const countOf = ({ followersOf, org, pipedrive, stargazers }: Typed): number =>
  [org, followersOf, stargazers].filter(Option.isSome).length + (pipedrive ? 1 : 0)

const Repository = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,39}\/[A-Za-z0-9._-]{1,100}$/u, {
    message: "a repository is OWNER/REPO, or the address of one"
  })
)

type Core = Pick<typeof import("@gitpip/core"), "Username" | "Source" | "loginOf" | "repositoryOf">

/** The source that is named; `undefined` for none. Names may be `@name`, or addresses. */
export const sourceOf = (core: Core, { followersOf, org, pipedrive, stargazers }: Typed) => {
  const login = (flag: string, kind: "org" | "followers") => (typed: string) =>
    Result.map(Input.text(flag, core.Username, core.loginOf(typed)), (name) => core.Source.make(`${kind}:${name}`))
  const found: ReadonlyArray<Result.Result<Source | undefined, ReadonlyArray<string>>> = [
    Input.optional(org, login("--org", "org")),
    Input.optional(followersOf, login("--followers-of", "followers")),
    Input.optional(stargazers, (typed) =>
      Result.map(Input.text("--stargazers", Repository, core.repositoryOf(typed)), (name) =>
        core.Source.make(`stargazers:${name}`)
      )
    ),
    Result.succeed(pipedrive ? core.Source.make("pipedrive") : undefined)
  ]
  return found.find((one) => Result.isFailure(one) || one.success !== undefined) ?? Result.succeed(undefined)
}

/** A source in words: `followers of octocat`. */
export const titleOf = (source: Source): string => {
  const [kind = "", name = ""] = source.split(/:(.*)/s)
  switch (kind) {
    case "org":
      return `public members of ${name}`
    case "followers":
      return `followers of ${name}`
    case "stargazers":
      return `stargazers of ${name}`
    default:
      return "persons in Pipedrive"
  }
}
