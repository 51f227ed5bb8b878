/**
 * PostgreSQL's values in this program: `bigint` as number (identities stay far below 2^53) and `timestamptz` as
 * `DateTime.Utc`, so that a row is a domain value already. Decoding rows through strings cost twice the query itself.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import { DateTime, Result } from "effect"

/** The codecs of the driver, for `bigint` and `timestamptz` beside its own. */
export const types: PgTypes.Registry = PgTypes.makeRegistry()

types.register<number | bigint>(
  PgTypes.OID.int8,
  {
    encode: (value) => PgTypes.encode(BigInt(value), PgTypes.OID.int8),
    decode: (bytes) => {
      const value = view(bytes).getBigInt64(0)
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Result.succeed(Number(value))
        : Result.fail(new PgTypes.CodecError({ message: `${value} is too large for a number` }))
    }
  },
  { arrayOid: PgTypes.OID.int8Array }
)

types.register<DateTime.Utc | Date>(
  PgTypes.OID.timestamptz,
  {
    encode: (value) =>
      PgTypes.encode(DateTime.isDateTime(value) ? DateTime.toDate(value) : value, PgTypes.OID.timestamptz),
    decode: (bytes) => {
      const millis = Number(view(bytes).getBigInt64(0) / 1_000n) + postgresEpoch
      return Math.abs(millis) <= 8.64e15
        ? Result.succeed(DateTime.makeUnsafe(millis))
        : Result.fail(new PgTypes.CodecError({ message: "a timestamp is out of range" }))
    }
  },
  { arrayOid: PgTypes.OID.timestamptzArray }
)

/** PostgreSQL counts microseconds from 2000-01-01. */
const postgresEpoch = Date.UTC(2000, 0, 1)

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
