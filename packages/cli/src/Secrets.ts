/** Masks the secrets of an environment in everything that a command prints, unexpected errors included. */
import { secretTexts } from "@gitpip/core/secrets"
import { masked, passwordsOf } from "@gitpip/core/text"

const proxyNames = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]

/** Masks the secrets of this environment, and those in the files that it names, in a text. */
export const hiding = (env: Readonly<Record<string, string | undefined>>): ((text: string) => string) => {
  const texts = secretTexts(env).flatMap(([name, text]) =>
    name === "POSTGRES_CONNECTION_STRING" ? passwordsOf(text) : [text]
  )
  const ofProxies = proxyNames.flatMap((name) => {
    const address = env[name] ?? ""
    return passwordsOf(address.includes("//") ? address : `//${address}`)
  })
  const secrets = [...texts, ...ofProxies]
  return (text) => masked(text, secrets)
}
