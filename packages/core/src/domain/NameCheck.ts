/** What GitHub says about a name that somebody wants to track. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { Username } from "./User.ts"

/**
 * - `found`: GitHub has an account of this name
 * - `organization`: an organization has this name, and no user
 * - `unknown`: GitHub has none
 * - `unchecked`: GitHub was not asked, or did not answer; `reason` says why
 */
export const NameState = Schema.Literals(["found", "organization", "unknown", "unchecked"])
/** What GitHub says about a name. */
export type NameState = typeof NameState.Type

/**
 * - `new`: not tracked, and never was
 * - `tracked`: tracked now
 * - `untracked`: tracked once, until somebody untracked the user
 * - `forgotten`: erased by `forget`, and not tracked since
 */
export const NameRecord = Schema.Literals(["new", "tracked", "untracked", "forgotten"])
/** What Gitpip has on record of a name. */
export type NameRecord = typeof NameRecord.Type

/** A name, and what GitHub says about it. */
export const NameCheck = Schema.Struct({
  name: field(Username, "The name as it was given"),
  state: field(
    NameState,
    "`found`: GitHub has an account of this name; `organization`: an organization has the name, and no user; `unknown`: it has none; `unchecked`: GitHub was not asked, or did not answer"
  ),
  login: field(Schema.NullOr(Username), "The name as GitHub writes it; `null` unless `found`"),
  gists: field(
    Schema.NullOr(Schema.Int),
    "The account's public gists; `null` unless `found`, or when GitHub does not say"
  ),
  publishes: field(
    Schema.Literals(["all", "some", "new"]),
    "Which files tracking would publish: `all`; `some`, when rules of the settings (`GITPIP_INCLUDE` …) may leave files out; or only `new` ones with `GITPIP_BACKFILL=none`"
  ),
  near: field(
    Schema.Array(Username),
    "At most three accounts with a similar name, when the name is `unknown`. Empty without `GITHUB_TOKEN`"
  ),
  reason: field(Schema.NullOr(Schema.String), "Why the name is `unchecked`; else `null`"),
  record: field(
    NameRecord,
    "`new`: never tracked; `tracked`: tracked now; `untracked`: tracked once; `forgotten`: erased, so that no list may track this user again"
  )
}).pipe(named("NameCheck", "A name, and what GitHub says about it"))
/** A name as GitHub knows it, or why GitHub was not asked. */
export interface NameCheck extends Schema.Schema.Type<typeof NameCheck> {}
