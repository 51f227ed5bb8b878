import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { calendarDay } from "../../src/domain/Day.ts"

describe("the calendar day", () => {
  for (const [instant, zone, day] of [
    ["2026-11-24T22:30:00Z", "Asia/Tokyo", "2026-11-25"],
    ["2026-11-24T02:00:00Z", "America/Los_Angeles", "2026-11-23"],
    ["2026-11-24T12:00:00Z", "Etc/UTC", "2026-11-24"],
    // The clocks of Apia skipped this day's predecessor when the island changed sides of the date line.
    ["2011-12-30T10:30:00Z", "Pacific/Apia", "2011-12-31"],
    ["2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25"],
    ["2026-11-24T23:30:00Z", "", "2026-11-24"],
    ["2026-11-24T23:30:00Z", "Mars/Olympus", "2026-11-24"]
  ] as const) {
    it(`${instant} is on ${day} in ${zone === "" ? "a company without a zone" : zone}`, () =>
      assert.strictEqual(calendarDay(DateTime.makeUnsafe(instant), zone), day))
  }
})
