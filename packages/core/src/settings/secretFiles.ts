/**
 * Secrets in files: `NAME_FILE` is the path of a file that holds the secret `NAME`, as Docker and Kubernetes mount secrets.
 *
 * Hazard: no message holds the content of a file.
 */
import { readFileSync } from "node:fs"
import { Result } from "effect"

/** The settings that are secrets. */
export const secretNames = ["PIPEDRIVE_TOKEN", "POSTGRES_CONNECTION_STRING", "GITHUB_TOKEN", "GITPIP_API_KEY"] as const
/** The name of a setting that is a secret. */
export type SecretName = (typeof secretNames)[number]

/** The variable with the path of a secret's file. */
export const fileVariable = (name: SecretName): `${SecretName}_FILE` => `${name}_FILE`

/** A pipe (`/dev/fd/63`) gives its content only once, and a process needs the secret twice: to use and to mask. */
const contents = new Map<string, string>()

/** The secret in a file without the white space around it, or what is wrong with the file. */
export const readSecret = (path: string): Result.Result<string, string> => {
  try {
    const secret = contents.get(path) ?? readFileSync(path, "utf8").trim()
    if (secret === "") return Result.fail(`the file ${shown(path)} is empty. Write the secret into that file`)
    contents.set(path, secret)
    return Result.succeed(secret)
  } catch (error) {
    const say = faults[codeOf(error)]
    return Result.fail(`the file ${shown(path)} ${say ?? `cannot be read (${codeOf(error)}). Check the file`}`)
  }
}

/** Each secret of an environment as written there, those in files included. */
export const secretTexts = (
  env: Readonly<Record<string, string | undefined>>
): ReadonlyArray<readonly [name: SecretName, text: string]> =>
  secretNames.flatMap((name) => {
    const path = env[fileVariable(name)]?.trim() ?? ""
    const inFile = path === "" ? "" : Result.getOrElse(readSecret(path), () => "")
    return [env[name]?.trim() ?? "", inFile].filter((text) => text !== "").map((text) => [name, text] as const)
  })

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown")

const missing = "does not exist. Correct the path"
const unreadable = "may not be read by the user that runs Gitpip. Give that user the right to read it"
const faults: Readonly<Record<string, string>> = {
  ENOENT: missing,
  ENOTDIR: missing,
  ENAMETOOLONG: missing,
  EISDIR: "is a directory. Give the path of the file inside",
  EACCES: unreadable,
  EPERM: unreadable
}

/** Hazard: a secret given in place of a path must not be shown. Only text that starts as paths do is shown. */
const shown = (path: string): string =>
  /^(\.{0,2}[\\/](?![\\/])|~[\\/]|[A-Za-z]:[\\/](?![\\/]))\P{Cc}*$/u.test(path) ? path : "that it names"
