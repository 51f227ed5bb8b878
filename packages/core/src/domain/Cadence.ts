/**
 * How often each user is checked: pure rules, from how often users publish and how many checks the limits allow.
 *
 * A gist that comes at random waits t/2 on average for a check at every interval t. With gists at the rate r and a budget
 * for the sum of 1/t, the mean wait (the sum of r·t/2 by the sum of r) is smallest where r·t² is the same for all users.
 * So checks go with the square root of the rate, and the mean wait is n·Σr / (Σ√r)² times shorter than by equal parts.
 *
 * - The same rule for web feeds: Sia, Cho, Cho, "Efficient Monitoring Algorithm for Fast News Alerts", IEEE Transactions on
 *   Knowledge and Data Engineering 19 (2007).
 * - Why checks in proportion to the rate are wrong: Cho, Garcia-Molina, "Effective Page Refresh Policies for Web Crawlers",
 *   https://doi.org/10.1145/958942.958945
 *
 * Rates are kept in classes, each twice the one before, so that an index finds the users whose check is due.
 */
import { Duration } from "effect"

/** After this time a gist counts for half as much: long enough to know rare publishers, short enough to follow a change. */
export const halfLife = Duration.days(30)

const halfLifeDays = Duration.toMillis(halfLife) / Duration.toMillis(Duration.days(1))

/** Gists a day of the lowest class, one in three years, and of the highest, one in 84 seconds. */
const lowest = 2 ** -10

/** How many classes of rates there are. */
export const classes = 21

/** The class of a rate in gists a day. */
export const classOf = (rate: number): number =>
  Math.min(Math.max(Math.round(Math.log2(Math.max(rate, lowest) / lowest)), 0), classes - 1)

/** Gists a day that a class stands for. */
export const rateOf = (rateClass: number): number => lowest * 2 ** rateClass

/**
 * What gists created at these times (epoch milliseconds) add to a rate, in gists a day. A new gist adds ln 2 / half-life, and
 * a rate falls by half in each half-life, so a steady publisher's sum is the rate itself.
 */
export const gained = (gists: ReadonlyArray<number>, now: number): number =>
  gists.reduce((sum, made) => sum + (Math.LN2 / halfLifeDays) * remaining(now - made), 0)

/** The part of a rate that is left after a number of milliseconds. */
export const remaining = (elapsed: number): number => 2 ** (-Math.max(elapsed, 0) / Duration.toMillis(halfLife))

/**
 * Expected gists a day of a user of each class, up to a factor that is the same for all. The counts of rare publishers are
 * mostly chance, so each user counts as if watched for some time longer, publishing like the average user meanwhile.
 * That is the mean of a gamma distribution after the counts are added: Robbins, "An Empirical Bayes Approach to
 * Statistics", Proceedings of the Third Berkeley Symposium 1, 1956.
 */
export const expected = (users: ReadonlyArray<number>): ReadonlyArray<number> => {
  // Users of the lowest class have next to no counted gists.
  const counted = Array.from({ length: classes }, (_, c) => (c === 0 ? 0 : rateOf(c)))
  const all = users.reduce((sum, count) => sum + count, 0)
  // A few users publish without end, as programs do, and say nothing of the others.
  const average =
    counted.reduce((sum, rate, c) => sum + Math.min(rate, meaningful) * (users[c] ?? 0), 0) / Math.max(all, 1)
  return counted.map((rate) => rate + belief * Math.max(average, lowest))
}

/**
 * The time for which the average user's gists are added, as a part of the time for which a user's own count (half-life by
 * ln 2: 43 days). In simulations with heavy-tailed rates, a half comes closest to the delays of known rates.
 */
const belief = 0.5

/** Gists a day: beyond this rate a user says nothing of what others publish. */
const meaningful = 1

/** How often each class is checked, and how many checks that takes. */
export interface Cadence {
  /** Milliseconds between two checks of a user, by class. */
  readonly intervals: ReadonlyArray<number>
  /** Checks a second that these intervals take. */
  readonly needed: number
  /** Whether every user is checked once in each interval of the schedule. */
  readonly checksAllUsers: boolean
  /** Whether the budget allows every user to be checked within `maxInterval`. */
  readonly fits: boolean
}

/**
 * Spends a budget of checks a second on users, `users[c]` of class `c`. Each interval is from `minInterval` to `maxInterval`
 * milliseconds, and in between by the rule above with the expected rates. With a budget too small even for `maxInterval`,
 * intervals do not grow: the user that is due longest comes first, and all are late by the same factor.
 */
export const cadence = (options: {
  readonly users: ReadonlyArray<number>
  readonly budget: number
  readonly minInterval: number
  readonly maxInterval: number
}): Cadence => {
  const { budget, minInterval, users } = options
  const maxInterval = Math.max(options.maxInterval, minInterval)
  const roots = expected(users).map(Math.sqrt)
  const intervalsFor = (scale: number) =>
    roots.map((root) => Math.min(Math.max(scale / root, minInterval), maxInterval))
  const cost = (intervals: ReadonlyArray<number>) =>
    users.reduce((sum, count, c) => sum + (count * 1_000) / (intervals[c] ?? maxInterval), 0)
  // Below the one scale all intervals are at the lower bound, above the other at the upper bound.
  let low = minInterval * Math.min(...roots)
  let high = maxInterval * Math.max(...roots)
  const fastest = intervalsFor(low)
  if (cost(fastest) <= budget) return { intervals: fastest, needed: cost(fastest), checksAllUsers: true, fits: true }
  // A larger scale takes fewer checks: halving the span finds the scale that spends the budget.
  for (let round = 0; round < 60; round++) {
    const middle = Math.sqrt(low * high)
    if (cost(intervalsFor(middle)) > budget) low = middle
    else high = middle
  }
  const intervals = intervalsFor(high)
  const needed = cost(intervals)
  return { intervals, needed, checksAllUsers: false, fits: needed <= budget * 1.001 }
}
