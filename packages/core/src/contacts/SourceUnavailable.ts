/** Why a source of contacts cannot be read. */
import { DateTime, Duration, Schema } from "effect"
import type { GithubError } from "../github/Github.ts"
import type { SinkError } from "../publish/Sink.ts"

/**
 * A source cannot be read now, or not before something is changed.
 *
 * `reason` says what to change: `notFound`, another source; `noSuchPage`, another `next`; `notSetUp`, the settings.
 * `service` stands for a fault or a limit of GitHub or Pipedrive.
 */
export class SourceUnavailable extends Schema.TaggedError<SourceUnavailable>()("SourceUnavailable", {
  message: Schema.String,
  reason: Schema.Literals(["notFound", "noSuchPage", "notSetUp", "service"]),
  /** When to try again; `null` when something has to be changed first. */
  retryAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}) {}

/** The wait after an outage, which may end any minute. */
const outage = Duration.minutes(1)

/** What GitHub's error means for a source. */
export const ofGithub = ({ message, reason, retryAt }: GithubError, now: DateTime.Utc): SourceUnavailable => {
  switch (reason._tag) {
    case "RateLimited":
      return new SourceUnavailable({ message, reason: "service", retryAt: reason.resumeAt })
    case "Unavailable":
    case "Unreachable":
      return new SourceUnavailable({ message, reason: "service", retryAt: DateTime.addDuration(now, outage) })
    case "UserNotFound":
      return new SourceUnavailable({ message, reason: "notFound", retryAt: null })
    default:
      return new SourceUnavailable({ message, reason: "service", retryAt: retryAt ?? null })
  }
}

/** Names that GitHub could not be asked about. The reading goes on at the page that has them. */
export const notAsked = (
  unchecked: ReadonlyArray<{ readonly reason: string | null }>,
  now: DateTime.Utc
): SourceUnavailable => {
  const names = unchecked.length === 1 ? "1 new name was" : `${unchecked.length} new names were`
  return new SourceUnavailable({
    message: `${names} not checked at GitHub, and nobody is tracked for ${unchecked.length === 1 ? "it" : "them"}: ${unchecked[0]?.reason ?? "GitHub did not answer"}`,
    reason: "service",
    retryAt: DateTime.addDuration(now, outage)
  })
}

/** What the sink's error means for a source. */
export const ofSink = ({ reason }: SinkError, now: DateTime.Utc): SourceUnavailable => {
  const { message } = reason
  switch (reason._tag) {
    case "Paused":
    case "ItemLimited":
      return new SourceUnavailable({ message, reason: "service", retryAt: reason.until })
    case "NotYet":
      return new SourceUnavailable({ message, reason: "service", retryAt: reason.retryAt })
    case "NotSent":
    case "SinkOutcomeUnknown":
      return new SourceUnavailable({ message, reason: "service", retryAt: DateTime.addDuration(now, outage) })
    default:
      return new SourceUnavailable({ message, reason: "service", retryAt: null })
  }
}
