import { Schema } from "effect"

/** How Gitpip's own throttle kept a request back for a limit that was met before. */
export const Throttling = Schema.Struct({
  /** The reason that the service gave when the limit was met. */
  why: Schema.String,
  /** Whether the limit was read from the database, or is stored there. See `limits/sharing.ts`. */
  isStored: Schema.Boolean
})
export type Throttling = typeof Throttling.Type
