/**
 * How often each user is looked at: pure rules, from how often they publish and how many looks there are to give.
 *
 * Of gists that come at random, at a rate r, one that is looked for at every interval t waits t/2 on average. With looks
 * for all users limited to a budget, the sum of 1/t, the mean wait of a gist, the sum of r·t/2 by the sum of r, is least
 * where its derivative by each user's looks is the same: r·t² is one constant for all, so a user's looks go with the
 * square root of the rate. Against the same budget in equal parts the mean wait is less by n·Σr / (Σ√r)².
 * The same rule for web feeds: Sia, Cho, Cho, "Efficient Monitoring Algorithm for Fast News Alerts", IEEE Transactions on
 * Knowledge and Data Engineering 19 (2007). Why looking in proportion to the rate itself would be wrong: Cho,
 * Garcia-Molina, "Effective Page Refresh Policies for Web Crawlers", https://doi.org/10.1145/958942.958945
 *
 * Rates are kept in classes, each twice the one before, so that who is due can be told by an index.
 */
import { Duration } from "effect"

/** A gist counts for half as much after so long. */
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
 * What gists made at these times (epoch milliseconds) add to a rate, in gists a day. Each adds ln 2 / half-life when it is
 * new, and a rate falls by half in each half-life, so that a steady publisher's sum is the rate itself.
 */
export const gained = (gists: ReadonlyArray<number>, now: number): number =>
  gists.reduce((sum, made) => sum + (Math.LN2 / halfLifeDays) * remaining(now - made), 0)

/** What is left of a rate after so many milliseconds. */
export const remaining = (elapsed: number): number => 2 ** (-Math.max(elapsed, 0) / Duration.toMillis(halfLife))

/**
 * Gists a day to expect of a user of each class, up to a factor that is the same for all. What was counted of rare
 * publishers is mostly chance: whoever published just now is not that frequent, and whoever has not for long may again.
 * So each counts as if they had been watched for some time longer, and had published like the average user, nobody
 * being taken for more than one gist a day in that: the mean of a gamma distribution that what was counted has been added
 * to (Robbins, "An Empirical Bayes Approach to Statistics", Proceedings of the Third Berkeley Symposium 1, 1956).
 */
export const expected = (users: ReadonlyArray<number>): ReadonlyArray<number> => {
  // The lowest class are those of whom next to nothing was counted.
  const counted = Array.from({ length: classes }, (_, c) => (c === 0 ? 0 : rateOf(c)))
  const all = users.reduce((sum, count) => sum + count, 0)
  // A few who publish without end, as programs do, say nothing of the others.
  const average =
    counted.reduce((sum, rate, c) => sum + Math.min(rate, telling) * (users[c] ?? 0), 0) / Math.max(all, 1)
  return counted.map((rate) => rate + belief * Math.max(average, lowest))
}

/**
 * How long the average user's gists are added for, as a part of the time for which a user's own are counted (half-life by
 * ln 2: 43 days). Simulated with heavy-tailed rates, a half comes closest to what known rates would give.
 */
const belief = 0.5

/** Gists a day of a user beyond which more say nothing of what others publish. */
const telling = 1

/** How often each class is looked at, and what that takes. */
export interface Cadence {
  /** Milliseconds between two looks at a user, by class. */
  readonly intervals: ReadonlyArray<number>
  /** Looks a second that this takes. */
  readonly needed: number
  /** Whether everybody is looked at at every interval of the schedule. */
  readonly everybody: boolean
  /** Whether the budget allows everybody to be looked at within the longest delay. */
  readonly fits: boolean
}

/**
 * Spends a budget of looks a second on users, `users[c]` of class `c`: nobody more often than every `shortest`
 * milliseconds, nobody less often than every `longest`, and in between by the rule above with the rates to expect. A budget too small even for
 * that is no reason to look less often: whoever is due longest comes first, and everybody is late by the same factor.
 */
export const cadence = (options: {
  readonly users: ReadonlyArray<number>
  readonly budget: number
  readonly shortest: number
  readonly longest: number
}): Cadence => {
  const { budget, shortest, users } = options
  const longest = Math.max(options.longest, shortest)
  const roots = expected(users).map(Math.sqrt)
  const intervalsFor = (scale: number) => roots.map((root) => Math.min(Math.max(scale / root, shortest), longest))
  const cost = (intervals: ReadonlyArray<number>) =>
    users.reduce((sum, count, c) => sum + (count * 1_000) / (intervals[c] ?? longest), 0)
  // Between these scales everybody is at the one bound or at the other.
  let least = shortest * Math.min(...roots)
  let most = longest * Math.max(...roots)
  const fastest = intervalsFor(least)
  if (cost(fastest) <= budget) return { intervals: fastest, needed: cost(fastest), everybody: true, fits: true }
  // Looks get fewer as the scale grows: halving the span finds the one that spends the budget.
  for (let round = 0; round < 60; round++) {
    const middle = Math.sqrt(least * most)
    if (cost(intervalsFor(middle)) > budget) least = middle
    else most = middle
  }
  const intervals = intervalsFor(most)
  const needed = cost(intervals)
  return { intervals, needed, everybody: false, fits: needed <= budget * 1.001 }
}
