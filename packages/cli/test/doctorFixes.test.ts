/** What `doctor` says to do about errors that have a reason. */
import { assert, it } from "@effect/vitest"
import { DatabaseError, PipedriveError } from "@gitpip/core"
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

it("doctor does not lead to an empty database when the database refuses, since everything would be published again", () => {
  const fix = fixOf("database", new DatabaseError({ message: "There is no such database" }))
  assert.match(fix, /POSTGRES_CONNECTION_STRING/)
  assert.notMatch(fix, /unset|embedded|GITPIP_DATA_DIR|runs/)
})

it("doctor names the page that lists all settings when a setting is wrong", () => {
  assert.include(fixOf("settings", new Error("wrong")), "docs/settings.md")
})

it.each([
  ["busy", /pg_stat_activity/],
  ["inUse", /^Stop that process first/],
  ["readOnly", /^Name the primary server/],
  ["damaged", /restore a backup of GITPIP_DATA_DIR/],
  ["unsafe", /^Set GITPIP_DATA_DIR/]
] as const)("doctor says what to do when the database is %s, whatever the words of the error", (reason, fix) => {
  assert.match(fixOf("database", new DatabaseError({ reason, message: "Something else" })), fix)
})
