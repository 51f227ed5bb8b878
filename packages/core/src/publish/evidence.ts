/**
 * Judges the scope of a failure: the thing itself, its user, or the whole service. Pure.
 *
 * A status code does not show the scope, but the results of other things do. A thing that fails while others succeed is at
 * fault itself. A thing that fails in the same way as things of other users is not.
 *
 * - `service`: things of `globalUsers` different users failed alike, nothing has succeeded in between, and no thing among
 *   them is proven to be at fault itself.
 * - `user`: `userThings` different things of one user failed alike, and nothing of that user has succeeded in between.
 * - `thing`: all other failures. `isProven`, once something else has succeeded since the thing first failed.
 *
 * A failure that was not repeated for `memory` is forgotten.
 */
import { Duration } from "effect"

/** One publication at Pipedrive, or one gist at GitHub, with its user. */
export interface Thing {
  readonly user: number
  readonly key: string
}

/** In place of a user, for what belongs to none. */
export const nobody = 0

/** A failure that may or may not be the thing's fault. */
export interface Failure {
  readonly thing: Thing
  /** Equal for similar failures. */
  readonly signature: string
  /** All things of the user share what failed, such as the deal. */
  readonly isUserWide: boolean
  /** Epoch milliseconds. */
  readonly at: number
}

/** Whose failure it is, and how certain that is. */
export interface FailureVerdict {
  readonly scope: "thing" | "user" | "service"
  /** Whether another thing succeeded since this thing, or its user, first failed. */
  readonly isProven: boolean
  /** Failures of the thing in a row. */
  readonly failures: number
  /** Failures of the user in a row. */
  readonly userFailures: number
  /** Whether no other user's failure is similar. A cheap read can then prove more. */
  readonly isAlone: boolean
}

/** For errors that name their scope themselves: the failure is the thing's own. */
export const noVerdict: FailureVerdict = {
  scope: "thing",
  isProven: true,
  failures: 1,
  userFailures: 1,
  isAlone: false
}

interface FailureRecord {
  /** Successes before the thing first failed. Lower, once a read has proved that the service works. */
  readonly successesBefore: number
  readonly failures: number
  /** When the thing last failed, in epoch milliseconds. */
  readonly at: number
}

/** The users or things that failed alike, by signature. */
type Alike<Who> = ReadonlyMap<string, ReadonlySet<Who>>

/** The failures that no success has ended, by thing and by user, in this process. */
export interface FailureEvidence {
  readonly successes: number
  readonly things: ReadonlyMap<string, FailureRecord>
  readonly users: ReadonlyMap<number, FailureRecord & { readonly failing: Alike<string> }>
  /** The users whose things failed since the last success, by signature, without the things that are proven to be at fault. */
  readonly row: Alike<number>
}

/** Things of this many users that fail alike in a row share a cause. */
const globalUsers = 3

/** This many things of one user that fail in a row share a cause. */
const userThings = 3

/** A failing thing is tried again several times within this time. */
export const memory = Duration.hours(1)

/** The number of things, and of users, that are remembered. The oldest are forgotten first. */
const capacity = 2_000

/** The number of signatures that are remembered. */
const maxSignatures = 32

/** Before the first attempt. */
export const nothing: FailureEvidence = { successes: 0, things: new Map(), users: new Map(), row: new Map() }

/** Notes that the thing was published or read: the service, the user and the thing work. */
export const afterSuccess = (evidence: FailureEvidence, thing: Thing): FailureEvidence => ({
  successes: evidence.successes + 1,
  things: without(evidence.things, thing.key),
  users: without(evidence.users, thing.user),
  row: nothing.row
})

/** Notes a failure, and judges its scope by those that came before it. */
export const afterFailure = (
  evidence: FailureEvidence,
  { at, isUserWide, signature, thing }: Failure
): { readonly evidence: FailureEvidence; readonly verdict: FailureVerdict } => {
  const { successes } = evidence
  const own = recent(evidence.things.get(thing.key), at) ?? { successesBefore: successes, failures: 0 }
  const user = recent(evidence.users.get(thing.user), at) ?? {
    successesBefore: successes,
    failures: 0,
    failing: new Map<string, ReadonlySet<string>>()
  }
  const failing = new Set(user.failing.get(signature)).add(thing.key)
  const isProven = own.successesBefore < successes || user.successesBefore < successes
  const alike = new Set(evidence.row.get(signature))
  if (!isProven) alike.add(thing.user)
  const isGlobal = !isProven && alike.size >= globalUsers
  const isUsers = isUserWide || failing.size >= userThings
  return {
    evidence: {
      successes,
      things: bounded(evidence.things, [thing.key, { ...own, failures: own.failures + 1, at }]),
      users: bounded(evidence.users, [
        thing.user,
        {
          successesBefore: user.successesBefore,
          failures: user.failures + 1,
          at,
          failing: bounded(user.failing, [signature, failing], maxSignatures)
        }
      ]),
      row: bounded(evidence.row, [signature, alike], maxSignatures)
    },
    verdict: {
      scope: isGlobal ? "service" : isUsers ? "user" : "thing",
      isProven,
      failures: own.failures + 1,
      userFailures: user.failures + 1,
      isAlone: alike.size <= 1 && (isUserWide || !isUsers)
    }
  }
}

const recent = <R extends FailureRecord>(record: R | undefined, at: number): R | undefined =>
  record !== undefined && at - record.at <= Duration.toMillis(memory) ? record : undefined

/** Notes that a read proved that the service works: the thing that fails is at fault itself. */
export const afterProof = (evidence: FailureEvidence, { key }: Thing): FailureEvidence => {
  const record = evidence.things.get(key)
  return record === undefined
    ? evidence
    : { ...evidence, things: bounded(evidence.things, [key, { ...record, successesBefore: Number.NEGATIVE_INFINITY }]) }
}

/** The users whose failures may be global. */
export const suspects = ({ row }: FailureEvidence): ReadonlySet<number> =>
  new Set([...row.values()].flatMap((users) => [...users]))

/** The users of whom something has failed, and nothing has succeeded since. */
export const failing = ({ users }: FailureEvidence): ReadonlyArray<number> => [...users.keys()]

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map
  const next = new Map(map)
  next.delete(key)
  return next
}

/** The map with the entry as its newest one. */
const bounded = <K, V>(map: ReadonlyMap<K, V>, [key, value]: readonly [K, V], limit = capacity): ReadonlyMap<K, V> => {
  const next = new Map(map)
  next.delete(key)
  next.set(key, value)
  const [oldest] = next.keys()
  if (next.size > limit && oldest !== undefined) next.delete(oldest)
  return next
}
