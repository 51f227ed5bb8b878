/**
 * Progress of long work, on stderr: on a terminal one line that keeps changing, elsewhere a plain line now and then.
 */
import { Clock, Context, Effect } from "effect"
import { CliOutput, TerminalCapabilities } from "effect/cli"
import { Host } from "./Host.ts"
import { message } from "./Output.ts"
import { paint, widthOf } from "./Screen.ts"
import { cut } from "./Table.ts"
import { count, duration, plain } from "./Text.ts"

/** In milliseconds, between two plain lines. */
const pause = 10_000

/** In milliseconds, between two drawings of the changing line: a faster line cannot be read. */
const frame = 80

/** Work whose end is known, more or less. */
export interface Counted {
  /** The activity, as `Scanning`. A change restarts the clock. */
  readonly doing: string
  readonly done: number
  /** Undefined while unknown. */
  readonly total: number | undefined
  /** What is counted, as `user` or `file`. */
  readonly unit: string
  /** Further facts, the most important first: what does not fit the line is left out from the end. */
  readonly facts: ReadonlyArray<string>
}

/** Shows on stderr what a command is doing. */
export interface Progress {
  /** Text for work that cannot be counted. */
  readonly update: (how: string | Counted) => Effect.Effect<void>
  /** Erases the changing line. */
  readonly done: Effect.Effect<void>
}

/** A terminal to draw on. */
export interface Canvas {
  readonly columns: () => number
  readonly colors: boolean
  readonly write: (text: string) => void
}

/** Stderr, if it is a terminal that can return to the beginning of a line. */
export const Terminal = Context.Reference<Effect.Effect<Canvas | undefined>>("gitpip/cli/Progress/Terminal", {
  defaultValue: () =>
    Effect.gen(function* () {
      const { env, stderr } = yield* Host
      if (!stderr.isTTY || env.TERM === "dumb") return undefined
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      return { columns: () => widthOf(stderr) ?? 80, colors: canColor, write: (text) => void stderr.write(text) }
    })
})

/** A changing line on a terminal; elsewhere a line now and then. */
export const make: Effect.Effect<Progress> = Effect.gen(function* () {
  const canvas = yield* yield* Terminal
  return canvas === undefined ? plainLines() : changingLine(canvas)
})

/** The line for a terminal: activity, bar, count, speed, time left, and the facts that fit. */
export const bar = (work: Counted, seconds: number, canvas: Pick<Canvas, "colors" | "columns">): string => {
  const { doing, done, facts, total } = work
  // Hazard: a line as wide as the terminal wraps, and a wrapped line cannot be erased.
  const room = canvas.columns() - 1
  const parts = [counted(work), ...pace(work, seconds), ...facts]
  const length = Math.min(Math.max(Math.floor(room / 5), 8), 24)
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(done / total, 1)
  const filled = share === undefined ? 0 : Math.floor(share * length)
  const percent = share === undefined ? "" : `${String(Math.floor(share * 100)).padStart(3)}%  `
  const tail = (rest: ReadonlyArray<string>) => plain(`  ${percent}${rest.join("  ")}`)
  const head = plain(doing)
  const used = CliOutput.displayWidth(head) + 2 + length
  let shown = parts.length
  while (shown > 1 && used + CliOutput.displayWidth(tail(parts.slice(0, shown))) > room) shown--
  const text = tail(parts.slice(0, shown))
  if (share === undefined || used + CliOutput.displayWidth(text) > room) return cut(`${head}${text}`, room)
  return `${head}  ${paint("█".repeat(filled), "good", { columns: undefined, colors: canvas.colors })}${"░".repeat(length - filled)}${text}`
}

/** The same in words, for a log. */
export const sentence = (work: Counted, seconds: number): string =>
  `${work.doing}: ${[counted(work), ...pace(work, seconds), ...work.facts].join(", ")}`

const counted = ({ done, total, unit }: Counted): string =>
  total === undefined ? count(done, unit) : `${done.toLocaleString("en")} of ${count(total, unit)}`

const pace = ({ done, total }: Counted, seconds: number): ReadonlyArray<string> => {
  if (done <= 0 || seconds <= 0) return []
  const rate = done / seconds
  const shown = rate >= 10 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1)
  return [
    `${shown} a second`,
    ...(total === undefined || done >= total ? [] : [`${duration((total - done) / rate)} left`])
  ]
}

/** Seconds since the activity began. */
const stopwatch = () => {
  let doing: string | undefined
  let began = 0
  return (work: Counted, now: number): number => {
    if (work.doing !== doing) {
      doing = work.doing
      began = now
    }
    return (now - began) / 1_000
  }
}

const changingLine = (canvas: Canvas): Progress => {
  const elapsed = stopwatch()
  let last = Number.NEGATIVE_INFINITY
  let said: string | undefined
  return {
    update: Effect.fnUntraced(function* (how) {
      const now = yield* Clock.currentTimeMillis
      const doing = typeof how === "string" ? how : how.doing
      // One activity is drawn every `frame`; the next activity is drawn at once.
      const line = typeof how === "string" ? cut(plain(how), canvas.columns() - 1) : bar(how, elapsed(how, now), canvas)
      if (doing === said && now - last < frame) return
      said = doing
      last = now
      canvas.write(`\r${line}\u001b[K`)
    }),
    done: Effect.sync(() => canvas.write("\r\u001b[K"))
  }
}

const plainLines = (): Progress => {
  const elapsed = stopwatch()
  let last = Number.NEGATIVE_INFINITY
  return {
    update: Effect.fnUntraced(function* (how) {
      const now = yield* Clock.currentTimeMillis
      const text = typeof how === "string" ? how : sentence(how, elapsed(how, now))
      if (now - last < pause) return
      last = now
      yield* message(text)
    }),
    done: Effect.void
  }
}
