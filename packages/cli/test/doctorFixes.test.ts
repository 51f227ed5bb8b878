/** What `doctor` says to do about a Pipedrive that denies every request. */
import { assert, it } from "@effect/vitest"
import { PipedriveError } from "@gitpip/core"
import { Denied } from "../../core/src/pipedrive/errors.ts"
import { fixOf } from "../src/doctorFixes.ts"

it.each([
  ["address", /^Set PIPEDRIVE_ORG.*redirects to$/],
  ["token", /^Set PIPEDRIVE_TOKEN/],
  ["account", /^Pay or reopen the account/]
] as const)("doctor says what to do when Pipedrive denies the %s, whatever the words of the error", (wrong, fix) => {
  const error = new PipedriveError({ reason: new Denied({ wrong, message: "Something else" }) })
  assert.match(fixOf("pipedrive", error), fix)
})
