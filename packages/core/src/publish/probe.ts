/** A cheap read of each service, which shows whether the service works again. */
import { Effect } from "effect"
import type { Github } from "../github/Github.ts"
import type { Block } from "./decision.ts"
import type { Verdict } from "./evidence.ts"
import { afterGithubError } from "./githubOutcome.ts"
import { afterSinkError } from "./outcome.ts"
import type { Service } from "./Pause.ts"
import type { Sink } from "./Sink.ts"

/** The result of a cheap read. */
export interface Probed {
  readonly isAccepted?: true
  readonly block?: Block
}

const accepted: Probed = { isAccepted: true }

/** For a read of no publication. */
const unproven: Verdict = { scope: "thing", isProven: false, failures: 1, userFailures: 1, isAlone: false }
const nothingTried = { attempts: 0, errorReason: null }

export const make = ({
  github,
  sink
}: {
  readonly github: Github["Service"]
  readonly sink: Sink["Service"]
}): Readonly<Record<Service, Effect.Effect<Probed>>> => ({
  sink: Effect.match(sink.probe ?? Effect.void, {
    onSuccess: () => accepted,
    onFailure: (error): Probed => afterSinkError(nothingTried, error, { step: "create", verdict: unproven })
  }),
  github: Effect.match(github.check, {
    onSuccess: () => accepted,
    onFailure: (error): Probed => afterGithubError(nothingTried, error, unproven)
  })
})
