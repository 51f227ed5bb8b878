import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CliOutput } from "effect/cli"
import { TestClock, TestConsole } from "effect/testing"
import { bar, type Counted, make, sentence, Terminal } from "../src/Progress.ts"

const work: Counted = {
  doing: "Scanning",
  done: 250,
  total: 1_000,
  unit: "user",
  facts: ["37 new files", "4,812 GitHub requests left this hour"]
}
const canvas = (columns: number, colors = false) => ({ columns: () => columns, colors })

describe("the bar", () => {
  it("shows how much, how fast, how long still, what is new and what is left of the budget", () => {
    assert.strictEqual(
      bar(work, 25, canvas(141)),
      `Scanning  ${"█".repeat(6)}${"░".repeat(18)}   25%  250 of 1,000 users  10 a second  75 s left  37 new files  4,812 GitHub requests left this hour`
    )
  })

  it("leaves out what does not fit, the least important first, and is never as wide as the terminal", () => {
    assert.notInclude(bar(work, 25, canvas(110)), "GitHub")
    assert.include(bar(work, 25, canvas(110)), "37 new files")
    for (let columns = 10; columns < 200; columns++) {
      assert.isBelow(CliOutput.displayWidth(bar(work, 25, canvas(columns))), columns)
    }
    assert.isBelow(CliOutput.displayWidth(bar({ ...work, doing: "日本".repeat(40) }, 25, canvas(40))), 40)
  })

  it("is full at the end and never more than that, and empty without a total", () => {
    assert.include(bar({ ...work, done: 1_200 }, 25, canvas(80)), "█".repeat(15))
    assert.include(bar({ ...work, done: 1_200 }, 25, canvas(80)), "100%")
    assert.include(bar({ ...work, done: 0, total: 0 }, 0, canvas(80)), "100%")
    assert.notMatch(bar({ ...work, total: undefined }, 25, canvas(80)), /[█░%]/)
  })

  it("has colours where they mean something", () => {
    assert.include(bar(work, 25, canvas(120, true)), `\u001b[32m${"█".repeat(5)}\u001b[0m`)
    assert.notInclude(bar(work, 25, canvas(120)), "\u001b")
  })

  it("makes strangers' text harmless", () => {
    assert.notInclude(bar({ ...work, facts: ["\u001b[2J"] }, 25, canvas(200)), "\u001b")
  })

  it("is a sentence elsewhere", () => {
    assert.strictEqual(
      sentence(work, 25),
      "Scanning: 250 of 1,000 users, 10 a second, 75 s left, 37 new files, 4,812 GitHub requests left this hour"
    )
  })
})

describe("progress", () => {
  it.effect("draws over its own line, no faster than people read, and erases it at the end", () =>
    Effect.gen(function* () {
      const drawn: Array<string> = []
      const terminal = Effect.succeed({ ...canvas(60), write: (text: string) => void drawn.push(text) })
      const progress = yield* make.pipe(Effect.provideService(Terminal, terminal))
      yield* progress.update("Scanning all users")
      yield* progress.update({ ...work, done: 1 })
      yield* progress.update({ ...work, done: 2 })
      yield* TestClock.adjust("1 second")
      yield* progress.update({ ...work, done: 10 })
      yield* progress.done
      assert.strictEqual(drawn.length, 4)
      assert.strictEqual(drawn[0], "\rScanning all users\u001b[K")
      assert.match(drawn[2] ?? "", /^\rScanning .*10 of 1,000 users {2}10 a second/)
      assert.strictEqual(drawn[3], "\r\u001b[K")
    })
  )

  it.effect("is a line every ten seconds where there is no terminal", () =>
    Effect.gen(function* () {
      const progress = yield* make.pipe(Effect.provideService(Terminal, Effect.succeed(undefined)))
      for (let second = 0; second < 25; second++) {
        yield* progress.update({ ...work, done: second * 10 })
        yield* TestClock.adjust("1 second")
      }
      yield* progress.done
      const lines = yield* TestConsole.errorLines
      assert.strictEqual(lines.length, 3)
      assert.match(String(lines[1]), /^Scanning: 100 of 1,000 users, 10 a second, 90 s left, 37 new files/)
    }).pipe(Effect.provide(TestConsole.layer))
  )
})
