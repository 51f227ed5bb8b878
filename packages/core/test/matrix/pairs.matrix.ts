import { globSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { all, isPossible, pairs, pairsOf } from "./dimensions.ts"
import { shares } from "./long.ts"

it("holds every pair of values that any combination holds, and no combination that cannot be", () => {
  const chosen = pairs()
  assert.isTrue(chosen.every(isPossible))
  const covered = new Set(chosen.flatMap(pairsOf))
  const missing = new Set<string>()
  let count = 0
  for (const one of all()) {
    count++
    for (const pair of pairsOf(one)) if (!covered.has(pair)) missing.add(pair)
  }
  assert.deepStrictEqual([...missing], [])
  // What `docs/guarantees.md` says.
  assert.deepStrictEqual([chosen.length, count], [1_000, 507_693])
})

it("has a file for each share of the combinations", () => {
  const files = globSync("share*.matrix.ts", { cwd: import.meta.dirname }).toSorted()
  assert.deepStrictEqual(
    files,
    Array.from({ length: shares }, (_, n) => `share${n + 1}.matrix.ts`)
  )
})
