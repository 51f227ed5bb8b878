/** What no output may hold: the values of the settings that are secret, and the password within an address. */
import { existsSync, readFileSync } from "node:fs"

const names = ["GITHUB_TOKEN", "PIPEDRIVE_TOKEN", "GITPIP_API_KEY"] as const

/** The secrets of an environment, as they are written there. */
export const secretsOf = (written: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => {
  const env = { ...written, ...inFiles(written) }
  const connection = env.POSTGRES_CONNECTION_STRING ?? ""
  const password = URL.canParse(connection) ? new URL(connection).password : ""
  // What is refused as an address is a secret all the same, from its `//` on.
  const unread = password === "" ? (/\/\/[^:/]*:(.+)@/.exec(connection)?.[1] ?? "") : ""
  const secrets = [...names.map((name) => env[name] ?? ""), password, decoded(password), unread]
  return [...new Set(secrets.flatMap((secret) => secret.trim()).filter((secret) => secret !== ""))]
}

/** The secrets in files that `NAME_FILE` variables name, by `NAME`. */
const inFiles = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, path]) =>
      name.endsWith("_FILE") && path !== undefined && existsSync(path)
        ? [[name.slice(0, -"_FILE".length), readFileSync(path, "utf8")]]
        : []
    )
  )

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
