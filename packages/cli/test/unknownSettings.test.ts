import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { fileVariable, secretNames } from "@gitpip/core/secrets"
import { unknownSettings } from "../src/unknownSettings.ts"

const known = Object.keys(settings)
const found = (...names: ReadonlyArray<string>) =>
  unknownSettings(Object.fromEntries(names.map((name) => [name, "hush"])), known)

const suggested: ReadonlyArray<readonly [name: string, suggestion: string]> = [
  ["GITPIP_PRT", "GITPIP_PORT"],
  ["GITPIP_LOGLEVEL", "GITPIP_LOG_LEVEL"],
  ["GITPIP_INTERVAL", "GITPIP_SCAN_INTERVAL"],
  ["GITPIP_APIKEY_FILE", "GITPIP_API_KEY_FILE"],
  ["GITPIP_PIPEDRIVE_TOKEN", "PIPEDRIVE_TOKEN"],
  ["GITPIP_GITHUB_TOKEN_FILE", "GITHUB_TOKEN_FILE"]
]

describe("an unknown setting", () => {
  for (const [name, suggestion] of suggested) {
    it(`${name} leads to ${suggestion}`, () => {
      assert.deepStrictEqual(found(name), [
        { name, detail: `is not a setting of Gitpip, and is ignored. Did you mean ${suggestion}?` }
      ])
    })
  }

  it("that is like no other leads to the list of all settings", () => {
    for (const name of ["GITPIP_", "GITPIP_SECRET_SAUCE_OF_THE_HOUSE"]) {
      assert.deepStrictEqual(found(name), [
        { name, detail: "is not a setting of Gitpip, and is ignored. docs/settings.md lists all settings" }
      ])
    }
  })

  it("leaves out known settings, their files, other programs' variables and those of Kubernetes", () => {
    assert.deepStrictEqual(
      found(
        ...known,
        ...secretNames.map(fileVariable),
        "PATH",
        "GITPIPE_PORT",
        "GITHUB_ACTIONS",
        "GITPIP_SERVICE_HOST",
        "GITPIP_SERVICE_PORT",
        "GITPIP_SERVICE_PORT_HTTP",
        "GITPIP_PORT_8080_TCP",
        "GITPIP_PORT_8080_TCP_ADDR",
        "GITPIP_POSTGRES_SERVICE_HOST"
      ),
      []
    )
  })
})
