/**
 * What a refusal is evidence of: pure. `classify.ts` makes the errors, `judging.ts` draws the conclusions.
 *
 * A refusal is weak when single things meet it all the time: accounts and gists get deleted.
 */
import { DateTime, Duration, Effect } from "effect"
import { refusesAlso } from "../domain/namedUsers.ts"
import { type Kind, type RefusedRequest, signs } from "../limits/refusalEvidence.ts"
import type { Subject } from "./classify.ts"
import { fail, type GithubError, githubError, Refused, Unauthorized, Unexpected } from "./errors.ts"

type Tag = GithubError["reason"]["_tag"]

/** Whether an error shows that GitHub accepts the token. Errors that are not listed show nothing. */
const acceptance: Partial<Record<Tag, boolean>> = {
  Unauthorized: false,
  // GitHub sends these only to callers that it has accepted.
  UserNotFound: true,
  GistNotFound: true,
  Blocked: true
}

/** Whether GitHub accepts the token, by an error; `undefined` when the error does not show it. */
export const acceptanceOf = ({ reason }: GithubError): boolean | undefined => acceptance[reason._tag]

const refusalTags: ReadonlySet<Tag> = new Set(["Unauthorized", "Refused", "UserNotFound", "GistNotFound", "Unexpected"])
const strongTags: ReadonlySet<Tag> = new Set(["Unauthorized", "Refused"])
const namedTags: ReadonlySet<Tag> = new Set(["UserNotFound", "GistNotFound"])

/** Whether an error says that GitHub will not answer the request, rather than that it cannot. */
export const isRefusal = ({ reason }: GithubError): boolean => refusalTags.has(reason._tag)

/**
 * Whether a refusal is one that single things meet all the time. Weak refusals never block a kind of requests. One alone
 * shows nothing about all requests, once anything was answered.
 */
export const isWeak = ({ reason }: GithubError): boolean => !strongTags.has(reason._tag)

/** What a refusal says, without what differs from thing to thing. Only refusals with equal signatures add up. */
export const refusalSignature = ({ reason }: GithubError): string =>
  namedTags.has(reason._tag)
    ? reason._tag
    : `${reason._tag} ${reason.message.replace(/\b[0-9a-f]*\d[0-9a-f:]*\b/gi, "#")}`

/** Fails with the same refusal as that of the one thing that was requested. */
export const failAsOwn = (error: GithubError): Effect.Effect<never, GithubError> =>
  Effect.catchReason(Effect.fail(error), "GithubError", "Unauthorized", ({ message }) => fail(new Refused({ message })))

/** The kinds of requests that GitHub can refuse while it answers others. The feed and the queries are one thing each. */
export type RefusedKind = Exclude<Kind, "feed" | "query">

interface RefusalOptions {
  readonly hasToken: boolean
  /** When one request may find out whether the refusal is over, in epoch milliseconds. */
  readonly until: number
}

/** The refusal of all requests, with what to do. */
export const globalRefusal = (error: GithubError, { hasToken, until }: RefusalOptions): GithubError =>
  githubError(globalReason(error, hasToken), isWeak(error) ? "service" : "credential", DateTime.makeUnsafe(until))

/** The refusal of all requests of one kind, with what to do. The token itself is accepted. */
export const kindRefusal = (
  { reason }: GithubError,
  { hasToken, kind, until }: RefusalOptions & { readonly kind: RefusedKind }
): GithubError => {
  const { things, verb } = refusedKinds[kind]
  const message = `GitHub refuses to ${verb}, for ${signs} ${things} in a row${because(reason)}`
  // The text of a refused token says what to do already.
  const advice =
    reason instanceof Unauthorized ? "" : `. ${hasToken ? "Check what GITHUB_TOKEN may read" : "Set GITHUB_TOKEN"}`
  return githubError(new Refused({ message: `${message}${advice}` }), "credential", DateTime.makeUnsafe(until))
}

const refusedKinds: Readonly<Record<RefusedKind, { readonly verb: string; readonly things: string }>> = {
  list: { verb: "list gists", things: "users" },
  gist: { verb: "show gists", things: "gists" },
  account: { verb: "show accounts", things: "accounts" }
}

/** The status and GitHub's own words, from the text of one refusal (`classify.ts`). */
const because = ({ message }: GithubError["reason"]): string =>
  /^GitHub refuses (?:it|the token)( \(HTTP \d+\): .*)$/.exec(message)?.[1] ?? `: ${message}`

const globalReason = ({ reason }: GithubError, hasToken: boolean): GithubError["reason"] => {
  switch (reason._tag) {
    case "Unauthorized":
      return reason
    case "Refused":
      return new Unauthorized({
        message: `GitHub refuses every request ${hasToken ? "with the token" : "without a token"}${because(reason)}. Check GITHUB_TOKEN`
      })
    default:
      return new Unexpected({
        message: `GitHub ${answerOf(reason)}. Check GITHUB_API_URL (an Enterprise Server's is https://HOST/api/v3), and what GITHUB_TOKEN may see`
      })
  }
}

/** What GitHub answers to everything. */
const answerOf = ({ _tag, message }: GithubError["reason"]): string => {
  const login = /^GitHub knows no user (\S+)$/.exec(message)?.[1]
  if (login !== undefined) return refusesAlso(login)
  return namedTags.has(_tag) ? `answers 404 to everything: ${message}` : `refuses every request: ${message}`
}

/** The wait after the n-th block in a row of all requests, or of a kind (n from 1): GitHub locks out clients for longer that often try a wrong token. */
export const refusalWait = (times: number, { reason }: GithubError): Duration.Duration =>
  Duration.min(
    Duration.times(Duration.seconds(15), 2 ** Math.min(times - 1, 20)),
    /login attempts|bad credentials/i.test(reason.message) ? Duration.minutes(5) : Duration.minutes(1)
  )

/** What a request is for, as evidence counts it. */
export type About = Pick<RefusedRequest, "kind" | "thing">

/** The kind of a request, and the name of the thing that it asks for. */
export const aboutOf = (subject: Subject): About => {
  switch (subject._tag) {
    case "User":
      return { kind: "list", thing: subject.login.toLowerCase() }
    case "Page":
      return { kind: "list", thing: subject.of.toLowerCase() }
    case "Accounts":
      return { kind: "account", thing: subject.of.toLowerCase() }
    case "Account":
      return { kind: "account", thing: `${subject.id}` }
    case "Gist":
      return { kind: "gist", thing: subject.id }
    case "Query":
      return { kind: "query", thing: "query" }
    case "Feed":
    case "Limits":
      return { kind: "feed", thing: "feed" }
  }
}

const sharedKinds: ReadonlySet<Kind> = new Set(["feed", "query"])

/** The one thing that a limit may concern. Limits of the feed, of queries and of the limits' own address are global. */
export const limitedThing = (subject: Subject): string | undefined => {
  const { kind, thing } = aboutOf(subject)
  return sharedKinds.has(kind) ? undefined : `${kind} ${thing}`
}
