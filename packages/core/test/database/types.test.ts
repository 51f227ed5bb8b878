/** PostgreSQL's binary values as values of the program. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result } from "effect"
import { types } from "../../src/database/types.ts"

/** A value in the middle of a message, as the driver passes it. */
const bytesOf = (value: bigint): Uint8Array => {
  const message = Buffer.alloc(24, 0xa5)
  message.writeBigInt64BE(value, 8)
  return message.subarray(8, 16)
}
const decode = (value: bigint, oid: number) => PgTypes.decode(bytesOf(value), oid, 1, types)
const micros = (iso: string) => BigInt(Date.parse(iso) - Date.UTC(2000, 0, 1)) * 1_000n

describe("a bigint of PostgreSQL", () => {
  it("is the same number, up to the largest that a number holds exactly", () => {
    const values = [0n, 1n, 255n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n]
    for (const value of values.flatMap((value) => [value, -value])) {
      assert.deepStrictEqual(decode(value, PgTypes.OID.int8), Result.succeed(Number(value)))
    }
  })

  it("is refused when a number does not hold it exactly", () => {
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const result = decode(value, PgTypes.OID.int8)
      assert.isTrue(Result.isFailure(result) && result.failure.message.includes(`${value} is too large`), `${value}`)
    }
  })
})

describe("a timestamptz of PostgreSQL", () => {
  it("is the instant, to the millisecond", () => {
    const instants = [
      "1969-12-31T23:59:59.999Z",
      "1999-12-31T23:59:59.001Z",
      "2000-01-01T00:00:00.000Z",
      "2026-11-29T12:00:00.123Z",
      "1600-02-29T00:00:00.007Z",
      "2400-02-29T23:59:59.999Z",
      "9999-12-31T23:59:59.999Z"
    ]
    for (const iso of instants) {
      const result = decode(micros(iso), PgTypes.OID.timestamptz)
      assert.isTrue(Result.isSuccess(result) && DateTime.formatIso(result.success as DateTime.Utc) === iso, iso)
    }
  })

  it("leaves out microseconds", () => {
    for (const rest of [1n, 500n, 999n]) {
      const result = decode(micros("2026-11-29T12:00:00.123Z") + rest, PgTypes.OID.timestamptz)
      assert.deepStrictEqual(result, decode(micros("2026-11-29T12:00:00.123Z"), PgTypes.OID.timestamptz))
    }
  })

  it("is refused when it is infinite", () => {
    for (const value of [2n ** 63n - 1n, -(2n ** 63n)]) {
      assert.isTrue(Result.isFailure(decode(value, PgTypes.OID.timestamptz)))
    }
  })
})
