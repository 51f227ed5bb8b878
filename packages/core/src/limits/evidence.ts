/**
 * Whether a limit concerns one thing or everything, from the other requests that were refused and answered: pure.
 *
 * A limit (`429`, at GitHub also `403`) may come from a part of the service that is too busy for one thing alone:
 *
 * - global: the response itself says so, or things of two users were refused in a row
 * - suspected, so global for a minute at most: the first limit that one thing meets
 * - of the thing: other things were answered meanwhile, or the same thing was refused again
 */
import { Context, Duration } from "effect"
import * as Timing from "../domain/Timing.ts"

/** The user and the thing that a request is sent for. */
export interface Requester {
  /** Names the user. */
  readonly user: string
  /** Names what is requested, or published. */
  readonly thing: string
}

/** The publication or user that the present requests are for. Without one, every limit is global. */
export class RequestedFor extends Context.Reference<Requester | undefined>("gitpip/net/RequestedFor", {
  defaultValue: () => undefined
}) {}

/** Which things met the limit, and which were answered meanwhile. Bounded, since things are without number. */
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
  readonly answersBefore: number
  readonly times: number
  /** When it was last refused, and until when it alone must wait, in epoch milliseconds. */
  readonly at: number
  readonly until: number
}

/** Before the first answer. */
export const none: LimitEvidence = {
  answers: 0,
  refusedAt: Number.NEGATIVE_INFINITY,
  row: new Set(),
  things: new Map()
}

/** What a limit concerns. `suspected`: everything, for `maxSuspected` at most. */
export type LimitScope = "global" | "suspected" | "thing"

/** How long a limit that only one thing has met delays other requests at most. */
const maxSuspected = Duration.minutes(1)

/** Things that are remembered. One that is forgotten costs one more suspicion. */
const capacity = 2_000

/** A request was answered. A request that left before the last refusal was known shows nothing about that refusal. */
export const answered = (
  evidence: LimitEvidence,
  { startedAt, thing }: { readonly thing: string | undefined; readonly startedAt: number }
): LimitEvidence => {
  if (startedAt < evidence.refusedAt) return evidence
  const next = { ...evidence, answers: evidence.answers + 1, row: none.row }
  // Nearly every answer is about a thing that was never refused, and then nothing is copied.
  if (thing === undefined || !evidence.things.has(thing)) return next
  const things = new Map(evidence.things)
  things.delete(thing)
  return { ...next, things }
}

/** A request met a limit. */
export const refused = (
  evidence: LimitEvidence,
  refusal: {
    readonly by: Requester | undefined
    /** Whether the response itself says whose limit it is: its headers leave nothing, or its text names the limit. */
    readonly isStated: boolean
    /** When the request left, when it was refused, and when the service allows it again, in epoch milliseconds. */
    readonly startedAt: number
    readonly now: number
    readonly statedUntil: number
    /** The minimum wait in milliseconds after that many refusals in a row of one thing. */
    readonly minWait: (times: number) => number
  }
): {
  readonly evidence: LimitEvidence
  readonly scope: LimitScope
  /** When the thing itself may be requested again. */
  readonly until: number
} => {
  const { by, isStated, minWait, now, startedAt, statedUntil } = refusal
  if (by === undefined) return { evidence, scope: "global", until: statedUntil }
  const before = evidence.things.get(by.thing) ?? {
    answersBefore: evidence.answers,
    times: 0,
    at: Number.NEGATIVE_INFINITY
  }
  const isOwn = before.answersBefore < evidence.answers
  const row = isOwn ? evidence.row : new Set(evidence.row).add(by.user)
  // A request that left before the last refusal was known is no further sign.
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

/** When any request may leave again, in epoch milliseconds. `undefined`: only the thing has to wait. */
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
