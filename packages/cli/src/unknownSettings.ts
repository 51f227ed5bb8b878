/** Finds variables that are meant as settings of Gitpip, and are none: a misspelt setting would be ignored without a word. */
import { fileVariable, secretNames } from "@gitpip/core/secrets"

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
      const suggestion = nearest(name, known)
      const advice = suggestion === undefined ? "docs/settings.md lists all settings" : `Did you mean ${suggestion}?`
      return { name, detail: `is not a setting of Gitpip, and is ignored. ${advice}` }
    })
}

const bare = (name: string): string => name.replace(prefix, "")

/** The most similar name; undefined when more than half of the letters differ. */
const nearest = (name: string, known: ReadonlyArray<string>): string | undefined => {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distance(bare(name), bare(candidate)) }))
    .filter(({ candidate, distance }) => distance * 2 <= Math.max(bare(name).length, bare(candidate).length))
    .toSorted((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** Levenshtein's distance. Effect's own is internal: `effect/cli`. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const [left = 0, above = 0, aboveLeft = 0] = [next[j], row[j + 1], row[j]]
      next.push(Math.min(left + 1, above + 1, aboveLeft + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
