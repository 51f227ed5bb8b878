/** Turns errors of Pipedrive and of the database into errors of the sink. */
import { DateTime, Duration, Effect } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Content } from "../domain/GistFile.ts"
import {
  Forbidden,
  ItemLimited,
  ItemRefused,
  NotYet,
  OutcomeUnknown,
  Paused,
  SinkError,
  TargetGone
} from "../publish/Sink.ts"
import type { PipedriveError } from "./errors.ts"

/** Fails with the sink's error of the same meaning. */
export const failing = ({ reason }: PipedriveError): Effect.Effect<never, SinkError> =>
  Effect.flatMap(DateTime.now, (now) => Effect.fail(new SinkError({ reason: meaning(reason, now) })))

/** Turns an error of Pipedrive into the sink's error of the same meaning. */
export const sinking = <A, R>(effect: Effect.Effect<A, PipedriveError, R>): Effect.Effect<A, SinkError, R> =>
  Effect.catchTag(effect, "PipedriveError", failing)

/** Turns an error of the database, before anything was sent, into a wait. */
export const storing = <A, R>(effect: Effect.Effect<A, DatabaseError, R>): Effect.Effect<A, SinkError, R> =>
  Effect.catch(effect, (error) => notYet(error.message, Duration.seconds(15)))

/** Something else has to happen first, which takes this long. */
export const notYet = (message: string, wait: Duration.Duration): Effect.Effect<never, SinkError> =>
  Effect.flatMap(DateTime.now, (now) =>
    Effect.fail(new SinkError({ reason: new NotYet({ message, retryAt: DateTime.addDuration(now, wait) }) }))
  )

type Reason = PipedriveError["reason"]

/**
 * Whether a refusal can be about the content: a firewall takes code for an attack, or Pipedrive's message names the note or
 * a size. Pipedrive does not document its messages, so many words count.
 */
export const mayBeContent = (reason: Reason): boolean =>
  (reason._tag === "Forbidden" && reason.isPage) ||
  (reason._tag === "Refused" &&
    (reason.status === 413 ||
      /note|content|html|text|too (?:long|large|big)|size|length|bytes|character/i.test(reason.message)))

/** The remark of an attempt that left the content out. */
export const remarkOn = (content: Content): string | undefined =>
  content._tag === "Omitted" ? `The content was left out: ${content.why}` : undefined

/** How long nothing is sent while Pipedrive cannot be reached. */
const unreachable = Duration.seconds(30)

const meaning = (reason: PipedriveError["reason"], now: DateTime.Utc): SinkError["reason"] => {
  const { message } = reason
  switch (reason._tag) {
    case "BurstLimited":
    case "BudgetSpent":
      return new Paused({
        message,
        until: reason.resumeAt,
        enforcedBy: reason._tag === "BudgetSpent" ? "service" : "self",
        ...(reason.throttling === undefined ? {} : { throttling: reason.throttling })
      })
    case "ItemLimited":
      return new ItemLimited({ message, until: reason.resumeAt })
    case "Denied":
      return new Forbidden({ message, scope: "credential" })
    case "Forbidden":
      return new Forbidden({ message, scope: "thing" })
    case "Unreachable":
      return new Paused({ message, until: DateTime.addDuration(now, unreachable), enforcedBy: "self" })
    case "Refused":
      return new ItemRefused({ message })
    case "NotFound":
      return new TargetGone({ message })
    case "Withdrawn":
      return new NotYet({ message, retryAt: now })
    case "NotPipedrive":
    case "OutcomeUnknown":
      return new OutcomeUnknown({ message })
  }
}
