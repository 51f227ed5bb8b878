/** What errors of Pipedrive and of the database mean for one publication. */
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
import type { PipedriveError } from "./Pipedrive.ts"

/** A request that creates, or one whose failure leaves nothing behind: both are told apart by their reason alone. */
export const sinking = <A, R>(effect: Effect.Effect<A, PipedriveError, R>): Effect.Effect<A, SinkError, R> =>
  Effect.catchTag(effect, "PipedriveError", ({ reason }) =>
    Effect.flatMap(DateTime.now, (now) => Effect.fail(new SinkError({ reason: meaning(reason, now) })))
  )

/** The database could not be asked before anything was sent. */
export const storing = <A, R>(effect: Effect.Effect<A, DatabaseError, R>): Effect.Effect<A, SinkError, R> =>
  Effect.catch(effect, (error) => notYet(error.message, Duration.seconds(15)))

/** Something else has to happen first, and will have happened after that time. */
export const notYet = (message: string, wait: Duration.Duration): Effect.Effect<never, SinkError> =>
  Effect.flatMap(DateTime.now, (now) =>
    Effect.fail(new SinkError({ reason: new NotYet({ message, retryAt: DateTime.addDuration(now, wait) }) }))
  )

type Reason = PipedriveError["reason"]

/** Refused for certain: nothing was created. */
export const isRefusal = (reason: Reason): reason is Extract<Reason, { _tag: "Refused" | "NotFound" | "Forbidden" }> =>
  reason._tag === "Refused" || reason._tag === "NotFound" || reason._tag === "Forbidden"

/**
 * Whether a refusal can be about the content: a firewall that takes code for an attack, or Pipedrive, when its words name
 * the note or a size. Pipedrive's texts are not documented, so the words are read generously.
 */
export const mayBeContent = (reason: Reason): boolean =>
  (reason._tag === "Forbidden" && reason.isPage) ||
  (reason._tag === "Refused" &&
    (reason.status === 413 ||
      /note|content|html|text|too (?:long|large|big)|size|length|bytes|character/i.test(reason.message)))

/** What is recorded beside what was created. */
export const remarkOn = (content: Content): string | undefined =>
  content._tag === "Omitted" ? `The content was left out: ${content.why}` : undefined

/** How long nothing is sent when Pipedrive cannot be reached. */
const unreachable = Duration.seconds(30)

const meaning = (reason: PipedriveError["reason"], now: DateTime.Utc): SinkError["reason"] => {
  const { message } = reason
  switch (reason._tag) {
    case "BurstLimited":
      return new Paused({ message, until: reason.resumeAt, enforcedBy: "self" })
    case "BudgetSpent":
      return new Paused({ message, until: reason.resumeAt, enforcedBy: "service" })
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
    case "Withheld":
      return new NotYet({ message, retryAt: now })
    case "NotPipedrive":
    case "OutcomeUnknown":
      return new OutcomeUnknown({ message })
  }
}
