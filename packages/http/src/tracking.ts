/** What the two calls that track a user have in common. */
import { NameState, User, unknownInRule } from "@gitpip/core"
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { TargetNotFoundProblem, UserConflictProblem } from "./Problems.ts"
import { chosen, rules } from "./parameters.ts"

/** What a call that was done did not do, or may not do. */
const remarks = {
  "gitpip-unused": Schema.optionalKey(
    Schema.String.annotate({
      description:
        "Why the chosen deal or person does not count under the settings, as sentences with `; ` between. Absent when it counts"
    })
  ),
  "gitpip-languages": Schema.optionalKey(
    Schema.String.annotate({
      description:
        'Languages of the rule that GitHub is not known to have, which may fit no file, with what may be meant: `[{"name":"Pyton","near":"Python"}]`. At most 5; missing when there is none'
    })
  )
}

/** More are a wrong list, and a header has a limit. */
const maxLanguages = 5

/** In ASCII, as headers need it. */
const languageHeader = (rule: string | undefined): Record<string, string> => {
  const unknown = unknownInRule(rule).slice(0, maxLanguages)
  if (unknown.length === 0) return {}
  const json = JSON.stringify(unknown).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return { "gitpip-languages": json }
}

/** The headers about choices that do not count, as sentences, and about the languages of a rule. */
export const remarksOf = ({
  languages,
  unused
}: {
  readonly unused: ReadonlyArray<string>
  readonly languages: string | undefined
}): Record<string, string> => ({
  ...(unused.length === 0 ? {} : { "gitpip-unused": unused.join("; ") }),
  ...languageHeader(languages)
})

/** A user who was tracked before. */
const trackedBefore = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(200)), remarks)

/** A user who is new, and what GitHub says about the name. */
const trackedNow = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(201)), {
  ...remarks,
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
