/** Finds variables that are meant as settings of Gitpip, and are none: a misspelt setting would be ignored without a word. */
import { fileVariable, secretNames } from "@gitpip/core/secrets"
import { nearest } from "@gitpip/core/text"

export interface Unknown {
  readonly name: string
  /** What is wrong and what to do, without the name. */
  readonly detail: string
}

const prefix = "GITPIP_"

/**
 * Kubernetes sets these for a Service with the name `gitpip`.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const ofKubernetes = /^GITPIP_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)$/

/** The unknown settings of an environment, by the names of all known ones. */
export const unknownSettings = (
  env: Readonly<Record<string, string | undefined>>,
  settings: ReadonlyArray<string>
): ReadonlyArray<Unknown> => {
  const known = [...settings, ...secretNames.map(fileVariable)]
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name) && !ofKubernetes.test(name))
    .toSorted()
    .map((name) => {
      const suggestion = nearest(name, known, bare)
      const advice = suggestion === undefined ? "docs/settings.md lists all settings" : `Did you mean ${suggestion}?`
      return { name, detail: `is not a setting of Gitpip, and is ignored. ${advice}` }
    })
}

const bare = (name: string): string => name.replace(prefix, "")
