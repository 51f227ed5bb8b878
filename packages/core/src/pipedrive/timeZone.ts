/** The time zone of the token's user, by its IANA name. Empty, which means UTC, while it cannot be read. */
import { Cache, Duration, Effect, Exit } from "effect"
import type { Pipedrive } from "./Pipedrive.ts"

/** Read once a day. After a failed read publishing goes on in UTC, and the next file reads again. */
export const make = ({ me }: Pipedrive["Service"]) =>
  Effect.map(
    Cache.makeWith(
      (_: "own") =>
        me.pipe(
          Effect.map(({ timeZone }) => timeZone),
          Effect.orElseSucceed(() => "")
        ),
      {
        capacity: 1,
        timeToLive: Exit.match({
          onFailure: () => Duration.zero,
          onSuccess: (zone) => (zone === "" ? Duration.hours(1) : Duration.days(1))
        })
      }
    ),
    (zones) => Cache.get(zones, "own")
  )
