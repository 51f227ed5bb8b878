/** When a file is published as a link, without its content, so that one part does not stop the whole. Pure. */
import type { Content } from "../domain/GistFile.ts"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import type { Situation } from "./decision.ts"

/** Whether the content is sent. The last two attempts leave the content out. */
export const sendsContent = ({ attempts }: Situation): boolean => attempts < Timing.maxAttempts - 1

/** The content that is sent. Earlier attempts may have failed for any reason, so the note gives none. */
export const contentFor = (claim: Situation, content: Content): Content =>
  sendsContent(claim) ? content : { _tag: "Omitted", why: "all earlier attempts to publish the file failed" }

/** The content to publish when GitHub gives the gist but not the content: a link. `undefined` when the publication waits. */
export const contentInPlaceOf = (claim: Situation, { reason, scope }: GithubError): Content | undefined => {
  if (isGlobal(scope)) return undefined
  const omitted: Content = { _tag: "Omitted", why: reason.message }
  switch (reason._tag) {
    case "Blocked":
    case "Refused":
    case "Unexpected":
      return omitted
    case "RateLimited":
      // The publication has waited for the limit once.
      return claim.errorReason === "RateLimited" ? omitted : undefined
    case "Unavailable":
    case "Unreachable":
      return sendsContent(claim) ? undefined : omitted
    default:
      return undefined
  }
}
