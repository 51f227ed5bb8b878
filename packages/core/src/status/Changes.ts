/**
 * Tells what changes, to whoever watches. What this process does is told at once; what others on the same database do is
 * seen by asking it once a second, for all who watch together, and not at all while nobody does.
 *
 * Hazard: keys are drawn before they are committed, so a look can miss a file or an attempt whose transaction ends late.
 * Whoever needs certainty reads anew from time to time.
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

/** For each who watches. Of whoever is slower than that, the oldest changes are dropped. */
const buffer = 256

export class Changes extends Context.Service<
  Changes,
  {
    readonly tell: (change: Change) => Effect.Effect<void>
    /** Begins with `listening`, and does not end by itself. */
    readonly all: Stream.Stream<Change, DatabaseError>
  }
>()("gitpip/Changes") {
  static readonly layer: Layer.Layer<Changes, never, Store> = Layer.effect(
    Changes,
    Effect.gen(function* () {
      const { changes } = yield* Store
      const told = yield* PubSub.sliding<Change>(buffer)

      const poller = yield* RcRef.make({
        acquire: Effect.gen(function* () {
          let last: Position = yield* changes.position
          let underWay = new Map<number, string>()

          const scans = Effect.fnUntraced(function* (after: number) {
            const found = yield* changes.scans(after, [...underWay.keys()])
            const fresh = found.filter((scan) => underWay.get(scan.id) !== summary(scan))
            underWay = new Map(found.filter(isUnderWay).map((scan) => [scan.id, summary(scan)]))
            yield* PubSub.publishAll(
              told,
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
            yield* PubSub.publishAll(told, [
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
              Effect.andThen(Telemetry.log("Error", "worker.broke", { loop }, defect), rest)
            ),
            Effect.forever,
            Effect.forkScoped
          )
        })
      })

      return Changes.of({
        tell: (change) => Effect.asVoid(PubSub.publish(told, change)),
        all: Stream.unwrap(
          Effect.gen(function* () {
            yield* RcRef.get(poller)
            const subscription = yield* PubSub.subscribe(told)
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
