/** Settings of an environment, and the faults of one that cannot be used. */
import { assert } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { Settings } from "../../src/Settings.ts"

export const load = (env: Record<string, string>) =>
  Effect.provide(
    Settings,
    Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))), Layer.fresh)
  )

/** The faults by variable, each named at most once. */
export const faults = (env: Record<string, string>) =>
  Effect.map(Effect.flip(load(env)), (error) => {
    assert.strictEqual(error._tag, "SettingsError")
    const entries = error.faults.map((fault) => {
      assert.notInclude(fault, "\n")
      const at = fault.indexOf(": ")
      return [fault.slice(0, at), fault.slice(at + 2)] as const
    })
    assert.strictEqual(new Set(entries.map(([name]) => name)).size, entries.length)
    for (const fault of error.faults) assert.include(error.message, fault)
    return Object.fromEntries(entries)
  })
