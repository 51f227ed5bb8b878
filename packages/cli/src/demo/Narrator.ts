/** Prints the tour, and records each claim with whether it held. */
import { Console, Effect, Schema } from "effect"
import * as Output from "../Output.ts"
import { plainLines } from "../Text.ts"

export const Claim = Schema.Struct({ claim: Schema.String, holds: Schema.Boolean, seen: Schema.String })
export type Claim = typeof Claim.Type

/** The voice of the tour. Claims that do not hold end the demo with 1. */
export interface Narrator {
  /** A new part of the tour. */
  readonly part: (title: string) => Effect.Effect<void>
  readonly say: (text: string) => Effect.Effect<void>
  /** Prints a claim that was checked. `seen` is what was found, printed when the claim does not hold. */
  readonly claim: (claim: string, check: { readonly holds: boolean; readonly seen: unknown }) => Effect.Effect<void>
  readonly claims: ReadonlyArray<Claim>
}

/** With `json`, the tour goes to stderr, since stdout has the result. */
export const make = (options: { readonly json: boolean }): Narrator => {
  const print = options.json ? Output.message : (text: string) => Console.log(plainLines(text))
  const claims: Array<Claim> = []
  let parts = 0
  return {
    claims,
    part: (title) => Effect.suspend(() => print(`\n${++parts}. ${title}`)),
    say: (text) => print(text.replace(/^/gm, "   ")),
    claim: Effect.fnUntraced(function* (claim, { holds, seen }) {
      claims.push({ claim, holds, seen: String(seen) })
      yield* print(holds ? `   ✓ ${claim}` : `   ✗ NOT TRUE: ${claim} (seen: ${seen})`)
    })
  }
}
