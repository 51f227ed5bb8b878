/** The harness is proven: without a rule, or with a plain wiring in the program's place, it finds what is lost or doubled. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { isClean } from "../src/Oracle.ts"
import * as PostgresServer from "../src/PostgresServer.ts"
import { outcome, plainWiring, proofs } from "../src/proofs.ts"

/** A guard against a test that hangs, and no measure of anything. */
const guard = { timeout: 1_800_000 }

let postgres: PostgresServer.PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
})
afterAll(() => postgres.stop())

describe("the rule", () => {
  for (const proof of proofs) {
    describe(proof.rule, () => {
      it("is kept, and all is well", guard, async () => {
        const verdict = await outcome(postgres, proof, "on")
        assert.isTrue(isClean(verdict), JSON.stringify(verdict))
      })

      it(`is switched off, and the oracle sees what is ${proof.red}`, guard, async () => {
        const verdict = await outcome(postgres, proof, "off")
        assert.isNotEmpty(verdict[proof.red], JSON.stringify(verdict))
      })
    })
  }
})

describe("a plain wiring that is killed at each of its requests", () => {
  it("loses files when it marks them before it sends them", guard, async () => {
    assert.deepStrictEqual(await plainWiring("before"), { kills: 6, lost: 3, doubled: 0, activities: 3 })
  })

  it("doubles files when it marks them after it sent them", guard, async () => {
    assert.deepStrictEqual(await plainWiring("after"), { kills: 6, lost: 0, doubled: 1, activities: 9 })
  })
})
