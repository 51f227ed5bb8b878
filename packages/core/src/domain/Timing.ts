/** Pure rules of time: when a user is looked at again, how long a publication waits. All numbers of seconds live here. */
import { Duration } from "effect"

/** A user with more than one page of gists is walked to the end this often, since page one alone hides changes behind it. */
export const fullListingInterval = Duration.hours(24)

/** The wait after the n-th failure in a row (n from 1) of one user: 5 minutes, doubling, at most a day. */
export const userRetryDelay = (failures: number): Duration.Duration =>
  doubling(userRetry.first, failures, userRetry.longest)
export const userRetry = { first: Duration.minutes(5), longest: Duration.days(1) }

/** The wait after the n-th try (n from 1) at a publication: 15 seconds, doubling, at most 15 minutes. */
export const publicationRetryDelay = (attempts: number): Duration.Duration =>
  doubling(Duration.seconds(15), attempts, Duration.minutes(15))

/** How long nothing is sent after the n-th sign (n from 1) of an outage: 30 seconds, doubling, at most 15 minutes. */
export const outageDelay = (signs: number): Duration.Duration =>
  doubling(Duration.seconds(30), signs, Duration.minutes(15))

/** Spread over 80 % to 120 % by a random number from 0 to 1, so that what failed together does not return together. */
export const jittered = (delay: Duration.Duration, random: number): Duration.Duration =>
  Duration.times(delay, 0.8 + 0.4 * random)

/**
 * After this many tries that failed for a reason of their own, a publication is `failed` until somebody retries it. They
 * take an hour and a half, so that trouble of an hour fails nothing.
 */
export const maxAttempts = 12

/** How long nothing is sent after Pipedrive refused the credential: a person has to act first. */
export const credentialDelay = Duration.minutes(15)

/** The same after GitHub refused the token. */
export const githubCredentialDelay = Duration.minutes(5)

/** While trouble looks like everybody's, users without a failure are still tried, one each time this has passed. */
export const probeInterval = Duration.seconds(30)

/** After this many users failed alike, the trouble is certainly everybody's, and no more are tried before the pause ends. */
export const maxProbedUsers = 8

/** How long a request that creates something may take. */
export const createTimeout = Duration.seconds(20)

/** How long after a lost answer Pipedrive is asked whether the work was done: past the end of the request. */
export const settleDelay = Duration.seconds(60)

/**
 * How long after a lost answer a look that finds nothing is believed. Pipedrive does not say how far its lists lag behind;
 * its search lags by seconds.
 */
export const certainDelay = Duration.minutes(5)

/** How long after a file was sent again Pipedrive is asked once more whether it is there twice. */
export const auditDelay = Duration.hours(1)

/** An audit that did not come to its end is made again this much later. */
export const auditRetryDelay = Duration.minutes(15)

/**
 * How long a claimed publication belongs to its publisher. A request is only sent while more than `sendMargin` is left,
 * so it has ended, and settled, before anybody else may claim the row.
 */
export const publicationLease = Duration.minutes(5)
export const sendMargin = Duration.sum(createTimeout, settleDelay)

/** A running scan is lost when its process has not renewed the lease for this long. */
export const scanLease = Duration.minutes(2)
export const scanHeartbeat = Duration.seconds(30)

/** So long the public feed belongs to the process that polls it: longer than 30 pages take. */
export const feedLease = Duration.minutes(5)

/** Slack for differing clocks when looking for what was created since an instant. One page of a list covers it anyway. */
export const clockSlack = Duration.hours(24)

/**
 * What a backlog must leave of a budget that is renewed at an instant: half of it at the beginning of the period, and
 * steadily less, so that in the end nothing is left unused.
 */
export const reserve = (budget: {
  readonly limit: number
  readonly renewsAt: number
  readonly period: Duration.Duration
  readonly now: number
}): number =>
  (budget.limit / 2) * Math.min(Math.max((budget.renewsAt - budget.now) / Duration.toMillis(budget.period), 0), 1)

/** What creating an activity costs of Pipedrive's budget: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
export const createCost = 5

/** More new files than this at one look are a backlog too. */
export const freshFiles = 100

/** The longest wait that a sink can ask for at a time. */
export const maxPutOff = Duration.hours(1)

/** No service closes its door for longer: a day's budget, in whichever zone its day ends, with room to spare. */
export const maxClosure = Duration.hours(50)

/** As much as the clocks of healthy machines differ. What was noted farther in the future was noted by a wrong one. */
export const clockDifference = Duration.minutes(1)

/** Whether the clock was set back since then (epoch milliseconds): waits that it noted may end at any time, so they are over. */
export const clockWentBack = (notedAt: number, now: number): boolean =>
  notedAt - now > Duration.toMillis(clockDifference)

/** How long a gist that answers 404 is waited for before it counts as gone: its page can lag behind the list. */
export const goneDelay = Duration.minutes(2)

const doubling = (first: Duration.Duration, n: number, cap: Duration.Duration): Duration.Duration =>
  Duration.min(Duration.times(first, 2 ** Math.min(Math.max(n, 1) - 1, 30)), cap)
