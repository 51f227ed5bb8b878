import { Clock, Effect } from "effect"
import * as Throttle from "../../src/limits/Throttle.ts"

/** A throttle, and a log of the clock at which each request left. */
export const logged = (options: { readonly concurrency?: number; readonly patience?: number } = {}) => {
  const throttle = Throttle.make({ concurrency: options.concurrency ?? 100, patience: options.patience ?? 30_000 })
  const log: Array<readonly [name: string | number, at: number]> = []
  const enter = (name: string | number = "") =>
    throttle.run(Effect.flatMap(Clock.currentTimeMillis, (at) => Effect.sync(() => void log.push([name, at]))))
  const enterTimes = (times: number) =>
    Effect.forEach(
      Array.from({ length: times }, (_, n) => n),
      (n) => Effect.forkChild(enter(n), { startImmediately: true })
    )
  return { throttle, log, enter, enterTimes, times: () => log.map(([, at]) => at) }
}
