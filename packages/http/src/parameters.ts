/** Parameters that several calls share: numbers in addresses, pages, names. */
import { loginOf, type RulesGiven, ruleTexts, Username, Visitor } from "@gitpip/core"
import { Schema, SchemaGetter, SchemaTransformation } from "effect"
import { HttpApiSchema } from "effect/http-api"

/** A number in an address, in plain digits. Other spellings that JavaScript accepts (`1e3`, `0x10`, ` 7`) are refused. */
export const digits = <S extends Schema.Codec<number, number>>(number: S, message: string, description: string) =>
  Schema.String.annotate({ description, message })
    .check(Schema.isPattern(/^\d{1,16}$/u, { message }))
    .pipe(Schema.decodeTo(number, SchemaTransformation.numberFromString))

/** A number within a range. `message` answers any other value. */
export const between = (
  [minimum, maximum]: readonly [minimum: number, maximum: number],
  message: string,
  description: string
) => digits(Schema.Int.check(Schema.isBetween({ minimum, maximum }, { message })), message, description)

/** The id of a row; `what` names the row in the contract. */
export const idOf = (what: string) =>
  between([1, Number.MAX_SAFE_INTEGER], "an id is a whole number from 1 to 9007199254740991", `The ${what}'s number`)

/** The longest page, and the number of rows read at a time when all are requested. */
export const pageLimit = 1_000

/** The rows of a page when the query has no `limit`. */
export const defaultLimit = 100

/** The query of a paged list. */
export const page = {
  limit: Schema.optionalKey(
    between([1, pageLimit], "must be a whole number from 1 to 1000", "How many at most, 1 to 1,000; 100 by default")
  ),
  after: Schema.optionalKey(
    between(
      [0, Number.MAX_SAFE_INTEGER],
      "must be the id of the last row seen, a whole number from 0 to 9007199254740991",
      "The id of the last row of the previous page"
    )
  )
}

/** A page with a link to the next one, absent on the last. */
export const paged = <S extends Schema.Top>(body: S) =>
  HttpApiSchema.WithHeaders(body, { link: Schema.optionalKey(Schema.String) })

const nameMessage = "a GitHub username has 1 to 39 letters, digits, dashes or underscores"

/** A login in each form that people paste; `loginOf` reads it. A slash may end an address alone. */
const pastedName =
  "(?:@?[A-Za-z0-9_-]{1,39}|(?:https?:\\/\\/)?(?:(?:www|gist)\\.)?[Gg]it[Hh]ub\\.com\\/[A-Za-z0-9_-]{1,39}\\/?)"

/** A username, which people may also write as `@name` or as the address of a profile. */
export const Name = Schema.String.annotate({
  description: "A GitHub username, in any case; also `@name`, or the address of a profile",
  message: nameMessage
})
  .check(Schema.isPattern(new RegExp(`^${pastedName}$`, "u"), { message: nameMessage }))
  .pipe(
    Schema.decodeTo(Username, {
      decode: SchemaGetter.transform(loginOf),
      encode: SchemaGetter.transform((login: string) => login)
    })
  )
export const username = { username: Name }

const choice = "must be a whole number from 1 to 9007199254740991, or `default`"

/** A number, or the word that takes an earlier choice back. */
const inPipedrive = (description: string) =>
  Schema.optionalKey(
    Schema.Union([Schema.Literal("default"), between([1, Number.MAX_SAFE_INTEGER], choice, description)]).annotate({
      description: `${description}; \`default\` takes back what was chosen`,
      message: choice
    })
  )

/** The query of calls that choose where a user's files go. */
export const chosen = {
  deal: inPipedrive("The user's deal, by its number in Pipedrive"),
  person: inPipedrive("The person who the user is, by its number in Pipedrive")
}

/** Whether a preview asks Pipedrive. */
export const contact = Schema.optionalKey(
  Schema.Literals(["true", "false"]).annotate({
    description: "Whether Pipedrive is asked whom the first file would name; without it, `false`",
    message: "must be true or false"
  })
)

/** Whether a check of names asks GitHub. */
export const github = Schema.optionalKey(
  Schema.Literals(["true", "false"]).annotate({
    description: "Whether GitHub is asked; without it, `true`",
    message: "must be true or false"
  })
)

/** The query of calls that take rules on a user's files. */
export const rules = {
  include: Schema.optionalKey(ruleTexts.include),
  exclude: Schema.optionalKey(ruleTexts.exclude),
  languages: Schema.optionalKey(ruleTexts.languages),
  max_file_size: Schema.optionalKey(ruleTexts.maxFileSize),
  forks: Schema.optionalKey(ruleTexts.forks)
}

type RuleQuery = Omit<RulesGiven, "maxFileSize"> & { readonly max_file_size?: RulesGiven["maxFileSize"] }

/** The rules in a query. */
export const rulesOf = ({ exclude, forks, include, languages, max_file_size: maxFileSize }: RuleQuery): RulesGiven => ({
  include,
  exclude,
  languages,
  maxFileSize,
  forks
})

/** The query for these rules. */
export const ruleQuery = ({ maxFileSize, ...given }: RulesGiven = {}) => {
  const all = { ...given, max_file_size: maxFileSize }
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== undefined)) as {
    readonly [K in keyof typeof rules]?: NonNullable<RulesGiven["include"]>
  }
}

/** The query of calls that know visitors. */
export const visitor = {
  visitor: Schema.optionalKey(
    Visitor.annotate({
      description:
        "The visitor's name: 1 to 100 letters, digits, spaces or . _ @ + -. Without it, the visitor `default`"
    })
  )
}

const namesMessage = "must be 1 to 100 GitHub usernames with commas between them"

/** Names of one call, each as long as a username may be. */
export const names = Schema.String.annotate({
  description:
    "GitHub usernames, 1 to 100, with commas between them, each also as `@name` or as the address of a profile; without it no name is checked",
  message: namesMessage
})
  .check(Schema.isPattern(new RegExp(`^${pastedName}(?:,${pastedName}){0,99}$`, "u"), { message: namesMessage }))
  .pipe(
    Schema.decodeTo(Schema.Array(Username), {
      decode: SchemaGetter.transform((text: string) => text.split(",").map(loginOf) as Array<typeof Username.Encoded>),
      encode: SchemaGetter.transform((names: ReadonlyArray<string>) => names.join(","))
    })
  )
