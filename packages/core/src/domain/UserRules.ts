/**
 * The rules on files that one user has in place of the installation's: texts in the forms of the settings, so that a setting, a
 * flag, a column, a query and a row of the database all hold the same text.
 */
import { Option, Schema } from "effect"
import { named } from "./described.ts"
import type { FileRules, RuleName } from "./FileRules.ts"
import { FileSize, Forks, Names, Patterns } from "./ruleTexts.ts"

/** Takes a user's rule away: the installation's rule holds again. */
export const defaultRule = "default"

/** No rule of this kind for the user, although the installation has one. */
const noRule = "none"

interface Form {
  /** Reads a text into a rule. */
  readonly read: (text: string) => Option.Option<Partial<FileRules>>
  /** What a text must be, when it cannot be read. */
  readonly takes: string
}

const list = (rule: "exclude" | "include" | "languages", schema: Schema.Codec<ReadonlyArray<string>, string>) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (text: string) =>
    Option.map(text.trim() === noRule ? Option.some([]) : decode(text), (values) => ({ [rule]: values }))
}

const forms: Readonly<Record<RuleName, Form>> = {
  include: {
    read: list("include", Patterns),
    takes: "must be patterns of file names with commas between (`*.md, *.{py,rb}`), `none` or `default`"
  },
  exclude: {
    read: list("exclude", Patterns),
    takes: "must be patterns of file names with commas between (`*.md, *.{py,rb}`), `none` or `default`"
  },
  languages: {
    read: list("languages", Names),
    takes: "must be GitHub's names of languages with commas between (`Python, Jupyter Notebook`), `none` or `default`"
  },
  maxFileSize: {
    read: (text) => Option.map(Schema.decodeUnknownOption(FileSize)(text), (maxFileSize) => ({ maxFileSize })),
    takes: "must be a whole number of `B`, `KB` or `MB` (`500 KB`), `none` or `default`"
  },
  forks: {
    read: (text) => Option.map(Schema.decodeUnknownOption(Forks)(text.trim()), (forks) => ({ forks })),
    takes: "must be `publish`, `skip` or `default`"
  }
}

/** Longer lists of patterns are a mistake, and would be shown in every list of skipped files. */
const maxText = 2_000

const ruleText = (rule: RuleName, description: string) =>
  Schema.String.annotate({ description })
    .check(
      Schema.makeFilter((text) => {
        const { read, takes } = forms[rule]
        if (text.length > maxText) return `must have at most ${maxText} characters`
        return text.trim() === defaultRule || Option.isSome(read(text)) ? undefined : takes
      })
    )
    .pipe(Schema.brand("RuleText"))

/** One rule as text, by the rule's name: what `gitpip track`, the API and the columns of a list take. */
export const ruleTexts = {
  include: ruleText(
    "include",
    "Publish only the user's files whose names fit one of these patterns: `*.md, *.{py,rb}`. `none`: all names; `default`: as `GITPIP_INCLUDE` says"
  ),
  exclude: ruleText(
    "exclude",
    "Do not publish the user's files whose names fit one of these patterns. `none`: leave no name out; `default`: as `GITPIP_EXCLUDE` says"
  ),
  languages: ruleText(
    "languages",
    "Publish only the user's files in these languages. `none`: all languages; `default`: as `GITPIP_LANGUAGES` says"
  ),
  maxFileSize: ruleText(
    "maxFileSize",
    "Do not publish files of the user that are larger: `500 KB`. `none`: all sizes; `default`: as `GITPIP_MAX_FILE_SIZE` says"
  ),
  forks: ruleText(
    "forks",
    "Whether gists that the user has forked from others are published: `publish` or `skip`; `default`: as `GITPIP_FORKS` says"
  )
}

/** A rule in its textual form, branded: `ruleTexts.include.make("*.md")` throws when the form is wrong. */
export type RuleText = (typeof ruleTexts)["include"]["Type"]

/** Rules to give a user. A rule that is left out stays as it is, and the text `default` takes a rule away. */
export type RulesGiven = { readonly [K in RuleName]?: RuleText | undefined }

const own = (setting: string) =>
  Schema.NullOr(Schema.String).annotate({
    description: `The user's own rule in place of \`${setting}\`; \`null\` when that setting holds`
  })

/** A user's own rules, each `null` where the installation's setting holds. */
export const UserRules = Schema.Struct({
  include: own("GITPIP_INCLUDE"),
  exclude: own("GITPIP_EXCLUDE"),
  languages: own("GITPIP_LANGUAGES"),
  maxFileSize: own("GITPIP_MAX_FILE_SIZE"),
  forks: own("GITPIP_FORKS")
}).pipe(
  Schema.encodeKeys({ maxFileSize: "max_file_size" }),
  named("UserRules", "The rules on files that a user has in place of the installation's")
)
/** A user's own rules on files, in the form of the settings. */
export interface UserRules extends Schema.Schema.Type<typeof UserRules> {}

/** The names of all rules, in the order in which they are shown. */
export const ruleNames = [
  "include",
  "exclude",
  "languages",
  "maxFileSize",
  "forks"
] as const satisfies ReadonlyArray<RuleName>

/**
 * The rules that texts say, or `undefined` when they say none. A text that cannot be read counts as missing, so that a row which
 * another program wrote stops no scan.
 */
export const rulesOf = (
  texts: { readonly [K in RuleName]?: string | null | undefined }
): Partial<FileRules> | undefined => {
  const rules: ReadonlyArray<Partial<FileRules>> = ruleNames.flatMap((rule) => {
    const text = texts[rule]
    return text == null || text.trim() === defaultRule ? [] : Option.toArray(forms[rule].read(text))
  })
  return rules.length === 0 ? undefined : Object.assign({}, ...rules)
}

/** The rules of a user after others were given. `undefined` in place of a rule: the installation's holds. */
export const withGiven = (stored: Partial<Record<RuleName, string | null>>, given: RulesGiven) =>
  rulesOf({ ...stored, ...Object.fromEntries(Object.entries(given).filter(([, text]) => text !== undefined)) })
