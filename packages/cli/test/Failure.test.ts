/** What a failed command advises, by the error that ended the command. */
import { assert, it } from "@effect/vitest"
import { DatabaseError } from "@gitpip/core"
import { Cause } from "effect"
import { failureOf } from "../src/Failure.ts"

it.each([
  ["is in use, which the message says how to end", { reason: "inUse", message: "Stop that process first" }, undefined],
  ["is busy, which the message says to wait for", { reason: "busy", message: "Try again in a moment" }, undefined],
  [
    "has a wrong directory, which the message says how to fix",
    { reason: "unsafe", message: "Set GITPIP_DATA_DIR" },
    undefined
  ],
  ["is damaged, which the message says how to fix", { reason: "damaged", message: "restore a backup" }, undefined],
  ["cannot be reached", { message: "Nothing answers at localhost:5432" }, /^`gitpip doctor` checks the database/]
] as const)("advises by the error of a database that %s", (_, error, expected) => {
  const { advice, message } = failureOf(Cause.fail(new DatabaseError(error)), (text) => text)
  assert.strictEqual(message, error.message)
  if (expected === undefined) assert.isUndefined(advice)
  else assert.match(advice ?? "", expected)
})
