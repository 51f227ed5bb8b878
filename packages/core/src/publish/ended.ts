/** Ends an attempt early. The step that ends the attempt also settles the publication. */
import { Data, Effect } from "effect"
import type { Settling } from "./settle.ts"

/** The state in which an attempt leaves a publication. */
export type State = Effect.Success<ReturnType<Settling["settle"]>>

/** The attempt has ended early, and the publication is settled. */
export class Ended extends Data.TaggedError("Ended")<{ readonly state: State }> {}

/** Settles, and ends the attempt. */
export const ending = <E>(settled: Effect.Effect<State, E>): Effect.Effect<never, E | Ended> =>
  Effect.flatMap(settled, (state) => Effect.fail(new Ended({ state })))
