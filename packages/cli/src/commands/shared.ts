/** Parts of several commands: common arguments, and core on demand. */
import { Effect } from "effect"
import { Argument, Flag } from "effect/cli"

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withoutNegation,
  Flag.withDescription("Print one JSON document instead of text")
)

export const username = Argument.String("USERNAME").pipe(Argument.withDescription("GitHub user name, in any case"))

/** Core and its wiring, loaded when a command runs, so that help and usage errors do not wait for them. */
export const session = Effect.tap(
  Effect.promise(() => import("../Session.ts")),
  ({ warnOfUnknown }) => warnOfUnknown
)
