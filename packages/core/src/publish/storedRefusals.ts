/** The refusals of both services that are stored for all processes on the database, and when each was last probed. */
import { Duration, Effect } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Wait } from "../store/Limits.ts"
import type { Store } from "../store/Store.ts"
import type { Service } from "./Pause.ts"

export const make = (limits: Store["Service"]["limits"], limitKeys: Readonly<Record<Service, string>>) => {
  /** Services whose refusal is stored, by this process or by another one. */
  const refusing = new Set<Service>()
  /** In epoch milliseconds. */
  const probedAt: Record<Service, number> = { github: Number.NEGATIVE_INFINITY, sink: Number.NEGATIVE_INFINITY }

  return {
    /** Stores that a request was refused at an instant. */
    store: (service: Service, refusal: Wait, at: number) => {
      refusing.add(service)
      probedAt[service] = at
      return limits.refuse(limitKeys[service], refusal)
    },
    /** Ends a stored refusal: a request to the service succeeded. */
    end: Effect.fnUntraced(function* (service: Service) {
      if (!refusing.has(service)) return
      yield* limits.accept(limitKeys[service])
      refusing.delete(service)
    }),
    /** Notes a refusal that is stored. Answers whether a probe may follow. */
    found: (service: Service, at: number): boolean => {
      refusing.add(service)
      return at >= probedAt[service] + Duration.toMillis(Timing.credentialDelay)
    },
    probed: (service: Service, at: number): void => {
      probedAt[service] = at
    }
  }
}
