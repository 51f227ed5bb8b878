/**
 * What the answers to requests show about one limit of a service: whose limit it is (`evidence.ts`), how many answers in a
 * row named it, and until when the thing or everything waits. Pure: no clock, no throttle.
 */
import * as LimitEvidence from "./evidence.ts"
import type { EnforcedBy } from "./Throttled.ts"

/** A request that was answered. */
export interface AnsweredCall {
  /** When the request left, in epoch milliseconds. */
  readonly startedAt: number
  /** The price in units of the limit. */
  readonly cost: number
}

/** Answers in a row that named the limit of everything. */
export interface InARow {
  readonly times: number
  /** When the last one came, in epoch milliseconds. */
  readonly at: number
  /** The price of the cheapest request among them. */
  readonly cost: number
}

/** What all answers so far have shown about one limit. */
export interface Answers {
  readonly evidence: LimitEvidence.LimitEvidence
  readonly row: InARow
}

const noRow: InARow = { times: 0, at: Number.NEGATIVE_INFINITY, cost: Number.POSITIVE_INFINITY }

/** Before the first answer. */
export const none: Answers = { evidence: LimitEvidence.none, row: noRow }

/** The answers in a row, with one to a request that left then. Several requests that were under way together count as one. */
export const timesInARow = ({ row }: Answers, startedAt: number): number => row.times + (startedAt > row.at ? 1 : 0)

/** A request was answered without the limit. */
export const notLimited = (
  { evidence, row }: Answers,
  call: Pick<AnsweredCall, "startedAt"> & { readonly thing: string | undefined }
): Answers => ({ evidence: LimitEvidence.answered(evidence, call), row })

/** The row of limits is over. */
export const rowEnded = (answers: Answers): Answers => ({ ...answers, row: { ...noRow, at: answers.row.at } })

/** An answer that names a limit, in the words of both services. Instants are in epoch milliseconds. */
export interface LimitAnswer extends AnsweredCall {
  /** Whom and what the request was for. Without one, the limit concerns everything. */
  readonly by: LimitEvidence.Requester | undefined
  /** Whether the answer itself says that the limit concerns everything. */
  readonly isStated: boolean
  readonly now: number
  /** When the service takes the request again. */
  readonly statedUntil: number
  /** When the service takes any request again, when the limit concerns everything. */
  readonly allUntil: number
  readonly message: string
  /** Who keeps other requests back, when the limit concerns everything, or seems to. */
  readonly enforcedBy: (scope: "global" | "suspected") => EnforcedBy
}

/** What the limit concerns, and until when. `thing`: the one thing alone waits. */
export type Limited =
  | { readonly scope: "thing"; readonly until: number }
  | { readonly scope: "global" | "suspected"; readonly until: number; readonly enforcedBy: EnforcedBy }

/**
 * A request met the limit.
 *
 * @param minWait the minimum wait in milliseconds after that many limits in a row of one thing
 */
export const limited = (
  answers: Answers,
  answer: LimitAnswer,
  minWait: (times: number) => number
): { readonly answers: Answers; readonly limited: Limited } => {
  const { evidence, scope, until } = LimitEvidence.refused(answers.evidence, { ...answer, minWait })
  const allUntil = LimitEvidence.blockedUntil(scope, answer.allUntil, answer.now)
  if (scope === "thing" || allUntil === undefined) {
    return { answers: { ...answers, evidence }, limited: { scope: "thing", until } }
  }
  const times = timesInARow(answers, answer.startedAt)
  const row = {
    times,
    at: times > answers.row.times ? answer.now : answers.row.at,
    cost: Math.min(answers.row.cost, answer.cost)
  }
  return { answers: { evidence, row }, limited: { scope, until: allUntil, enforcedBy: answer.enforcedBy(scope) } }
}
