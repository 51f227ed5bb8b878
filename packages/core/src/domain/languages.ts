/** Names of languages that GitHub is not known to have: a rule on such a language may fit no file. Pure. */
import { listed } from "./languageNames.ts"
import { nearest } from "./Text.ts"
import { rulesOf } from "./UserRules.ts"

/** A name that is not on GitHub's list, which grows: it may be a language that came after this version of Gitpip. */
export interface UnknownLanguage {
  readonly name: string
  /** The language that may be meant. */
  readonly near: string | undefined
}

const lower = (name: string): string => name.toLowerCase()

/** Each language by its other names in small letters, such as `golang` for `Go`. Read when a rule names languages. */
let known: { readonly names: ReadonlyArray<string>; readonly byName: ReadonlyMap<string, string> } | undefined

const readList = () => {
  const languages = listed.split(/[|\n]/).map((entry) => entry.split("="))
  return {
    names: languages.map(([name = ""]) => name),
    byName: new Map(languages.flatMap(([name = "", ...others]) => [name, ...others].map((one) => [lower(one), name])))
  }
}

/** The names among these that GitHub is not known to have, in any case. */
export const unknownLanguages = (names: ReadonlyArray<string>): ReadonlyArray<UnknownLanguage> => {
  if (names.length === 0) return []
  known ??= readList()
  const { byName, names: all } = known
  return names.flatMap((name) => {
    const language = byName.get(lower(name))
    if (language !== undefined && lower(language) === lower(name)) return []
    return [{ name, near: language ?? nearest(name, all, lower) }]
  })
}

/** The same for a rule as text: `Python, Ruby`. */
export const unknownInRule = (languages: string | null | undefined): ReadonlyArray<UnknownLanguage> =>
  unknownLanguages(rulesOf({ languages })?.languages ?? [])

const list = "https://github.com/github-linguist/linguist/blob/main/lib/linguist/languages.yml lists all languages"

/** What is wrong and what to do, behind the name of the setting, the flag or the column. */
export const describeUnknown = ({ name, near }: UnknownLanguage): string =>
  `names "${name}", which is not known as a language of GitHub, so that it may fit no file. ${near === undefined ? list : `Did you mean ${near}?`}`
