/** The same publishing as jobs of graphile-worker: at least once, without lookups, pacing or pauses. */
import { Effect } from "effect"
import { Logger, makeWorkerUtils, runOnce } from "graphile-worker"
import { measure } from "./bench.ts"

const silent = new Logger(() => () => undefined)

/** Puts a job for each item into a queue, and measures until the last job has ended. */
export const work = Effect.fnUntraced(function* <A extends object>(
  connectionString: string,
  {
    concurrency,
    items,
    job
  }: { readonly concurrency: number; readonly items: ReadonlyArray<A>; readonly job: (item: A) => Promise<void> }
) {
  const utils = yield* Effect.promise(() => makeWorkerUtils({ connectionString, logger: silent }))
  yield* Effect.promise(async () => {
    await utils.migrate()
    for (let at = 0; at < items.length; at += 500) {
      await utils.addJobs(items.slice(at, at + 500).map((payload) => ({ identifier: "publish", payload })))
    }
    await utils.release()
  })
  return yield* measure(
    Effect.promise(() =>
      runOnce({
        connectionString,
        concurrency,
        maxPoolSize: concurrency + 1,
        logger: silent,
        noHandleSignals: true,
        taskList: { publish: (payload) => job(payload as A) }
      })
    )
  )
})
