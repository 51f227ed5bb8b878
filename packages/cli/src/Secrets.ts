/** The secrets of this process's environment, so that nothing it says holds one, not even a fault that nobody foresaw. */
import { masked, passwordsOf } from "@gitpip/core/text"

const { GITHUB_TOKEN, GITPIP_API_KEY, PIPEDRIVE_TOKEN, POSTGRES_CONNECTION_STRING } = process.env

const secrets = [...(GITHUB_TOKEN?.split(",") ?? []), GITPIP_API_KEY, PIPEDRIVE_TOKEN]
  .map((secret) => secret?.trim() ?? "")
  .concat(passwordsOf(POSTGRES_CONNECTION_STRING?.trim() ?? ""))

export const hide = (text: string): string => masked(text, secrets)
