/** A day, by UTC, and what happened on it. */
import { Schema } from "effect"
import { field, named } from "./described.ts"

export const Day = Schema.Struct({
  day: field(Schema.String, "The day by UTC: `2026-11-24`"),
  found: field(Schema.Int, "Files that scans found which began that day"),
  published: field(Schema.Int, "Files that were published that day")
}).pipe(named("Day", "What happened on a day"))
export type Day = typeof Day.Type
