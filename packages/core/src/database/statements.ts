/**
 * Statements whose rows are checked against a schema, and whose failures are all a `DatabaseError`.
 *
 * The driver decodes values as it reads them (`types.ts`), so a row is compared with the decoded side of its schema.
 */
import { Effect, type Option, Schema } from "effect"
import { type SqlError, SqlSchema } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "./Database.ts"

/** Makes a statement of what a caller asks for. A statement without parameters takes nothing. */
type Statement<Request> = (request: Request) => Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>

/**
 * How many rows of an answer are checked. PostgreSQL gives a column one type in all rows, and the tables' constraints hold
 * the values, so a statement that does not fit its schema shows in few rows.
 */
const checkedRows = 10

/** All rows of a statement, of which the first ten are checked. For columns without JSON: JSON has another type in each row. */
export const findAll = <Row extends Schema.Top, Request = void>(
  row: Row,
  statement: Statement<Request>
): ((request: Request) => Effect.Effect<ReadonlyArray<Row["Type"]>, DatabaseError>) => {
  const check = Schema.decodeUnknownEffect(Schema.Array(Schema.toType(row)))
  return (request) =>
    orDatabaseError(
      Effect.flatMap(statement(request), (rows) =>
        Effect.as(check(rows.slice(0, checkedRows)), rows as ReadonlyArray<Row["Type"]>)
      )
    )
}

/** The first row of a statement that may have none. */
export const findFirst = <Row extends Schema.Top, Request = void>(
  row: Row,
  statement: Statement<Request>
): ((request: Request) => Effect.Effect<Option.Option<Row["Type"]>, DatabaseError>) => {
  const find = SqlSchema.findOneOption({ Request: Schema.Any, Result: Schema.toType(row), execute: statement })
  return (request) => orDatabaseError(find(request))
}

/** The row of a statement that always has one. */
export const findOne = <Row extends Schema.Top, Request = void>(
  row: Row,
  statement: Statement<Request>
): ((request: Request) => Effect.Effect<Row["Type"], DatabaseError>) => {
  const find = SqlSchema.findOne({ Request: Schema.Any, Result: Schema.toType(row), execute: statement })
  return (request) => orDatabaseError(find(request))
}

/** Whether a statement answers a row: with `returning`, whether a row has changed. */
export const hasRows = (
  statement: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>
): Effect.Effect<boolean, DatabaseError> => orDatabaseError(Effect.map(statement, (found) => found.length > 0))

/** Runs a statement for what it changes. */
export const execute = (statement: Effect.Effect<unknown, SqlError.SqlError>): Effect.Effect<void, DatabaseError> =>
  orDatabaseError(Effect.asVoid(statement))
