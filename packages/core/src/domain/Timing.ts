/** Pure rules of time: waits, leases and timeouts of checks and publications, each with its reason. */
import { Duration } from "effect"

/** Users with several pages of gists are listed fully this often: the first page hides changes of older gists. Our choice. */
export const fullListingInterval = Duration.hours(24)

/**
 * The wait after the n-th failure in a row (n from 1) of one user: 5 minutes as for any other user, doubling, at most a day.
 * An account that is gone for good then costs one request a day.
 */
export const userRetryDelay = (failures: number): Duration.Duration =>
  doubling(Duration.minutes(5), failures, Duration.days(1))

/** How often a profile is read by a request of its own: for its e-mail address, which no batch shows. Our choice. */
export const profileInterval = Duration.days(30)

/** The wait before a profile is read again whose reading failed, or was cut off. */
export const profileRetryDelay = Duration.days(1)

/** The wait after the n-th attempt (n from 1) at a publication: 15 seconds, since most errors are short, then up to 15 minutes. */
export const publicationRetryDelay = (attempts: number): Duration.Duration =>
  doubling(Duration.seconds(15), attempts, Duration.minutes(15))

/** The pause after the n-th sign (n from 1) of an outage: 30 seconds, then up to 15 minutes, so work resumes within minutes. */
export const outageDelay = (signs: number): Duration.Duration =>
  doubling(Duration.seconds(30), signs, Duration.minutes(15))

/** A delay times 80 % to 120 %, by a random number from 0 to 1, so that files that failed together are retried apart. */
export const jittered = (delay: Duration.Duration, random: number): Duration.Duration =>
  Duration.times(delay, 0.8 + 0.4 * random)

/**
 * After this many attempts that failed for a reason of the file, a publication is `failed` until a person retries it. Their
 * waits add up to an hour and a half, so that an outage of an hour fails no file.
 */
export const maxAttempts = 12

/** The pause after Pipedrive refused the credential. Only a person can end the cause, so requests are rare. */
export const credentialDelay = Duration.minutes(15)

/** The pause after GitHub refused the token. One request in five minutes stays below GitHub's block of repeated bad logins. */
export const githubCredentialDelay = Duration.minutes(5)

/** While a failure seems global, one user without a failure is tried once in this time, to find out whether it is. */
export const probeInterval = Duration.seconds(30)

/** After this many users failed alike, the failure counts as global, and no more users are tried before the pause ends. */
export const maxProbedUsers = 8

/** How long a request that creates something may take: many times Pipedrive's usual second. */
export const createTimeout = Duration.seconds(20)

/** The wait after a lost answer before the lookup, since Pipedrive may still carry the request out. Our assumption. */
export const settleDelay = Duration.seconds(60)

/**
 * The wait after a lost answer before a lookup without a result is believed. Pipedrive documents no lag of its lists; its
 * search lags by seconds.
 */
export const certainDelay = Duration.minutes(5)

/** The wait after a file was sent again before an audit searches for a second activity of that file. */
export const auditDelay = Duration.hours(1)

/** The wait before an audit that was cut off is repeated. */
export const auditRetryDelay = Duration.minutes(15)

/**
 * The wait before an audit, or the deletion of a duplicate, is repeated that has failed: a quarter of its age, from 15 minutes
 * to a day. Once a day costs little, and ends a deletion without a command after a person has given the right or deleted it.
 */
export const upkeepRetryDelay = (age: Duration.Duration): Duration.Duration =>
  Duration.clamp(Duration.times(age, 0.25), { minimum: auditRetryDelay, maximum: Duration.days(1) })

/** An audit that fails is not repeated once the publication is that old. */
export const maxAuditAge = Duration.days(30)

/**
 * How long a claimed publication belongs to its publisher. A request is only sent while more than `sendMargin` is left, so
 * the request has ended and settled before another process may claim the row.
 */
export const publicationLease = Duration.minutes(5)

/** A create's timeout, and the time that Pipedrive may need to carry the create out. */
export const sendMargin = Duration.sum(createTimeout, settleDelay)

/** A running scan counts as lost when its process has not renewed the lease for this long: four heartbeats. */
export const scanLease = Duration.minutes(2)

/** How often a process renews the lease of its scan. */
export const scanHeartbeat = Duration.seconds(30)

/** How long the public feed belongs to the process that polls it: longer than its 30 pages take. */
export const feedLease = Duration.minutes(5)

/** How far Pipedrive's clock may be off when activities since an instant are listed. One page of a list covers a day. */
export const clockSlack = Duration.hours(24)

/** A budget that is renewed all at once. Instants are in epoch milliseconds. */
interface RenewedBudget {
  readonly left: number
  readonly limit: number
  readonly renewsAt: number
  readonly period: Duration.Duration
  readonly now: number
}

/**
 * What a backlog may use of a budget. New files have half of the budget when its period begins, and steadily less, so that
 * nothing is left unused when the budget is renewed. Negative when new files have less than their part.
 */
export const backlogAllowance = ({ left, limit, now, period, renewsAt }: RenewedBudget): number =>
  left - (limit / 2) * Math.min(Math.max((renewsAt - now) / Duration.toMillis(period), 0), 1)

/** Tokens that creating an activity costs: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
export const createCost = 5

/** A check's new files beyond this number are a backlog: a user who publishes more at once does not delay others. */
export const freshFiles = 100

/** The longest wait that a sink can ask for at a time, so that a wrong answer of a service delays a file by an hour at most. */
export const maxSnooze = Duration.hours(1)

/** The longest block that is believed: a day's budget, in whichever time zone the day ends, with some hours more. */
export const maxBlock = Duration.hours(50)

/** How far this process's clock may go back before waits in memory are taken for wrong. NTP corrects by less. */
export const clockDifference = Duration.minutes(1)

/** Whether this process's clock went back since an instant (epoch milliseconds). Waits noted before that are over. */
export const clockWentBack = (notedAt: number, now: number): boolean =>
  notedAt - now > Duration.toMillis(clockDifference)

/** How long a gist may answer 404 before it counts as gone: GitHub's single gists can lag behind its list. */
export const goneDelay = Duration.minutes(2)

const doubling = (first: Duration.Duration, n: number, cap: Duration.Duration): Duration.Duration =>
  Duration.min(Duration.times(first, 2 ** Math.min(Math.max(n, 1) - 1, 30)), cap)
