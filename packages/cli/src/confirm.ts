/** Asks the person at the terminal before something that cannot be undone, or that changes another service. */
import { Effect } from "effect"
import { Prompt, TerminalCapabilities } from "effect/cli"
import { UsageError } from "./Failure.ts"

/** The answer of the person at the terminal. Without one, and with `--json`, fails with `unasked`. */
export const confirm = Effect.fnUntraced(function* (
  question: string,
  { isJson, unasked }: { readonly isJson: boolean; readonly unasked: string }
) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt || isJson) return yield* new UsageError({ faults: [unasked] })
  return yield* Effect.orElseSucceed(Prompt.run(Prompt.Confirm({ message: question })), () => false)
})
