/**
 * Checks arguments against core's schemas before anything is opened. The parser takes every argument as plain text, so
 * that all faults are reported together.
 */
import { Effect, Option, Result, Schema, SchemaIssue } from "effect"
import { UsageError } from "./Failure.ts"

type Checked<A> = Result.Result<A, ReadonlyArray<string>>

/** Text that must fit the schema. `name` is what the help calls the argument. */
export const text = <S extends Schema.ConstraintDecoder<unknown>>(
  name: string,
  schema: S,
  typed: string
): Checked<S["Type"]> => check(schema, { name, typed, value: typed })

/** A whole number that must fit the schema. */
export const number = <S extends Schema.ConstraintDecoder<unknown>>(
  name: string,
  schema: S,
  typed: string
): Checked<S["Type"]> =>
  // `Number("")` is 0 and `Number("1e3")` is 1000, which nobody means by typing that.
  check(schema, { name, typed, value: /^-?\d{1,16}$/.test(typed) ? Number(typed) : outOfRange })

/** A number that no schema of an argument allows, so that the fault names the allowed range. */
const outOfRange = -1

/** An argument that may be left out. */
export const optional = <A>(
  typed: Option.Option<string>,
  check: (typed: string) => Checked<A>
): Checked<A | undefined> => Option.match(typed, { onNone: () => Result.succeed(undefined), onSome: check })

/** An argument that may be given several times. */
export const each = <A>(
  typed: ReadonlyArray<string>,
  check: (typed: string) => Checked<A>
): Checked<ReadonlyArray<A>> => {
  const checked = typed.map(check)
  const faults = checked.flatMap((one) => (Result.isFailure(one) ? one.failure : []))
  return faults.length > 0
    ? Result.fail(faults)
    : Result.succeed(checked.flatMap((one) => (Result.isSuccess(one) ? [one.success] : [])))
}

/** A rule that no single argument breaks. */
export const rule = ({ fault, holds }: { readonly holds: boolean; readonly fault: string }): Checked<void> =>
  holds ? Result.succeed(undefined) : Result.fail([fault])

/** All values, or one error with every fault. */
export const all = <R extends Readonly<Record<string, Checked<unknown>>>>(
  fields: R
): Effect.Effect<{ readonly [K in keyof R]: R[K] extends Checked<infer A> ? A : never }, UsageError> => {
  const values: Record<string, unknown> = {}
  const faults: Array<string> = []
  for (const [name, checked] of Object.entries(fields)) {
    if (Result.isSuccess(checked)) values[name] = checked.success
    else faults.push(...checked.failure)
  }
  return faults.length > 0
    ? Effect.fail(new UsageError({ faults }))
    : Effect.succeed(values as { readonly [K in keyof R]: R[K] extends Checked<infer A> ? A : never })
}

/** A number from 1 to 10,000: how much of a list is shown. */
export const Limit = Schema.Int.check(
  Schema.isBetween({ minimum: 1, maximum: 10_000 }, { message: "must be a whole number from 1 to 10000" })
)

/** The number of a row: of a file, or of a publication. */
export const RowId = Schema.Int.check(
  Schema.isBetween(
    { minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    { message: "must be a whole number from 1 to 9007199254740991" }
  )
)

/** Pipedrive's number of what a person chooses, or `default` to take an earlier choice back. */
export const choice = (name: string, typed: string): Checked<number | "default"> =>
  typed === "default"
    ? Result.succeed(typed)
    : Result.mapError(number(name, RowId, typed), (faults) =>
        faults.map((fault) => `${fault}, or \`default\` to take back what was chosen`)
      )

/** An address or a name to listen on. */
export const Host = Schema.String.check(
  Schema.isPattern(/^\S+$/, { message: "an address to listen on, without spaces: 127.0.0.1" })
)

/** A TCP port; 0 lets the system choose. */
export const Port = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 65_535 }, { message: "a port is a whole number from 0 to 65535" })
)

const check = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  { name, typed, value }: { readonly name: string; readonly typed: string; readonly value: unknown }
): Checked<S["Type"]> =>
  Result.mapError(Schema.decodeUnknownResult(schema)(value), ({ issue }) =>
    format(issue).issues.map(({ message }) => `${name} ${JSON.stringify(typed.slice(0, 100))}: ${message}`)
  )

const format = SchemaIssue.makeFormatterStandardSchemaV1()
