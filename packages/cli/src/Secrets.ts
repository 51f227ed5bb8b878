/** Masks the secrets of an environment in everything that a command prints, unexpected errors included. */
import { secretTexts } from "@gitpip/core/secrets"
import { masked, passwordsOf } from "@gitpip/core/text"

/** Masks the secrets of this environment, and those in the files that it names, in a text. */
export const hiding = (env: Readonly<Record<string, string | undefined>>): ((text: string) => string) => {
  const secrets = secretTexts(env).flatMap(([name, text]) =>
    name === "POSTGRES_CONNECTION_STRING" ? passwordsOf(text) : [text]
  )
  return (text) => masked(text, secrets)
}
