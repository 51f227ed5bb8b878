/** What the two calls that track a user have in common. */
import { NameState, User } from "@gitpip/core"
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { TargetNotFoundProblem, UserConflictProblem } from "./Problems.ts"
import { chosen, rules } from "./parameters.ts"

/** Why what the call chose does not count. */
const unused = {
  "gitpip-unused": Schema.optionalKey(
    Schema.String.annotate({
      description:
        "Why the chosen deal or person does not count under the settings, as sentences with `; ` between. Absent when it counts"
    })
  )
}

/** A user who was tracked already. */
const trackedBefore = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(200)), unused)

/** A user who is new, and what GitHub says about the name. */
const trackedNow = HttpApiSchema.WithHeaders(User.pipe(HttpApiSchema.status(201)), {
  ...unused,
  "gitpip-name": Schema.optionalKey(
    NameState.annotate({
      description:
        "Whether GitHub has an account of this name: `found`, `unknown`, or `unchecked`. The user is tracked in each case; `GET /names` says more"
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
