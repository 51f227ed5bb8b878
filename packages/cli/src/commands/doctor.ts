import { Effect } from "effect"
import { Command } from "effect/cli"
import type { Check } from "../doctorChecks.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Output from "../Output.ts"
import type { Meaning } from "../Screen.ts"
import type { Row } from "../Table.ts"
import { count } from "../Text.ts"
import { json, session } from "./shared.ts"

export const doctor = Command.make(
  "doctor",
  { json },
  Effect.fnUntraced(function* (typed) {
    yield* session
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
