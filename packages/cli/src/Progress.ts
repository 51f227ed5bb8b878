/**
 * How far long work is: on a terminal one line that keeps changing, elsewhere plain lines, and not too many of them.
 * Goes to stderr.
 */
import { Clock, Effect } from "effect"
import { message } from "./Output.ts"
import { plain } from "./Text.ts"

/** Between two plain lines. */
const pause = 10_000

export interface Progress {
  readonly update: (text: string) => Effect.Effect<void>
  /** Takes the changing line away. */
  readonly done: Effect.Effect<void>
}

export const make: Effect.Effect<Progress> = Effect.sync(() =>
  process.stderr.isTTY ? changingLine(process.stderr) : plainLines()
)

const changingLine = (stream: NodeJS.WriteStream): Progress => ({
  // A line longer than the terminal would wrap, and a wrapped one cannot be taken back.
  update: (text) =>
    Effect.sync(() => void stream.write(`\r${plain(text).slice(0, (stream.columns || 80) - 1)}\u001b[K`)),
  done: Effect.sync(() => void stream.write("\r\u001b[K"))
})

const plainLines = (): Progress => {
  let last = Number.NEGATIVE_INFINITY
  return {
    update: Effect.fnUntraced(function* (text) {
      const now = yield* Clock.currentTimeMillis
      if (now - last < pause) return
      last = now
      yield* message(text)
    }),
    done: Effect.void
  }
}
