/**
 * Whether GitHub accepts the token, and what it refuses: a refusal is the token's only on evidence (`judging.ts`).
 *
 * - A refusal that concerns everything blocks all requests. Then one cheap request at a time, the probe, finds out whether
 *   the refusal is over.
 * - Three different things of one kind that are refused alike block that kind.
 * - Any other refusal concerns the one thing that was requested.
 */
import { Clock, Effect, type Option, Semaphore } from "effect"
import * as Blocks from "./blocks.ts"
import type { GithubError } from "./errors.ts"
import * as Judging from "./judging.ts"
import { type About, acceptanceOf, isRefusal } from "./refusals.ts"
import * as Trials from "./trials.ts"

/** Sends requests under the knowledge of what GitHub refuses to this token. */
export interface Access {
  /** Sends, and notes what the outcome shows about the token. A refusal is no evidence. */
  readonly noteAcceptance: <A>(send: Effect.Effect<A, GithubError>) => Effect.Effect<A, GithubError>
  /** Sends unless the kind or everything is refused. Judges a refusal: fails with the scope that the evidence gives it. */
  readonly judgeRefusals: <A>(about: About, send: Effect.Effect<A, GithubError>) => Effect.Effect<A, GithubError>
  /** Sends unless everything is refused. A refusal is no evidence: for queries. */
  readonly sendUnlessAllRefused: <A>(send: Effect.Effect<A, GithubError>) => Effect.Effect<A, GithubError>
  /** What GitHub refuses, until something is answered again. */
  readonly refusal: () => Option.Option<GithubError>
  /** The refusal of everything, and when one request may find out whether it is over (epoch milliseconds). */
  readonly globalBlock: () => Blocks.RefusalBlock | undefined
}

/** Access without any evidence yet. */
export const make = ({
  hasToken,
  probe
}: {
  readonly hasToken: boolean
  /** The cheapest request that needs what the work needs: the right to list gists, at the address where gists are. */
  readonly probe: Effect.Effect<unknown, GithubError>
}): Access => {
  /** Whether GitHub's last answer accepted the token. */
  let isAccepted = !hasToken
  const noteAcceptance: Access["noteAcceptance"] = (send) =>
    send.pipe(
      Effect.tap(() => Effect.sync(() => (isAccepted = true))),
      Effect.tapError((error) => Effect.sync(() => (isAccepted = acceptanceOf(error) ?? isAccepted)))
    )

  const blocks = Blocks.make(hasToken)
  const { judge, noteAnswered, reopen } = Judging.make(blocks, noteAcceptance(probe))
  const oneJudge = Semaphore.makeUnsafe(1)
  const oneAtATime = Trials.make()
  const isBlocked = (kind: About["kind"] | "all") => blocks.get(kind) !== undefined

  /** After a block of everything, the requests wait for the probe's answer. */
  const reopened = Effect.suspend(() => (isBlocked("all") ? oneJudge.withPermit(reopen) : Effect.void))

  return {
    noteAcceptance,
    judgeRefusals: (about, send) => {
      const attempt = send.pipe(
        noteAcceptance,
        Effect.tap(() => noteAnswered(about)),
        Effect.catch((error) => (isRefusal(error) ? oneJudge.withPermit(judge(about, error)) : Effect.fail(error)))
      )
      const unlessBlocked = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const found = blocks.get(about.kind)
        return found !== undefined && found.until > now ? Effect.fail(found.error) : attempt
      })
      const isOpen = () => !isBlocked("all") && !isBlocked(about.kind) && isAccepted
      return oneAtATime(
        isOpen,
        Effect.suspend(() => (isOpen() ? attempt : Effect.andThen(reopened, unlessBlocked)))
      )
    },
    sendUnlessAllRefused: (send) => oneAtATime(() => isAccepted, noteAcceptance(Effect.andThen(reopened, send))),
    refusal: blocks.refusal,
    globalBlock: () => blocks.get("all")
  }
}
