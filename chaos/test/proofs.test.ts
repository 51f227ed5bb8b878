/** Proofs of the harness: without a rule, or with a plain wiring in the program's place, it finds lost and doubled files. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { isClean } from "../src/Oracle.ts"
import * as PostgresServer from "../src/PostgresServer.ts"
import { outcome, plainWiring, proofs } from "../src/proofs.ts"

let postgres: PostgresServer.PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
})
afterAll(() => postgres.stop())

const found = { lost: "lost files", doubled: "doubled files", visits: "wrong visits" }

describe("the rule", () => {
  for (const proof of proofs) {
    describe(proof.rule, () => {
      it("nothing is lost, doubled or shown wrong while the rule holds", async () => {
        const verdict = await outcome(postgres, proof, "on")
        assert.isTrue(isClean(verdict), JSON.stringify(verdict))
      })

      it(`the oracle finds ${found[proof.violates]} when the rule is switched off`, async () => {
        const verdict = await outcome(postgres, proof, "off")
        assert.isNotEmpty(verdict[proof.violates], JSON.stringify(verdict))
      })
    })
  }
})

describe("a plain wiring that is killed at each of its requests", () => {
  it("a plain wiring that marks files before it sends them loses files", async () => {
    assert.deepStrictEqual(await plainWiring("before"), { kills: 6, lost: 3, doubled: 0, activities: 3 })
  })

  it("a plain wiring that marks files after it sends them doubles files", async () => {
    assert.deepStrictEqual(await plainWiring("after"), { kills: 6, lost: 0, doubled: 1, activities: 9 })
  })
})
