/** What the two calls that track a user have in common. */
import { NameState, User, unknownInRule } from "@gitpip/core"
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { TargetNotFoundProblem, UserConflictProblem } from "./Problems.ts"
import { chosen, rules } from "./parameters.ts"

const languages = {
  "gitpip-languages": Schema.optionalKey(
    Schema.String.annotate({
      description:
        'Languages of the rule that GitHub is not known to have, which may fit no file, with what may be meant: `[{"name":"Pyton","near":"Python"}]`. At most 5; missing when there is none'
    })
  )
}

/** More are a wrong list, and a header has a limit. */
const maxLanguages = 5

/** The header about the languages of a rule, in ASCII as headers need it. */
export const languageHeader = (rule: string | undefined): Record<string, string> => {
  const unknown = unknownInRule(rule).slice(0, maxLanguages)
  if (unknown.length === 0) return {}
  const json = JSON.stringify(unknown).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return { "gitpip-languages": json }
}

/** A user who was tracked before. */
const trackedBefore = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(200)), languages)

/** A user who is new, and what GitHub says about the name. */
const trackedNow = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(201)), {
  ...languages,
  "gitpip-name": Schema.optionalKey(
    NameState.annotate({
      description:
        "Whether GitHub has an account of this name: `found`, `organization`, `unknown`, or `unchecked`. The user is tracked in each case; `GET /names` says more"
    })
  )
})

/** What both calls that track a user take and answer, but for the path. */
export const tracking = {
  query: { ...chosen, ...rules },
  success: [trackedNow, trackedBefore],
  error: [UserConflictProblem, TargetNotFoundProblem]
} as const

/** How both calls describe their query. */
export const queryMeaning =
  "With `deal` or `person` the user's files go there from now on; nobody is tracked when Pipedrive does not have it (422). The other parameters are rules on files that are found from now on, in place of the settings of the same names. What is left out stays as it is."
