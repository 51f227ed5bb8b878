/**
 * The tour's world: two fakes, a database in memory, and Gitpip with its server, all in this process.
 *
 * Hazard: nothing of the environment is read, or a demo with a real token would write into a real company.
 */
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { ConfigProvider, Effect, Layer, Option } from "effect"
import * as Logging from "../Logging.ts"
import { core } from "../Session.ts"
import { populate } from "./cast.ts"

/** Requests in two seconds, as Pipedrive's Premium plan allows. Lite's 20 would make the tour half a minute longer. */
export const burst = { limit: 100, windowMillis: 2_000 } as const

/** Between two scans after the tour. */
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
  populate(github, pipedrive)
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

/** Errors only: the tour itself prints what happens. */
export const layerLogs = Logging.layer({
  format: "pretty",
  level: "Error",
  stream: "stderr",
  googleProject: Option.none()
})
