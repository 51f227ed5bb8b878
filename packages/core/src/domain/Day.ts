/** Days: what happened on a day of UTC, and the calendar day of an instant in a time zone. */
import { DateTime, Option, Schema } from "effect"
import { field, named } from "./described.ts"

/** How many files were found and published on one day, in UTC. */
export const Day = Schema.Struct({
  day: field(Schema.String, "The day by UTC: `2026-11-24`"),
  found: field(Schema.Int, "Files found by the scans that began that day"),
  published: field(Schema.Int, "Files published that day")
}).pipe(named("Day", "What happened on a day"))
/** The counts of one day of UTC. */
export interface Day extends Schema.Schema.Type<typeof Day> {}

/** The calendar day of an instant (`2026-11-24`), or some days later, in a zone by its IANA name; by UTC when there is none. */
export const calendarDay = (instant: DateTime.Utc, timeZone: string, daysLater = 0): string => {
  const there: DateTime.DateTime = Option.match(DateTime.zoneMakeNamed(timeZone), {
    onNone: () => instant,
    onSome: (zone) => DateTime.setZone(instant, zone)
  })
  return DateTime.formatIsoDate(DateTime.add(there, { days: daysLater }))
}
