import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as Cadence from "../../src/domain/Cadence.ts"

const minute = 60_000
const day = 24 * 60 * minute

const Counts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))).check(
  Schema.isBetweenLength(Cadence.classes, Cadence.classes)
)
const Budget = Schema.Finite.check(Schema.isBetween({ minimum: 0.01, maximum: 1_000 }))

/** Seconds that a gist waits on average, when each class publishes as often as is to be expected. */
const meanWait = (users: ReadonlyArray<number>, intervals: ReadonlyArray<number>): number => {
  const expected = Cadence.expected(users)
  const gists = users.map((count, c) => count * (expected[c] as number))
  const waits = gists.map((rate, c) => (rate * (intervals[c] as number)) / 2)
  return sum(waits) / sum(gists) / 1_000
}
/** Random numbers that are the same in each run: https://en.wikipedia.org/wiki/Linear_congruential_generator */
const seeded = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, one) => total + one, 0)

describe("a cadence", () => {
  const bounds = { minInterval: 5 * minute, maxInterval: day }

  it.prop(
    "a cadence keeps between its bounds, and has frequent publishers checked no less often",
    [Counts, Budget],
    ([users, budget]) => {
      const { intervals } = Cadence.cadence({ users, budget, ...bounds })
      assert.strictEqual(intervals.length, Cadence.classes)
      for (const [c, interval] of intervals.entries()) {
        assert.isAtLeast(interval, bounds.minInterval)
        assert.isAtMost(interval, bounds.maxInterval)
        assert.isAtMost(interval, intervals[c - 1] ?? Number.POSITIVE_INFINITY)
      }
    }
  )

  it.prop(
    "a cadence spends its budget, and no more, unless even the bounds need less or more",
    [Counts, Budget],
    ([users, budget]) => {
      const plan = Cadence.cadence({ users, budget, ...bounds })
      const all = sum(users)
      if (plan.checksAllUsers) assert.closeTo(plan.needed, (all * 1_000) / bounds.minInterval, 1e-6)
      else if (plan.fits) assert.closeTo(plan.needed / budget, 1, 0.002)
      else assert.closeTo(plan.needed, (all * 1_000) / bounds.maxInterval, 1e-6)
      assert.strictEqual(plan.checksAllUsers, (all * 1_000) / bounds.minInterval <= budget)
    }
  )

  it("a cadence is better than the same budget in equal parts by the factor that theory gives", () => {
    const users = Array.from({ length: Cadence.classes }, (_, c) => Math.round(100_000 / 1.7 ** c))
    const budget = 50
    const { intervals } = Cadence.cadence({ users, budget, minInterval: 1, maxInterval: 1_000 * day })
    const uniform = users.map(() => (sum(users) / budget) * 1_000)
    const expected = Cadence.expected(users)
    const roots = users.map((count, c) => count * Math.sqrt(expected[c] as number))
    const rates = users.map((count, c) => count * (expected[c] as number))
    const theory = (sum(users) * sum(rates)) / sum(roots) ** 2
    assert.isAbove(theory, 2)
    assert.closeTo(meanWait(users, uniform) / meanWait(users, intervals), theory, theory * 0.001)
  })

  it("a cadence cannot be bettered by giving one class's checks to another", () => {
    const users = Array.from({ length: Cadence.classes }, (_, c) => (c % 3) * 500 + 10)
    const { intervals, needed } = Cadence.cadence({ users, budget: 5, minInterval: 1, maxInterval: 1_000 * day })
    const counts = intervals.map((interval, c) => ((users[c] as number) * 1_000) / interval)
    for (let from = 0; from < Cadence.classes; from++) {
      for (let to = 0; to < Cadence.classes; to++) {
        if (from === to) continue
        const moved = 0.05 * (counts[from] as number)
        const changed = counts.map((one, c) => (c === from ? one - moved : c === to ? one + moved : one))
        const others = changed.map((one, c) => ((users[c] as number) * 1_000) / one)
        assert.closeTo(sum(changed), needed, 1e-6)
        assert.isAbove(meanWait(users, others), meanWait(users, intervals))
      }
    }
  })

  it("a cadence by counted rates comes close to one by known rates, although counts of rare publishers are mostly chance", () => {
    const halfLifeDays = Duration.toDays(Cadence.halfLife)
    const random = seeded(1)
    // P(rate > x) falls with x to the power of 1.2, from once in three years to 50 a day.
    const rates = Array.from({ length: 20_000 }, (_, n) => Math.min(((n + 0.5) / 20_000) ** (-1 / 1.2) / 3 / 365, 50))
    const counted = rates.map((rate) => {
      let sum = 0
      const wait = () => -Math.log(1 - random()) / rate
      for (let ago = wait(); ago < 10 * halfLifeDays; ago += wait())
        sum += (Math.LN2 / halfLifeDays) * 2 ** (-ago / halfLifeDays)
      return sum
    })
    /** How much sooner than in equal parts what is new is found, by the schedule for users of these classes. */
    const won = (
      classes: ReadonlyArray<number>,
      intervalsOf: (users: ReadonlyArray<number>) => ReadonlyArray<number>
    ) => {
      const users = Array.from({ length: Cadence.classes }, (_, c) => classes.filter((one) => one === c).length)
      const intervals = intervalsOf(users)
      const waits = rates.map((rate, user) => (rate * (intervals[classes[user] as number] as number)) / 1_000)
      return (sum(rates) * (20_000 / budget)) / sum(waits)
    }
    const budget = 10
    const planned = (users: ReadonlyArray<number>) => Cadence.cadence({ users, budget, ...bounds }).intervals
    const roots = sum(rates.map(Math.sqrt))
    const theory = (20_000 * sum(rates)) / roots ** 2
    assert.isAbove(theory, 1.7)
    assert.isAbove(won(rates.map(Cadence.classOf), planned), theory * 0.9)
    assert.isAbove(won(counted.map(Cadence.classOf), planned), theory * 0.8)
  })

  it("a cadence expects no more of all users because a few publish without end", () => {
    const users = Array.from({ length: Cadence.classes }, (_, c) => Math.round(20_000 / 1.7 ** c))
    const few = users.map((count, c) => (c === Cadence.classes - 1 ? count + 5 : count))
    for (const [c, expected] of Cadence.expected(few).entries()) {
      assert.isBelow(expected / (Cadence.expected(users)[c] as number), 1.1)
    }
  })

  it("a cadence says when even the longest delay needs more than the budget", () => {
    const users = [1_000_000]
    assert.isTrue(Cadence.cadence({ users, budget: 12, minInterval: 5 * minute, maxInterval: day }).fits)
    const plan = Cadence.cadence({ users, budget: 11, minInterval: 5 * minute, maxInterval: day })
    assert.isFalse(plan.fits)
    assert.strictEqual(plan.intervals[0], day)
  })
})

