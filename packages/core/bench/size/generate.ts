/** Makes the database of the other scripts here, unless it exists, and prints its size. */
import { Effect } from "effect"
import { beside, database, sizes } from "./database.ts"

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      yield* Effect.provide(sizes, beside(yield* database()))
    })
  )
)
