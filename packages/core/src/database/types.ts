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
      const value = int8(bytes)
      return Number.isSafeInteger(value)
        ? Result.succeed(value)
        : Result.fail(new PgTypes.CodecError({ message: `${bigint(bytes)} is too large for a number` }))
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
      const micros = int8(bytes)
      const millis =
        (Number.isSafeInteger(micros) ? Math.trunc(micros / 1_000) : Number(bigint(bytes) / 1_000n)) + postgresEpoch
      return Math.abs(millis) <= 8.64e15
        ? Result.succeed(DateTime.makeUnsafe(millis))
        : Result.fail(new PgTypes.CodecError({ message: "a timestamp is out of range" }))
    }
  },
  { arrayOid: PgTypes.OID.timestamptzArray }
)

/** PostgreSQL counts microseconds from 2000-01-01. */
const postgresEpoch = Date.UTC(2000, 0, 1)

/** Exact when the result is a safe integer. Reading a `BigInt` takes three times as long. */
const int8 = (bytes: Uint8Array): number => int4(bytes, 0) * 2 ** 32 + (int4(bytes, 4) >>> 0)

const int4 = (bytes: Uint8Array, at: 0 | 4): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)

const bigint = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0)
