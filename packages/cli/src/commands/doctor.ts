import { Effect, Schema } from "effect"
import { Command } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Output from "../Output.ts"
import { count } from "../Text.ts"
import { json } from "./shared.ts"

export const doctor = Command.make(
  "doctor",
  { json },
  Effect.fnUntraced(function* (typed) {
    const { Check, checkAll } = yield* Effect.promise(() => import("../checks.ts"))
    const checks = yield* checkAll
    yield* Output.result(typed.json, Schema.Array(Check), checks, (checks) =>
      // A message may have several lines (all faults of the settings), which belong under their check.
      checks
        .map(
          ({ message, name, state }) =>
            `${state.padEnd(7)}  ${name.padEnd(9)}  ${message.replaceAll("\n", `\n${" ".repeat(20)}`)}`
        )
        .join("\n")
    )
    const failed = checks.filter(({ state }) => state === "failed").length
    if (failed > 0)
      return yield* new Unsuccessful({ message: `${count(failed, "check")} failed: what to do stands beside each.` })
  })
).pipe(
  Command.withDescription(
    "Check the settings, the database, GitHub, and Pipedrive's token and activity type. Costs 20 Pipedrive tokens"
  ),
  Command.withShortDescription("Check settings, database, GitHub and Pipedrive")
)
