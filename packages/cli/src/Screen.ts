/** The terminal that results are shown on: its width, and whether it has colours. */
import { Effect } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { Host } from "./Host.ts"

/** The width and the colours of the terminal that results go to. */
export interface Screen {
  /** Columns of the terminal. Undefined where there is none: then nothing is cut. */
  readonly columns: number | undefined
  readonly colors: boolean
}

/** Without width and colours: a file, a pipe. */
export const plainScreen: Screen = { columns: undefined, colors: false }

/** Of stdout. `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are honoured. */
export const screen: Effect.Effect<Screen> = Effect.gen(function* () {
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  return { columns: widthOf((yield* Host).stdout), colors: canColor }
})

/** A terminal without a known width counts as 80 columns wide. */
export const widthOf = (stream: {
  readonly isTTY?: boolean
  readonly columns?: number | undefined
}): number | undefined => (stream.isTTY === true ? stream.columns || 80 : undefined)

/** The meaning of a text. The text itself says the same, so that no meaning depends on a colour. */
export type Meaning = "good" | "bad" | "busy" | "heading" | "aside"

const codes: Readonly<Record<Meaning, number>> = { good: 32, bad: 31, busy: 33, heading: 1, aside: 2 }

/** Colours text that is safe to show already. */
export const paint = (text: string, meaning: Meaning | undefined, { colors }: Screen): string =>
  colors && meaning !== undefined && text !== "" ? `\u001b[${codes[meaning]}m${text}\u001b[0m` : text
