/** Makes the database that the other scripts here work on, if it is not there yet, and tells how large it is. */
import { Effect } from "effect"
import { beside, database, sizes } from "./database.ts"

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      yield* Effect.provide(sizes, beside(yield* database()))
    })
  )
)
