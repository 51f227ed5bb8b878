/** How a lookup reads a list of the newest items. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option, Result } from "effect"
import { newestSince } from "../../src/pipedrive/newest.ts"

const item = (id: number) => ({ id, add_time: "1970-01-01T00:00:00Z" })

/** A list whose pages hold these ids, and name these next pages. At most a hundred pages are read. */
const listOf = (pages: Readonly<Record<string, readonly [ids: ReadonlyArray<number>, next: string | null]>>) => {
  let left = 100
  return (cursor: Option.Option<string>) => {
    if (left-- === 0) return Effect.die("a hundred pages were read")
    const [ids, next] = pages[Option.getOrElse(cursor, () => "first")] ?? [[], null]
    return Effect.succeed({ items: ids.map(item), cursor: Option.fromNullishOr(next) })
  }
}

describe("the items that were added since then", () => {
  for (const [what, pages, wanted, expected] of [
    ["are read to the end of the list", { first: [[4, 3], "b"], b: [[2, 1], null] }, [1, 3], [1, 3]],
    ["are each there once when a page shows some again", { first: [[4, 3], "b"], b: [[3, 1], null] }, [1, 3], [1, 3]],
    [
      "are those that were found when a page leads to itself",
      { first: [[4, 3], "b"], b: [[2, 1], "b"] },
      [1, 4],
      [1, 4]
    ],
    ["are not known when a page leads to itself", { first: [[4, 3], "b"], b: [[2, 1], "b"] }, [9], undefined],
    ["are not known when pages lead round", { first: [[4], "b"], b: [[3], "c"], c: [[2], "b"] }, [9], undefined]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const since = DateTime.makeUnsafe(0)
        const isWanted = ({ id }: { readonly id: number }) => wanted.some((one) => one === id)
        const found = yield* Effect.result(newestSince(listOf(pages), { since, isWanted }))
        const ids = Result.getOrUndefined(found)?.map(({ id }) => id)
        assert.deepStrictEqual<unknown>(ids, expected)
      })
    )
  }
})
