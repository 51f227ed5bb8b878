import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { confirm } from "../confirm.ts"
import type { Check } from "../doctorChecks.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Output from "../Output.ts"
import type { Meaning } from "../Screen.ts"
import type { Row } from "../Table.ts"
import { count, plain } from "../Text.ts"
import { json, session } from "./shared.ts"

export const doctor = Command.make(
  "doctor",
  {
    fix: Flag.Boolean("fix").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Create the field of persons that GITPIP_PERSON_FIELD names, if Pipedrive does not have it")
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("With --fix: do not ask")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    yield* session
    if (typed.fix) yield* fix({ isJson: typed.json, isSure: typed.yes })
    const { Checks, checkAll } = yield* Effect.promise(() => import("../doctorChecks.ts"))
    const checks = yield* checkAll
    yield* Output.result(checks, {
      json: typed.json,
      schema: Checks,
      show: (checks) => ({
        whole: true,
        rows: checks.flatMap(rowsOf)
      })
    })
    const failed = checks.filter(({ state }) => state === "failed").length
    if (failed > 0)
      return yield* new Unsuccessful({ message: `${count(failed, "check")} failed. The fix is below each of them.` })
  })
).pipe(
  Command.withDescription(
    "Check the settings, the database, GitHub, Pipedrive's token, and what the settings name in Pipedrive, and say how to fix what is wrong. With GITPIP_URL: the settings and that server. Costs 20 Pipedrive tokens, and up to 60 more when settings name pipelines, users, labels or priorities"
  ),
  Command.withShortDescription("Check settings, database, GitHub and Pipedrive")
)

/** Creates the missing field of persons, after a yes. */
const fix = Effect.fnUntraced(function* ({ isJson, isSure }: { readonly isJson: boolean; readonly isSure: boolean }) {
  const { createField, missingField } = yield* Effect.promise(() => import("../personField.ts"))
  const missing = yield* missingField
  if (missing === undefined) return yield* Output.message("Pipedrive lacks no field that the settings name.")
  const name = plain(missing)
  const isWanted =
    isSure ||
    (yield* confirm(`Create the field "${name}" of persons in Pipedrive?`, {
      isJson,
      unasked: `Give --yes as well to create the field "${name}" of persons in Pipedrive`
    }))
  if (!isWanted) return yield* Output.message("Nothing was created.")
  yield* createField(missing)
  yield* Output.message(`Created the field "${name}" of persons in Pipedrive.`)
})

const meanings: Readonly<Record<Check["state"], Meaning>> = { ok: "good", failed: "bad", off: "busy", skipped: "aside" }

/** A message with several lines, such as all faults of the settings, and the fix go below the check. */
const rowsOf = ({ message, name, fix, state }: Check): ReadonlyArray<Row> => {
  const [first = "", ...more] = message.split("\n")
  return [
    [{ text: state, meaning: meanings[state] }, name, first],
    ...more.map((line) => ["", "", line]),
    ...(fix === null ? [] : [["", "", `→ ${fix}`]])
  ]
}
