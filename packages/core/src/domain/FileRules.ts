/** Which files are published: rules on names, languages, sizes and forks. Pure. */
import picomatch from "picomatch"

/** Rules on files. An empty list, or an infinite size, leaves nothing out. */
export interface FileRules {
  /** Only files whose names fit one of these patterns. */
  readonly include: ReadonlyArray<string>
  /** No files whose names fit one of these patterns. */
  readonly exclude: ReadonlyArray<string>
  /** Only files in one of these languages, by GitHub's names for them, in any case. */
  readonly languages: ReadonlyArray<string>
  /** Bytes. Larger files are left out. */
  readonly maxFileSize: number
  /** Whether files of gists that were forked from others are published. */
  readonly forks: "publish" | "skip"
}

/** Whether every file is published. */
export const leavesNothingOut = ({ exclude, forks, include, languages, maxFileSize }: FileRules): boolean =>
  [exclude, include, languages].every(({ length }) => length === 0) &&
  maxFileSize === Number.POSITIVE_INFINITY &&
  forks === "publish"

/** One rule of `FileRules`, by its name. */
export type RuleName = keyof FileRules

/** What the rules are about. */
export interface RuledFile {
  readonly filename: string
  /** As GitHub names it; `null` when GitHub recognizes none. */
  readonly language: string | null
  /** Bytes. */
  readonly size: number
  /** Whether the gist was forked from another. Missing where GitHub does not say so, as in its lists. */
  readonly isFork?: boolean | undefined
}

/** The rules that hold for one user. */
export interface UserSkips {
  /** Answers which rule leaves a file out, as a sentence; `undefined` for a file that is published. */
  readonly by: (file: RuledFile) => string | undefined
  /** The sentence for a file that turns out to be of a fork; `undefined` when forks are published. */
  readonly ifFork: string | undefined
}

/** Names of gists' files have no folders, so that a `/` in a name is a letter like any other. */
const options: picomatch.PicomatchOptions = { nocase: true, dot: true, bash: true }

/** Whether a pattern can be used; it is what shells use: `*.md`, `test_?.py`, `{a,b}.*`. */
export const isPattern = (pattern: string): boolean => {
  try {
    return pattern.length <= 255 && picomatch.makeRe(pattern, options) instanceof RegExp
  } catch {
    return false
  }
}

/** The settings that the rules of an installation come from. */
const settings: Readonly<Record<RuleName, string>> = {
  include: "GITPIP_INCLUDE",
  exclude: "GITPIP_EXCLUDE",
  languages: "GITPIP_LANGUAGES",
  maxFileSize: "GITPIP_MAX_FILE_SIZE",
  forks: "GITPIP_FORKS"
}

/** The rules of a user by the flags of `gitpip track`. */
const flags: Readonly<Record<RuleName, string>> = {
  include: "--include",
  exclude: "--exclude",
  languages: "--languages",
  maxFileSize: "--max-file-size",
  forks: "--forks"
}

/**
 * What is left out under the rules of an installation and of a user. A user's rule takes the place of the installation's rule
 * of the same name, and all other rules of the installation hold.
 */
export const skippedBy = (installation: FileRules): ((own?: Partial<FileRules>) => UserSkips) => {
  const common = skips(installation, {})
  return (own) => (own === undefined ? common : skips(installation, own))
}

const skips = (installation: FileRules, own: Partial<FileRules>): UserSkips => {
  const { exclude, forks, include, languages, maxFileSize } = { ...installation, ...own }
  const nameOf = (rule: RuleName) => (own[rule] === undefined ? settings[rule] : `The user's rule ${flags[rule]}`)
  const excluded = exclude.map((pattern) => ({ pattern, fits: picomatch(pattern, options) }))
  const included = include.map((pattern) => picomatch(pattern, options))
  const wanted = new Set(languages.map((language) => language.toLowerCase()))
  const ifFork = forks === "skip" ? `${nameOf("forks")} leaves out gists that were forked from others` : undefined
  return {
    ifFork,
    by: ({ filename, isFork, language, size }) => {
      const rule = excluded.find(({ fits }) => fits(filename))
      if (rule !== undefined) return `${nameOf("exclude")} leaves out ${rule.pattern}`
      if (included.length > 0 && !included.some((fits) => fits(filename))) {
        return `${nameOf("include")} publishes only ${include.join(", ")}`
      }
      if (wanted.size > 0 && !wanted.has(language?.toLowerCase() ?? "")) {
        return `${nameOf("languages")} publishes only ${languages.join(", ")}, and this file is ${language === null ? "in no known language" : `in ${language}`}`
      }
      if (size > maxFileSize) return `${nameOf("maxFileSize")} leaves out files of more than ${maxFileSize} bytes`
      return isFork === true ? ifFork : undefined
    }
  }
}
