/** What a command says: results go to stdout, as text or as one JSON document; everything else goes to stderr. */
import { Console, Effect, Schema, Stream } from "effect"
import { columnWidths, json, plainLines, table } from "./Text.ts"

/** A line for the person at the terminal, never part of the result. */
export const message = (text: string): Effect.Effect<void> => Console.error(plainLines(text))

/** A result. The text is only made when it is wanted; an empty one prints nothing. */
export const result = Effect.fnUntraced(function* <S extends Schema.Constraint>(
  asJson: boolean,
  schema: S,
  value: S["Type"],
  text: (value: S["Type"]) => string
) {
  if (asJson) return yield* Console.log(json(yield* encode(schema, value), 2))
  const shown = text(value)
  if (shown !== "") yield* Console.log(plainLines(shown))
})

/** A list that may be long: printed page by page, with columns as wide as the first page needs, or as one JSON array. */
export const list = <S extends Schema.Constraint, E, R>(options: {
  readonly json: boolean
  readonly schema: S
  readonly pages: Stream.Stream<ReadonlyArray<S["Type"]>, E, R>
  readonly header: ReadonlyArray<string>
  readonly row: (item: S["Type"]) => ReadonlyArray<string>
  /** Said when there is nothing to list. */
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
          const rows = [...(printed === 0 ? [options.header] : []), ...page.map(options.row)]
          widths = columnWidths(rows, widths)
          yield* Console.log(table(rows, widths))
        }
        printed += page.length
      })
    )
    if (options.json) return yield* Console.log(printed === 0 ? "[]" : "]")
    if (printed === 0) yield* message(options.empty)
  })

/** Values that the services hand out fit their schemas, so one that does not is a fault of Gitpip. */
const encode = <S extends Schema.Constraint>(schema: S, value: S["Type"]): Effect.Effect<S["Encoded"]> =>
  Effect.orDie(Schema.encodeEffect(schema as unknown as Schema.Codec<S["Type"], S["Encoded"]>)(value))
