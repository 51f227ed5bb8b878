/** A day, by UTC, and what happened on it. */
import { Schema } from "effect"

export const Day = Schema.Struct({
  /** `2026-11-24` */
  day: Schema.String,
  /** Files that scans found which began that day. */
  found: Schema.Int,
  published: Schema.Int
})
export type Day = typeof Day.Type
