import { Schema } from "effect"

/** How Gitpip's own throttle kept a request back for a limit that was met before. */
export const Throttling = Schema.Struct({
  /** The reason that the service gave when the limit was met. */
  why: Schema.String,
  /** Whether the limit was read from the database. Hazard: storing such a limit again would never let it end. */
  isStored: Schema.Boolean
})
export type Throttling = typeof Throttling.Type
