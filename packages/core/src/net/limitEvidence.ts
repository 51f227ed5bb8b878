/**
 * Whose limit a `429` tells of, from what else was refused and answered: pure.
 *
 * A `429` may come from a part that is too busy for one thing alone. So it is everybody's for a minute at most, unless the
 * answer itself says more, or things of two users were refused in a row. It is no one's but the thing's when others were answered.
 */
import { Context, Duration } from "effect"
import * as Timing from "../domain/Timing.ts"

/** For whose sake a request is sent. */
export interface Requester {
  /** Names the user. */
  readonly user: string
  /** Names what is asked for, or published. */
  readonly thing: string
}

/** The publication or user that the present requests are for. Without one, a limit is everybody's. */
export class RequestedFor extends Context.Reference<Requester | undefined>("gitpip/net/RequestedFor", {
  defaultValue: () => undefined
}) {}

export interface LimitEvidence {
  /** How many requests were answered. */
  readonly answers: number
  /** When anything was refused last, in epoch milliseconds. */
  readonly refusedAt: number
  /** Whose requests were refused since the last answer. */
  readonly row: ReadonlySet<string>
  /** What was refused since it was last answered. */
  readonly things: ReadonlyMap<string, Refused>
}

interface Refused {
  /** `answers` at the first refusal. */
  readonly since: number
  readonly times: number
  /** When it was last refused, and until when it alone must wait, in epoch milliseconds. */
  readonly at: number
  readonly until: number
}

export const none: LimitEvidence = {
  answers: 0,
  refusedAt: Number.NEGATIVE_INFINITY,
  row: new Set(),
  things: new Map()
}

/** What a limit concerns. `suspected`: everybody, for `maxSuspected` at most. */
export type LimitScope = "global" | "suspected" | "thing"

/** The longest that a limit which only one thing has met holds others up. */
const maxSuspected = Duration.minutes(1)

/** The oldest are forgotten, and cost one more suspicion. */
const capacity = 2_000

/** What left before the last refusal was known says nothing about it. */
export const answered = (
  evidence: LimitEvidence,
  { startedAt, thing }: { readonly thing: string | undefined; readonly startedAt: number }
): LimitEvidence => {
  if (startedAt < evidence.refusedAt) return evidence
  const next = { ...evidence, answers: evidence.answers + 1, row: none.row }
  // Nearly every answer is to what was never refused: nothing is copied then.
  if (thing === undefined || !evidence.things.has(thing)) return next
  const things = new Map(evidence.things)
  things.delete(thing)
  return { ...next, things }
}

export const refused = (
  evidence: LimitEvidence,
  refusal: {
    readonly by: Requester | undefined
    /** Whether the answer itself says whose limit it is: its headers leave nothing, or its text names the limit. */
    readonly isStated: boolean
    /** When the request left, was refused, and may be sent again by the service's word, in epoch milliseconds. */
    readonly startedAt: number
    readonly now: number
    readonly statedUntil: number
    /** The least wait in milliseconds after so many refusals in a row of one thing. */
    readonly minWait: (times: number) => number
  }
): {
  readonly evidence: LimitEvidence
  readonly scope: LimitScope
  /** When the thing itself may be asked for again. */
  readonly until: number
} => {
  const { by, isStated, minWait, now, startedAt, statedUntil } = refusal
  if (by === undefined) return { evidence, scope: "global", until: statedUntil }
  const before = evidence.things.get(by.thing) ?? { since: evidence.answers, times: 0, at: Number.NEGATIVE_INFINITY }
  const isOwn = before.since < evidence.answers
  const row = isOwn ? evidence.row : new Set(evidence.row).add(by.user)
  // What left before the last refusal was known is no further sign.
  const times = before.times + (startedAt > before.at ? 1 : 0)
  const scope = isOwn ? "thing" : isStated || row.size > 1 ? "global" : times > 1 ? "thing" : "suspected"
  const until = scope === "thing" ? Math.max(statedUntil, now + minWait(times)) : statedUntil
  const things = new Map(evidence.things)
  things.delete(by.thing)
  things.set(by.thing, { ...before, times, at: now, until: scope === "thing" ? until : now })
  const [oldest] = things.keys()
  if (things.size > capacity && oldest !== undefined) things.delete(oldest)
  return { evidence: { ...evidence, refusedAt: now, row, things }, scope, until }
}

/** Until when this thing alone must wait, if it must. */
export const heldUntil = (evidence: LimitEvidence, thing: string | undefined, now: number): number | undefined => {
  const found = thing === undefined ? undefined : evidence.things.get(thing)
  return found !== undefined && found.until > now && !Timing.clockWentBack(found.at, now) ? found.until : undefined
}

/** When everybody may send again, by what the service said to one. `undefined`: nobody else has to wait. */
export const blockedUntil = (scope: LimitScope, statedUntil: number, now: number): number | undefined => {
  switch (scope) {
    case "global":
      return statedUntil
    case "suspected":
      return Math.min(statedUntil, now + Duration.toMillis(maxSuspected))
    case "thing":
      return undefined
  }
}
