import { Data } from "effect"

/** `service`: the service states the limit, for all who use the credential. `self`: this process waits by its own judgement. */
export type EnforcedBy = "service" | "self"

/**
 * A throttle keeps a request back for longer than the throttle waits.
 *
 * `until` is in epoch milliseconds. `isStored`: the limit was read from the database, or is stored there.
 */
export class Throttled extends Data.TaggedError("Throttled")<{
  readonly until: number
  readonly why: string
  readonly enforcedBy: EnforcedBy
  readonly isStored: boolean
}> {}