describe("a rate", () => {
  const halfLife = Duration.toMillis(Cadence.halfLife)

  it.prop(
    "a steady publisher's rate is the same whenever it is counted",
    [
      Schema.Finite.check(Schema.isBetween({ minimum: 2, maximum: 20 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))
    ],
    ([perDay, counts]) => {
      const now = 20 * halfLife
      const times = Array.from({ length: Math.floor((now / day) * perDay) }, (_, n) => (n * day) / perDay)
      let known = { rate: 0, at: 0 }
      for (let check = 1; check <= counts; check++) {
        const at = (now * check) / counts
        const gists = times.filter((time) => time > known.at - (check === 1 ? 1 : 0) && time <= at)
        known = { rate: known.rate * Cadence.remaining(at - known.at) + Cadence.gained(gists, at), at }
      }
      assert.closeTo(known.rate / perDay, 1, 0.05)
    }
  )

  it("a rate falls by half in one half-life without gists", () => {
    assert.closeTo(8 * Cadence.remaining(halfLife), 4, 1e-9)
  })

  it("a gist of the future raises a rate no more than one that is new", () => {
    const now = 1_000
    assert.strictEqual(Cadence.gained([now * 1_000], now), Cadence.gained([now], now))
  })

  it.prop(
    "a rate belongs to the class nearest to it",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Cadence.classes - 1 }))],
    ([c]) => {
      assert.strictEqual(Cadence.classOf(Cadence.rateOf(c)), c)
      assert.strictEqual(Cadence.classOf(Cadence.rateOf(c) * 1.4), c)
    }
  )

  it("a rate of nothing, or beyond all measure, has a class too", () => {
    assert.strictEqual(Cadence.classOf(0), 0)
    assert.strictEqual(Cadence.classOf(Number.POSITIVE_INFINITY), Cadence.classes - 1)
  })
})
