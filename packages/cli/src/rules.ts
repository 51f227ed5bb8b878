/** The rules on files that `gitpip track` takes, as flags and as columns of a list, and how they are shown. */
import type { RulesGiven, RuleText, ruleTexts, UserDetails } from "@gitpip/core"
import { Option, Result } from "effect"
import { Flag } from "effect/cli"
import * as Input from "./Input.ts"

/** The flag and the column of each rule. */
const names = {
  include: { flag: "include", column: "include" },
  exclude: { flag: "exclude", column: "exclude" },
  languages: { flag: "languages", column: "languages" },
  maxFileSize: { flag: "max-file-size", column: "max_file_size" },
  forks: { flag: "forks", column: "forks" }
} as const satisfies Record<keyof RulesGiven, unknown>

type Rule = keyof typeof names

const all = Object.keys(names) as ReadonlyArray<Rule>

const flag = (rule: Rule, { metavar, meaning }: { readonly metavar: string; readonly meaning: string }) =>
  Flag.String(names[rule].flag).pipe(Flag.withMetavar(metavar), Flag.optional, Flag.withDescription(meaning))

/** The flags. Each replaces the installation's setting of the same name for the users that are named. */
export const ruleFlags = {
  include: flag("include", {
    metavar: "PATTERNS",
    meaning: "Publish only the users' files whose names fit: '*.md, *.{py,rb}'. none: all; default: as GITPIP_INCLUDE"
  }),
  exclude: flag("exclude", {
    metavar: "PATTERNS",
    meaning: "Do not publish the users' files whose names fit. none: leave no name out; default: as GITPIP_EXCLUDE"
  }),
  languages: flag("languages", {
    metavar: "NAMES",
    meaning: "Publish only the users' files in these languages: Python,Ruby. none: all; default: as GITPIP_LANGUAGES"
  }),
  maxFileSize: flag("maxFileSize", {
    metavar: "SIZE",
    meaning: "Do not publish the users' files that are larger: '500 KB'. none: all; default: as GITPIP_MAX_FILE_SIZE"
  }),
  forks: flag("forks", {
    metavar: "WORD",
    meaning: "Whether gists that the users forked from others are published: publish or skip. default: as GITPIP_FORKS"
  })
}

/** Whether any flag of a rule is given. */
export const hasRules = (typed: { readonly [K in Rule]: Option.Option<string> }): boolean =>
  all.some((rule) => Option.isSome(typed[rule]))

/** The columns of a list that hold rules. */
export const ruleColumns: ReadonlyArray<string> = all.map((rule) => names[rule].column)

/** Core's schemas, which commands load when they need them. */
interface Core {
  readonly ruleTexts: typeof ruleTexts
}

/** Checks rules. All faults of them are reported together. */
const given = (
  { ruleTexts }: Core,
  texts: { readonly [K in Rule]?: string | undefined },
  nameOf: (rule: Rule) => string
): Result.Result<RulesGiven, ReadonlyArray<string>> => {
  const rules: Partial<Record<Rule, RuleText>> = {}
  const faults: Array<string> = []
  for (const rule of all) {
    const text = texts[rule]
    if (text === undefined) continue
    const checked = Input.text(nameOf(rule), ruleTexts[rule], text)
    if (Result.isSuccess(checked)) rules[rule] = checked.success
    else faults.push(...checked.failure)
  }
  return faults.length > 0 ? Result.fail(faults) : Result.succeed(rules)
}

/** The rules of the command line. */
export const rulesOfFlags = (core: Core, typed: { readonly [K in Rule]: Option.Option<string> }) =>
  given(
    core,
    Object.fromEntries(all.map((rule) => [rule, Option.getOrUndefined(typed[rule])])),
    (rule) => `--${names[rule].flag}`
  )

/** The rules of a line of a list, by the names of its columns. */
export const rulesOfCells = (core: Core, cells: Readonly<Record<string, string | undefined>>) =>
  given(core, Object.fromEntries(all.map((rule) => [rule, cells[names[rule].column]])), (rule) => names[rule].column)

/** Each rule that a user has, as one types it. */
export const rulesShown = ({ rules }: Pick<UserDetails, "rules">): string | null => {
  const own = all.flatMap((rule) => {
    const text = rules[rule]
    return text === null ? [] : [`--${names[rule].flag} ${/^[\w.-]+$/.test(text) ? text : `'${text}'`}`]
  })
  return own.length === 0 ? null : own.join(" ")
}
