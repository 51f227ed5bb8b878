/**
 * Reports changes to subscribers. Changes by this process are reported at once. Changes by other processes are found by a
 * query once a second, for all subscribers together, and only while there are subscribers.
 *
 * Hazard: keys are drawn before they are committed, so a query can miss a file or an attempt whose transaction ends late. A
 * subscriber that needs certainty reads everything again from time to time.
 */
import { Context, Duration, Effect, Layer, PubSub, RcRef, Stream } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Change } from "../domain/Change.ts"
import type { Scan } from "../domain/Scan.ts"
import type { Position } from "../store/NewKeys.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

const pollInterval = Duration.seconds(1)
const rest = Effect.sleep(Duration.seconds(5))
const loop = "changes"

/** Changes kept for each subscriber. A slower subscriber loses the oldest ones. */
const buffer = 256

/** Changes in all processes on the same database, as a stream. */
export class Changes extends Context.Service<
  Changes,
  {
    readonly report: (change: Change) => Effect.Effect<void>
    /** All changes from now on. Begins with `listening`, and does not end by itself. */
    readonly all: Stream.Stream<Change, DatabaseError>
  }
>()("gitpip/Changes") {
  static readonly layer: Layer.Layer<Changes, never, Store> = Layer.effect(
    Changes,
    Effect.gen(function* () {
      const { changes } = yield* Store
      const reported = yield* PubSub.sliding<Change>(buffer)

      const poller = yield* RcRef.make({
        acquire: Effect.gen(function* () {
          let last: Position = yield* changes.position
          let underWay = new Map<number, string>()

          const scans = Effect.fnUntraced(function* (after: number) {
            const found = yield* changes.scans(after, [...underWay.keys()])
            const fresh = found.filter((scan) => underWay.get(scan.id) !== summary(scan))
            underWay = new Map(found.filter(isUnderWay).map((scan) => [scan.id, summary(scan)]))
            yield* PubSub.publishAll(
              reported,
              fresh.map((scan) => ({ type: "scan", scan }))
            )
          })

          const check = Effect.gen(function* () {
            const now = yield* changes.position
            const before = last
            const files = now.file > before.file ? yield* changes.files(before.file, now.file) : []
            const tried = now.attempt > before.attempt ? yield* changes.publications(before.attempt, now.attempt) : []
            yield* scans(before.scan)
            last = now
            yield* PubSub.publishAll(reported, [
              ...files.map((of): Change => ({ type: "files", ...of })),
              ...tried.map((of): Change => ({ type: "publication", ...of }))
            ])
          })

          yield* Effect.sleep(pollInterval).pipe(
            Effect.andThen(check),
            Effect.catch((error) =>
              Effect.andThen(Telemetry.log("Warn", "worker.failed", { loop, detail: error.message }), rest)
            ),
            Effect.catchDefect((defect) =>
              Effect.andThen(Telemetry.log("Error", "worker.broke", { loop, cause: defect }), rest)
            ),
            Effect.forever,
            Effect.forkScoped
          )
        })
      })

      return Changes.of({
        report: (change) => Effect.asVoid(PubSub.publish(reported, change)),
        all: Stream.unwrap(
          Effect.gen(function* () {
            yield* RcRef.get(poller)
            const subscription = yield* PubSub.subscribe(reported)
            return Stream.concat(Stream.make<[Change]>({ type: "listening" }), Stream.fromSubscription(subscription))
          })
        )
      })
    })
  )
}

const isUnderWay = ({ state }: Scan): boolean => state === "queued" || state === "running"

const summary = ({ failed, files, state, unchanged, users }: Scan): string =>
  [state, users, unchanged, failed, files].join()
