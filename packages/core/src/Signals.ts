/** Wake-ups between the parts of one process. A signal is a hint: work that must happen is a row in the database. */
import { Context, type Duration, Effect, Layer, Queue } from "effect"

interface Signal {
  readonly raise: Effect.Effect<void>
  /** Waits until the signal is raised, at most for this time. */
  readonly wait: (atMost: Duration.Input) => Effect.Effect<void>
}

const make = Effect.map(
  Queue.sliding<void>(1),
  (queue): Signal => ({
    raise: Effect.asVoid(Queue.offer(queue, undefined)),
    wait: (atMost) => Effect.asVoid(Effect.raceFirst(Queue.take(queue), Effect.sleep(atMost)))
  })
)

/** One signal for each kind of work that a part of this process can cause. Signals that nobody waits for become one. */
export class Signals extends Context.Service<
  Signals,
  { readonly fullScans: Signal; readonly singleScans: Signal; readonly publications: Signal }
>()("gitpip/Signals") {
  static readonly layer = Layer.effect(Signals, Effect.all({ fullScans: make, singleScans: make, publications: make }))
}
