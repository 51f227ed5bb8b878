/**
 * Where the tour plays: two fakes, a database in memory, and Gitpip with its server on top, all in this process.
 *
 * Nothing of the environment is read: a demo that found a real token would write into a real company.
 */
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { ConfigProvider, Effect, Layer } from "effect"
import * as Logging from "../Logging.ts"
import { core } from "../Session.ts"
import { enter } from "./cast.ts"

/** Requests in two seconds, as Pipedrive's Premium plan allows. With 20, as Lite does, the tour would take half a minute longer. */
export const burst = { limit: 100, windowMillis: 2_000 } as const

/** Between two scans once the tour is over. */
export const interval = "5 seconds"

export interface Stage {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  readonly settings: Layer.Layer<core.Settings, core.SettingsError>
}

/** Starts the fakes; they stop with the scope. */
export const make = Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "demo-github-token" })
  const pipedrive = yield* FakePipedrive.make({ burst })
  enter(github, pipedrive)
  const settings = core.Settings.layer.pipe(
    Layer.provide(
      ConfigProvider.layer(
        ConfigProvider.fromEnvRecord({
          GITHUB_TOKEN: "demo-github-token",
          GITHUB_API_URL: github.url.href,
          PIPEDRIVE_TOKEN: pipedrive.token,
          PIPEDRIVE_API_URL: pipedrive.url.href,
          GITPIP_SCAN_INTERVAL: interval
        })
      )
    )
  )
  return { github, pipedrive, settings } satisfies Stage
})

/** The story tells what happens; logs are for what should not. */
export const layerLogs = Logging.layer({ format: "pretty", level: "Error", stream: "stderr" })
