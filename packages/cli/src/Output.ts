/** Output of commands: results go to stdout, as text or as one JSON document; everything else goes to stderr. */
import { Console, Effect, Schema, Stream } from "effect"
import { screen } from "./Screen.ts"
import { columnWidths, type Row, render, type Table } from "./Table.ts"
import { json, plainLines } from "./Text.ts"

/** A line for the person at the terminal, never part of the result. */
export const message = (text: string): Effect.Effect<void> => Console.error(plainLines(text))

/** The shape of a result for people: text, a table, or several of them below each other. */
export type Shown = string | Table | ReadonlyArray<string | Table>

/** Prints a result. An empty text prints nothing. */
export const result = Effect.fnUntraced(function* <S extends Schema.Constraint>(
  value: S["Type"],
  options: {
    readonly json: boolean
    readonly schema: S
    /** Called only when the result is wanted as text. */
    readonly show: (value: S["Type"]) => Shown
  }
) {
  if (options.json) return yield* Console.log(json(yield* encode(options.schema, value), 2))
  const shown = options.show(value)
  const where = yield* screen
  const parts = typeof shown === "string" || "rows" in shown ? [shown] : shown
  const text = parts.map((part) => (typeof part === "string" ? plainLines(part) : render(part, where))).join("\n")
  if (text !== "") yield* Console.log(text)
})

/** Prints a list page by page: as a table whose columns never get narrower, or as one JSON array. */
export const list = <S extends Schema.Constraint, E, R>(options: {
  readonly json: boolean
  readonly schema: S
  readonly pages: Stream.Stream<ReadonlyArray<S["Type"]>, E, R>
  readonly header: ReadonlyArray<string>
  readonly row: (item: S["Type"]) => Row
  /** Whether the last column has links. */
  readonly links?: boolean
  /** The message for an empty list; an empty text prints nothing. */
  readonly empty: string
}): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    let printed = 0
    let widths: ReadonlyArray<number> = []
    yield* Stream.runForEach(options.pages, (page) =>
      Effect.gen(function* () {
        if (page.length === 0) return
        if (options.json) {
          const items = yield* Effect.forEach(page, (item) => encode(options.schema, item))
          yield* Console.log(`${printed === 0 ? "[" : ","}\n${items.map((item) => `  ${json(item)}`).join(",\n")}`)
        } else {
          const table: Table = {
            rows: [...(printed === 0 ? [headings(options.header)] : []), ...page.map(options.row)],
            links: options.links ?? false,
            atLeast: widths
          }
          widths = columnWidths(table)
          yield* Console.log(render(table, yield* screen))
        }
        printed += page.length
      })
    )
    if (options.json) return yield* Console.log(printed === 0 ? "[]" : "]")
    if (printed === 0 && options.empty !== "") yield* message(options.empty)
  })

export const headings = (names: ReadonlyArray<string>): Row => names.map((text) => ({ text, meaning: "heading" }))

/** Values of the services fit their schemas, so a failure here is a defect. */
const encode = <S extends Schema.Constraint>(schema: S, value: S["Type"]): Effect.Effect<S["Encoded"]> =>
  Effect.orDie(Schema.encodeEffect(schema as unknown as Schema.Codec<S["Type"], S["Encoded"]>)(value))
