import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { load } from "./load.ts"

describe("settings", () => {
  const short: ReadonlyArray<readonly [text: string, duration: Duration.Duration]> = [
    ["5m", Duration.minutes(5)],
    ["2 Days", Duration.days(2)],
    ["1 HOUR", Duration.hours(1)],
    ["90s", Duration.seconds(90)],
    ["2h", Duration.hours(2)],
    ["1d", Duration.days(1)],
    ["1500ms", Duration.millis(1_500)],
    ["1.5h", Duration.minutes(90)],
    ["1h 30m", Duration.minutes(90)],
    ["1h30m", Duration.minutes(90)],
    [" 5M\n", Duration.minutes(5)]
  ]
  for (const [text, duration] of short) {
    it.effect(`that are durations have a short form: ${JSON.stringify(text)} is ${Duration.format(duration)}`, () =>
      Effect.gen(function* () {
        const settings = yield* load({ GITPIP_SCAN_INTERVAL: text, GITPIP_MAX_DELAY: text })
        assert.deepStrictEqual([settings.scanInterval, settings.maxDelay], [duration, duration])
      })
    )
  }

  it.effect("that are durations can be copied from the output of a command", () =>
    Effect.gen(function* () {
      for (const seconds of [1, 90, 300, 5_400, 86_400, 90_061]) {
        const duration = Duration.seconds(seconds)
        const { scanInterval } = yield* load({ GITPIP_SCAN_INTERVAL: Duration.format(duration) })
        assert.deepStrictEqual(scanInterval, duration)
      }
    })
  )

  it.effect("of the history's age may be `forever`", () =>
    Effect.gen(function* () {
      for (const written of ["forever", " Forever\n", "FOREVER"]) {
        assert.isFalse(Duration.isFinite((yield* load({ GITPIP_KEEP_HISTORY: written })).keepHistory))
      }
      assert.deepStrictEqual((yield* load({ GITPIP_KEEP_HISTORY: "30d" })).keepHistory, Duration.days(30))
    })
  )

  it.effect("of the log's level may be in upper or lower case", () =>
    Effect.gen(function* () {
      for (const written of ["info", "INFO", "Info", " info\n"]) {
        assert.strictEqual((yield* load({ GITPIP_LOG_LEVEL: written })).logLevel, "Info")
      }
      assert.strictEqual((yield* load({ GITPIP_LOG_LEVEL: "none" })).logLevel, "None")
    })
  )
})
