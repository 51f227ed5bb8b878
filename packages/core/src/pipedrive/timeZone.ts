/** The time zone of due dates, by its IANA name: the setting's, else that of the token's user, else `TZ`. */
import { Cache, Duration, Effect, Exit, Option } from "effect"
import type { ActivitySettings } from "../Settings.ts"
import type { Pipedrive } from "./Pipedrive.ts"

/** Empty while Pipedrive does not report it. Read once a day. After a failed read publishing goes on, and the next file reads again. */
const ofTokenUser = ({ me }: Pipedrive["Service"]) =>
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

export const make = (pipedrive: Pipedrive["Service"], { fallbackZone, timeZone }: ActivitySettings) =>
  Option.match(timeZone, {
    onSome: (zone) => Effect.succeed(Effect.succeed(zone)),
    onNone: () =>
      Effect.map(
        ofTokenUser(pipedrive),
        Effect.map((zone) => (zone === "" ? fallbackZone : zone))
      )
  })
