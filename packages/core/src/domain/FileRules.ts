/** Which files are published: rules on names, languages and sizes. Pure. */
import picomatch from "picomatch"

/** The rules of an installation. An empty list, or an infinite size, leaves nothing out. */
export interface FileRules {
  /** Only files whose names fit one of these patterns. */
  readonly include: ReadonlyArray<string>
  /** No files whose names fit one of these patterns. */
  readonly exclude: ReadonlyArray<string>
  /** Only files in one of these languages, by GitHub's names for them, in any case. */
  readonly languages: ReadonlyArray<string>
  /** Bytes. Larger files are left out. */
  readonly maxSize: number
}

/** What the rules are about. */
export interface RuledFile {
  readonly filename: string
  /** As GitHub names it; `null` when GitHub recognizes none. */
  readonly language: string | null
  /** Bytes. */
  readonly size: number
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

/** Answers which rule leaves a file out, as a sentence; `undefined` for a file that is published. */
export const skippedBy = ({ exclude, include, languages, maxSize }: FileRules) => {
  const excluded = exclude.map((pattern) => ({ pattern, fits: picomatch(pattern, options) }))
  const included = include.map((pattern) => picomatch(pattern, options))
  const wanted = new Set(languages.map((language) => language.toLowerCase()))
  return ({ filename, language, size }: RuledFile): string | undefined => {
    const rule = excluded.find(({ fits }) => fits(filename))
    if (rule !== undefined) return `GITPIP_EXCLUDE leaves out ${rule.pattern}`
    if (included.length > 0 && !included.some((fits) => fits(filename))) {
      return `GITPIP_INCLUDE publishes only ${include.join(", ")}`
    }
    if (wanted.size > 0 && !wanted.has(language?.toLowerCase() ?? "")) {
      return `GITPIP_LANGUAGES publishes only ${languages.join(", ")}, and this file is ${language === null ? "in no known language" : `in ${language}`}`
    }
    if (size > maxSize) return `GITPIP_MAX_FILE_SIZE leaves out files of more than ${maxSize} bytes`
    return undefined
  }
}
