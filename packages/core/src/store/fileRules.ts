/** The rules on files that users have in place of the installation's: a row for each user who has any. */
import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import type { RuleName } from "../domain/FileRules.ts"
import type { UserKey } from "../domain/User.ts"
import { defaultRule, type RulesGiven, ruleNames } from "../domain/UserRules.ts"

/** The columns of a user's rules, in rows of any table that is joined with them. */
export const RuleColumns = {
  include: Schema.NullOr(Schema.String),
  exclude: Schema.NullOr(Schema.String),
  languages: Schema.NullOr(Schema.String),
  maxFileSize: Schema.NullOr(Schema.String),
  forks: Schema.NullOr(Schema.String)
}

/** These columns of `file_rules r`. */
export const ruleColumns = (sql: SqlClient.SqlClient) =>
  sql.literal("r.include, r.exclude, r.languages, r.max_file_size, r.forks")

const columns = {
  include: "include",
  exclude: "exclude",
  languages: "languages",
  maxFileSize: "max_file_size",
  forks: "forks"
} as const satisfies Record<RuleName, string>

/** Gives a user rules, in the present transaction. A rule that is not given stays as it is. */
export const giveRules = (sql: SqlClient.SqlClient, userKey: UserKey, given: RulesGiven) => {
  const value = (rule: RuleName) => {
    const text = given[rule]?.trim() ?? null
    return text === defaultRule ? null : text
  }
  const changed = ruleNames.filter((rule) => given[rule] !== undefined).map((rule) => columns[rule])
  if (changed.length === 0) return Effect.void
  return Effect.asVoid(sql`
    insert into file_rules (user_key, include, exclude, languages, max_file_size, forks)
    values (${userKey}, ${value("include")}, ${value("exclude")}, ${value("languages")}, ${value("maxFileSize")},
      ${value("forks")})
    on conflict (user_key) do update set ${sql.literal(changed.map((column) => `${column} = excluded.${column}`).join(", "))}`)
}
