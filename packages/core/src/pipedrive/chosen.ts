/** What a person names for a user: a deal, or the person who the user is. */
import { Effect } from "effect"
import type { Chosen } from "../publish/Sink.ts"
import { whyUnusable } from "./chooseDeal.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import { sinking } from "./sinkErrors.ts"
import { personFaults } from "./targets.ts"

/** Why what a person names cannot be used; empty when nothing is known against it. 1 token for each. */
export const faultsOfChosen = (pipedrive: Pipedrive["Service"]) => (chosen: Chosen) =>
  sinking(
    Effect.gen(function* () {
      const faults: Array<string> = []
      if (chosen.deal !== undefined) {
        const why = whyUnusable(yield* pipedrive.deal(chosen.deal))
        if (why !== undefined) faults.push(`Pipedrive's deal ${chosen.deal} ${why}`)
      }
      return [...faults, ...(yield* personFaults(pipedrive, chosen.person))]
    })
  )
