/** When a file is published as a link, without its content, so that one part does not stop the whole. Pure. */
import { type Content, contentRefused } from "../domain/GistFile.ts"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import type { Situation } from "./decision.ts"

/** Whether the content is sent. The last two attempts leave the content out. */
export const sendsContent = ({ attempts }: Situation): boolean => attempts < Timing.maxAttempts - 1

/** The content that is sent. */
export const contentFor = (claim: Situation, content: Content): Content =>
  sendsContent(claim) ? content : contentRefused

/**
 * The content to publish when GitHub does not give the content: a link. `undefined` when the publication waits instead.
 * `isWhole`: the gist itself was not given, so nothing says that the gist is public.
 */
export const contentInPlaceOf = (
  claim: Situation,
  { reason, scope }: GithubError,
  { isWhole }: { readonly isWhole: boolean }
): Content | undefined => {
  if (isWhole || isGlobal(scope)) return undefined
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
