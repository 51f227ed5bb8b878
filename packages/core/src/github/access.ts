/**
 * Whether GitHub accepts the token, and what it refuses: a refusal is the token's only on evidence (`limits/refusalEvidence.ts`).
 *
 * - A refusal that concerns everything blocks all requests. Then one cheap request at a time, the probe, finds out whether
 *   the refusal is over.
 * - Three different things of one kind that are refused alike block that kind.
 * - Any other refusal concerns the one thing that was requested.
 */
import { Clock, Duration, Effect, type Option, Semaphore } from "effect"
import * as RefusalEvidence from "../limits/refusalEvidence.ts"
import * as Blocks from "./blocks.ts"
import type { GithubError } from "./errors.ts"
import { type About, acceptanceOf, failAsOwn, isRefusal, isWeak, refusalSignature } from "./refusals.ts"
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

/** How long an answer to the probe counts. */
const probeFreshness = Duration.minutes(1)

/** Access without any evidence yet. */
export const make = ({
  hasToken,
  probe: sendProbe
}: {
  readonly hasToken: boolean
  /** The cheapest request that needs what the work needs: the right to list gists, at the address where gists are. */
  readonly probe: Effect.Effect<unknown, GithubError>
}): Access => {
  /** Whether GitHub's last answer accepted the token. */
  let isAccepted = !hasToken
  /** Whether anything was answered yet. */
  let isProven = false
  /** When the probe was last answered, in epoch milliseconds. */
  let probedAt = Number.NEGATIVE_INFINITY
  let evidence = RefusalEvidence.none
  const blocks = Blocks.make(hasToken)
  const judging = Semaphore.makeUnsafe(1)
  const oneAtATime = Trials.make()

  const noteAcceptance: Access["noteAcceptance"] = (send) =>
    send.pipe(
      Effect.tap(() => Effect.sync(() => (isAccepted = true))),
      Effect.tapError((error) => Effect.sync(() => (isAccepted = acceptanceOf(error) ?? isAccepted)))
    )

  const probe = noteAcceptance(sendProbe)
  const isBlocked = (kind: RefusalEvidence.Kind | "all") => blocks.get(kind) !== undefined

  const isOwnTroubleOfFeed = (error: GithubError): boolean =>
    RefusalEvidence.isOwn(evidence, { kind: "feed", thing: "feed", signature: refusalSignature(error) })

  /** Sends the probe after a refusal, and fails when everything is refused or when the probe shows nothing. */
  const confirm = (error: GithubError, now: number): Effect.Effect<void, GithubError> =>
    Effect.matchEffect(probe, {
      onSuccess: () =>
        Effect.sync(() => {
          probedAt = now
          isProven = true
        }),
      onFailure: (probed) => {
        if (!isRefusal(probed)) return Effect.fail(error)
        const isAlike = isWeak(probed) === isWeak(error) && !isOwnTroubleOfFeed(probed)
        return isAlike ? blocks.block("all", error) : Effect.void
      }
    })

  /** Fails with the refusal of everything or of the kind, or with the refusal as the thing's own. */
  const judge = Effect.fnUntraced(function* (about: About, error: GithubError) {
    const now = yield* Clock.currentTimeMillis
    const all = blocks.get("all")
    // Another request has found out meanwhile.
    if (all !== undefined && all.until > now) return yield* all.error
    const {
      equal,
      evidence: next,
      isNew
    } = RefusalEvidence.refused(evidence, { ...about, signature: refusalSignature(error) })
    evidence = next
    const { kind } = about
    if (equal === 0 || kind === "feed" || kind === "query") return yield* failAsOwn(error)
    // Before anything was answered, the address of the API itself may be wrong.
    if (isWeak(error) && equal < RefusalEvidence.signs && isProven) return yield* error
    const isFresh = now - probedAt < Duration.toMillis(probeFreshness) && now >= probedAt
    if (!isFresh) yield* confirm(error, now)
    if (!isWeak(error) && equal >= RefusalEvidence.signs && isNew) return yield* blocks.block(kind, error)
    return yield* failAsOwn(error)
  })

  /** After a block of everything, the probe finds out whether the block is over. The other requests wait for its answer. */
  const reopen = Effect.gen(function* () {
    const all = blocks.get("all")
    if (all === undefined) return
    const now = yield* Clock.currentTimeMillis
    if (all.until > now) return yield* all.error
    yield* Effect.catch(probe, (probed) => {
      // A failure of another kind shows nothing: the next request sends the probe again.
      if (!isRefusal(probed)) return Effect.fail(probed)
      // A server without the feed that accepts the token does answer.
      return isWeak(all.cause) || !isWeak(probed) ? blocks.block("all", all.cause) : Effect.void
    })
    probedAt = now
    evidence = RefusalEvidence.none
    yield* blocks.endAll
  })

  const reopened = Effect.suspend(() => (isBlocked("all") ? judging.withPermit(reopen) : Effect.void))

  const noteAnswered = (about: About) => () =>
    Effect.suspend(() => {
      isProven = true
      evidence = RefusalEvidence.answered(evidence, about)
      return blocks.end(about.kind)
    })

  return {
    noteAcceptance,
    judgeRefusals: (about, send) => {
      const attempt = send.pipe(
        noteAcceptance,
        Effect.tap(noteAnswered(about)),
        Effect.catch((error) => (isRefusal(error) ? judging.withPermit(judge(about, error)) : Effect.fail(error)))
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
