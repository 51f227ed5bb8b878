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
  const { dump, faultCount, verdict } = await run({ seed, ...options })
  assert.isTrue(isClean(verdict), `seed ${seed}: ${JSON.stringify(verdict)}\n${dump}`)
  assert.strictEqual(dump, "", `seed ${seed}: work is left`)
  // A run without faults and files would prove nothing.
  assert.isAtLeast(faultCount, options.faultCount)
  assert.isAbove(verdict.files, 20)
}

describe("random faults", () => {
  it("one server on PostgreSQL publishes and shows each file once under random faults", () =>
    survives({ database: "postgres", servers: 1, faultCount: 40, mode: { token: true, feed: false } }))
  it("three servers on one PostgreSQL publish and show each file once under random faults", () =>
    survives({ database: "postgres", servers: 3, faultCount: 50, mode: { token: true, feed: true } }))
  it("a server on the embedded database publishes and shows each file once under random faults", () =>
    survives({ database: "embedded", servers: 1, faultCount: 40, mode: { token: false, feed: true } }))
  it("a server without a token and without the feed publishes and shows each file once under random faults", () =>
    survives({ database: "postgres", servers: 1, faultCount: 40, mode: { token: false, feed: false } }))
  it("two servers that publish leads publish and show each file once under random faults", () =>
    survives({
      database: "postgres",
      servers: 2,
      faultCount: 40,
      mode: { token: true, feed: true },
      publishAs: "lead"
    }))
})
