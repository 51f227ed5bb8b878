import { Data } from "effect"

/**
 * A throttle keeps a request back for longer than the throttle waits.
 *
 * `until` is in epoch milliseconds. `enforcedBy`: the service states the limit, or this process waits to stay within the limit.
 * `isStored`: the limit was read from the database.
 */
export class Throttled extends Data.TaggedError("Throttled")<{
  readonly until: number
  readonly why: string
  readonly enforcedBy: "service" | "self"
  readonly isStored: boolean
}> {}
