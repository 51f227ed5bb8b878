/** Tells the tour in plain words, and keeps the claims it makes with whether they held. */
import { Console, Effect, Schema } from "effect"
import * as Output from "../Output.ts"
import { plainLines } from "../Text.ts"

export const Claim = Schema.Struct({ claim: Schema.String, holds: Schema.Boolean, seen: Schema.String })
export type Claim = typeof Claim.Type

export interface Narrator {
  /** A new part of the tour. */
  readonly part: (title: string) => Effect.Effect<void>
  readonly say: (text: string) => Effect.Effect<void>
  /** Says something that was checked. `seen` is what was found, told when it does not hold. */
  readonly claim: (claim: string, holds: boolean, seen: unknown) => Effect.Effect<void>
  readonly claims: ReadonlyArray<Claim>
}

/** With `quiet`, stdout is left to the result and the tour is told on stderr. */
export const make = (quiet: boolean): Narrator => {
  const tell = quiet ? Output.message : (text: string) => Console.log(plainLines(text))
  const claims: Array<Claim> = []
  let parts = 0
  return {
    claims,
    part: (title) => Effect.suspend(() => tell(`\n${++parts}. ${title}`)),
    say: (text) => tell(text.replace(/^/gm, "   ")),
    claim: Effect.fnUntraced(function* (claim, holds, seen) {
      claims.push({ claim, holds, seen: String(seen) })
      yield* tell(holds ? `   ✓ ${claim}` : `   ✗ NOT TRUE: ${claim} (seen: ${seen})`)
    })
  }
}
