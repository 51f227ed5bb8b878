/** Masks the secrets of an environment in everything that a command prints, unexpected errors included. */
import { masked, passwordsOf } from "@gitpip/core/text"

/** Masks the secrets of this environment in a text. */
export const hiding = ({
  GITHUB_TOKEN,
  GITPIP_API_KEY,
  PIPEDRIVE_TOKEN,
  POSTGRES_CONNECTION_STRING
}: Readonly<Record<string, string | undefined>>): ((text: string) => string) => {
  const secrets = [GITHUB_TOKEN, GITPIP_API_KEY, PIPEDRIVE_TOKEN]
    .map((secret) => secret?.trim() ?? "")
    .concat(passwordsOf(POSTGRES_CONNECTION_STRING?.trim() ?? ""))
  return (text) => masked(text, secrets)
}
