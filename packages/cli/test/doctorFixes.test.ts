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

it.each([
  ["busy", /pg_stat_activity/],
  ["inUse", /^Stop that process first/],
  ["readOnly", /^Name the primary server/]
] as const)("doctor says what to do when the database is %s, whatever the words of the error", (reason, fix) => {
  assert.match(fixOf("database", new DatabaseError({ reason, message: "Something else" })), fix)
})
