/**
 * `--settings FILE`: settings from files, read before anything reads the environment.
 *
 * Not `--env-file`: Node.js judges a flag of that name after the script as its own. https://github.com/nodejs/node/issues/54232
 */
import { readFileSync } from "node:fs"
import { parseEnv } from "node:util"

export const name = "settings"

/** Separates the files from the other arguments. A flag without a file stays, for the parser to refuse. */
export const splitArgs = (
  args: ReadonlyArray<string>
): { readonly files: ReadonlyArray<string>; readonly rest: ReadonlyArray<string> } => {
  const files: Array<string> = []
  const rest: Array<string> = []
  const end = args.includes("--") ? args.indexOf("--") : args.length
  for (let i = 0; i < args.length; i++) {
    const [arg = "", next] = [args[i], args[i + 1]]
    if (i < end && arg.startsWith(`--${name}=`)) files.push(arg.slice(name.length + 3))
    else if (i + 1 < end && arg === `--${name}` && next !== undefined) {
      files.push(next)
      i++
    } else rest.push(arg)
  }
  return { files, rest }
}

/**
 * The variables of the files, in the form that `node --env-file` reads. A later file comes before an earlier one. Throws
 * an error with a message for people when a file cannot be read.
 */
export const readFiles = (files: ReadonlyArray<string>): Readonly<Record<string, string | undefined>> =>
  Object.assign({}, ...files.map((file) => parseEnv(contentOf(file))))

const contentOf = (file: string): string => {
  const text = textOf(file)
  const line = strayLine(text)
  if (line === undefined) return text
  throw unusable(file, `line ${line} has no \`=\`. Write NAME=value, or begin a remark with #`)
}

const unusable = (file: string, fault: string) => new Error(`--${name} ${JSON.stringify(file)}: ${fault}`)

const textOf = (file: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
    throw unusable(file, faults[code] ?? `cannot be read (${code}). Check the file`)
  }
}

const faults: Readonly<Record<string, string>> = {
  ERR_ENCODING_INVALID_ENCODED_DATA: "is not text in UTF-8. Save it in UTF-8",
  ENOENT: "does not exist. Correct the path",
  EISDIR: "is a directory. Give the path of a file",
  EACCES: "may not be read by this user. Give the user the right to read it"
}

/** A line that names a variable, and its value, which may go over several lines in quotation marks. */
const assignment = /[^=\n]+=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*(?:\n|$)/y
const otherLine = /[ \t\r]*(?:#[^\n]*)?(?:\n|$)/y

/** The number of the first line that no settings file can have, from 1 on. `parseEnv` ignores such lines. */
export const strayLine = (text: string): number | undefined => {
  for (let at = 0; at < text.length; ) {
    const next = [otherLine, assignment].flatMap((pattern) => {
      pattern.lastIndex = at
      return pattern.test(text) ? [pattern.lastIndex] : []
    })[0]
    if (next === undefined) return text.slice(0, at).split("\n").length
    at = next
  }
  return undefined
}
