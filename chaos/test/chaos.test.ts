/**
 * Short random runs against the real server. The seed is printed; `CHAOS_SEED=7 npx vitest run …` makes the same faults
 * again, in the same order and sizes. A longer run: `npm run chaos -- --minutes 20 --seed 7`.
 */
import { assert, describe, it } from "@effect/vitest"
import { type RunOptions, run } from "../src/chaos.ts"
import { isClean } from "../src/Oracle.ts"

const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000))

const survives = async (options: Omit<RunOptions, "seed">) => {
  process.stdout.write(`chaos: seed ${seed}\n`)
  const { dump, faults, verdict } = await run({ seed, atLeast: 30, ...options })
  assert.isTrue(isClean(verdict), `seed ${seed}: ${JSON.stringify(verdict)}\n${dump}`)
  assert.strictEqual(dump, "", `seed ${seed}: it did not come to rest`)
  // A run without faults and files would prove nothing.
  assert.isAtLeast(faults, 10)
  assert.isAbove(verdict.files, 20)
}

describe("whatever happens, each file is published once and shown once", () => {
  it("with one server on PostgreSQL", { timeout: 300_000 }, () =>
    survives({ database: "postgres", servers: 1, seconds: 15, mode: { token: true, feed: false } })
  )
  it("with three servers on one PostgreSQL", { timeout: 300_000 }, () =>
    survives({ database: "postgres", servers: 3, seconds: 20, mode: { token: true, feed: true } })
  )
  it("on the embedded database", { timeout: 300_000 }, () =>
    survives({ database: "embedded", servers: 1, seconds: 15, mode: { token: false, feed: true } })
  )
  it("without a token and without the feed", { timeout: 300_000 }, () =>
    survives({ database: "postgres", servers: 1, seconds: 15, mode: { token: false, feed: false } })
  )
})
