/**
 * One attempt to publish a claimed file: a lookup when an earlier request may have created it, then read, find the target,
 * send, settle.
 *
 * Guarantees: however an attempt ends, the row says truthfully whether something may have been created. The request and
 * the storing of its outcome cannot be interrupted. A lookup without a result is believed after `Timing.certainDelay`.
 */
import { Cache, Clock, Data, Duration, Effect, Exit, Option, Semaphore } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Content } from "../domain/GistFile.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import type { ContentCache } from "../github/ContentCache.ts"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import { contentFor, contentInPlaceOf } from "./content.ts"
import type { Failures } from "./failures.ts"
import { beforeResend, contentLater, missing, notThereYet, release } from "./outcome.ts"
import type { Pausing } from "./pausing.ts"
import type { Delivery, Sink, SinkError } from "./Sink.ts"
import type { Settling } from "./settle.ts"

/** A gist of more bytes is large: its answer may be that long. */
const wholeGist = 4 * 1024 * 1024

/** As much of a file as can fit into a note, escaped or not. */
const rawBytes = 128 * 1024

type State = Effect.Success<ReturnType<Settling["settle"]>>

/** The attempt has ended early, and the publication is settled. */
class Ended extends Data.TaggedError("Ended")<{ readonly state: State }> {}

const ending = <E>(settled: Effect.Effect<State, E>) =>
  Effect.flatMap(settled, (state) => Effect.fail(new Ended({ state })))

interface Read {
  readonly content: Content
  readonly description: string | null
  readonly type: string | null
}

export const make = Effect.fnUntraced(function* ({
  contents,
  failures,
  github,
  pausing,
  publications,
  settling: { settle },
  sink
}: {
  readonly contents: ContentCache["Service"]
  readonly failures: Failures
  readonly github: Github["Service"]
  readonly pausing: Pausing
  readonly publications: Store["Service"]["publications"]
  readonly settling: Settling
  readonly sink: Sink["Service"]
}) {
  const { pauses } = pausing
  /** Large gists are read one at a time, to bound memory. */
  const large = yield* Semaphore.make(1)

  /** Files of one gist are claimed next to each other: they share one read. */
  const gists = yield* Cache.makeWith(github.contents, {
    capacity: 16,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
  })

  /** Ends the attempt when publishing, or the claim's user, is paused. */
  const holdBack = Effect.fnUntraced(function* (claim: Claim, { isProbe }: { readonly isProbe: boolean }) {
    const at = yield* Clock.currentTimeMillis
    const pause = pauses.current(at)
    if (pause !== undefined && !isProbe) yield* ending(settle(claim, release("Paused", pause.message)))
    if (!pauses.isBlocked(claim.userKey, at)) return
    const message = claim.errorMessage ?? "The last files of this user failed, one after the other"
    yield* ending(settle(claim, release(claim.errorReason ?? "Paused", message)))
  })

  /** Reads the file from the scan's cache, or from GitHub. `None` when the gist no longer has the file. */
  const read = Effect.fnUntraced(function* (claim: Claim): Effect.fn.Return<Option.Option<Read>, GithubError> {
    const { type } = claim
    const cached = yield* contents.take(claim)
    if (Option.isSome(cached)) {
      const { description, text } = cached.value
      return Option.some({ content: { _tag: "Text", text, partial: false }, description, type })
    }
    const asked = Cache.get(gists, claim.gistId)
    // Only the gist's own answer says whether the gist is public.
    const gist = yield* claim.gistSize > wholeGist ? large.withPermit(asked) : asked
    pauses.succeeded("github", { user: claim.userKey, key: claim.gistId })
    // When the database does not store this, the next answer does.
    yield* Effect.ignore(pausing.accepted("github"))
    const found = yield* github.contentOf(gist, { filename: claim.filename, maxBytes: rawBytes }).pipe(
      Effect.catchTag("GithubError", (error) => {
        const omitted = contentInPlaceOf(claim, error, { isWhole: false })
        return omitted === undefined ? Effect.fail(error) : Effect.succeed(Option.some(omitted))
      })
    )
    // The cached gist may be older than the file: the next attempt reads it again.
    if (Option.isNone(found)) yield* Cache.invalidate(gists, claim.gistId)
    return Option.map(found, (content) => ({
      content,
      description: gist.description,
      // A batch does not report the type.
      type: type ?? gist.types.get(claim.filename) ?? null
    }))
  })

  /** Completes what a lookup found. A sink that makes one thing by several requests may have been cut off between them. */
  const adopt = Effect.fnUntraced(function* (claim: Claim, remoteId: string): Effect.fn.Return<State, DatabaseError> {
    const adopted = { _tag: "published", how: "adopted", remoteId } as const
    if (sink.finish === undefined) return yield* settle(claim, { ...adopted, remark: null })
    const found = yield* Effect.result(read(claim))
    if (found._tag === "Failure" && found.failure.isGlobal) {
      return yield* settle(claim, contentLater(found.failure.message))
    }
    const content = Option.match(found._tag === "Success" ? found.success : Option.none(), {
      onNone: (): Content => ({ _tag: "Omitted", why: "GitHub does not show the file any more" }),
      onSome: ({ content }) => contentFor(claim, content)
    })
    return yield* sink.finish(remoteId, claim, content).pipe(
      Effect.matchEffect({
        onSuccess: ({ remark = null }) => settle(claim, { ...adopted, remark }),
        onFailure: (error) => failures.ofFinish(claim, error, remoteId)
      })
    )
  })

  /** Runs the lookup for what an earlier request may have created. Answers the claim to send, or ends the attempt. */
  const reconcile = Effect.fnUntraced(function* (claim: Claim) {
    const { sentAt, target } = claim
    if (!rules.lookupBeforeResend || sentAt === null || target === null) return claim
    const found = yield* sink.find(target, claim, sentAt).pipe(
      Effect.map(Option.some),
      // The target is gone, and what hung on it with it.
      Effect.catchReason("SinkError", "TargetGone", () => Effect.succeedNone),
      Effect.catchTag("SinkError", (error) => ending(failures.ofSink(claim, error, { step: "lookup" })))
    )
    if (Option.isSome(found)) {
      const [first, ...duplicates] = found.value
      if (first !== undefined) {
        yield* publications.addDuplicates(claim, duplicates)
        return yield* ending(adopt(claim, first))
      }
      const early = Duration.toMillis(Timing.certainDelay) - Math.max(claim.sentAgo ?? 0, 0) * 1_000
      if (early > 0) return yield* ending(settle(claim, notThereYet(Duration.millis(early))))
    }
    yield* publications.absent(claim)
    const absent = { ...claim, sentAt: null }
    const given = beforeResend(absent)
    return given === undefined ? absent : yield* ending(settle(absent, given))
  })

  const send = Effect.fnUntraced(function* (claim: Claim) {
    const found = yield* Effect.catchTag(read(claim), "GithubError", (error) => ending(failures.ofGithub(claim, error)))
    if (Option.isNone(found)) {
      return yield* settle(
        claim,
        missing(claim, { once: "FileNotFound", twice: "FileGone", message: "The gist no longer has this file" })
      )
    }
    const { content, description, type } = found.value
    const delivery: Delivery = { ...claim, description, type }
    const target = yield* Effect.catchTag(sink.target(delivery), "SinkError", (error) =>
      ending(failures.ofSink(claim, error, { step: "target" }))
    )
    // Right before the request, behind every wait: a process that was paused past its lease must not send.
    const begin = Effect.catch(publications.beginSend(claim, target), () => Effect.succeed(false))
    return yield* sink.create({ target, delivery, content: contentFor(claim, content), begin }).pipe(
      Effect.matchEffect({
        onSuccess: ({ remark = null, remoteId }) => {
          failures.targetWorks(claim.userKey)
          return settle(claim, { _tag: "published", how: "published", remoteId, remark })
        },
        onFailure: (error: SinkError) => failures.ofSink(claim, error, { step: "create", target })
      }),
      Effect.uninterruptible
    )
  })

  return (claim: Claim, { isProbe }: { readonly isProbe: boolean }): Effect.Effect<State, DatabaseError> =>
    holdBack(claim, { isProbe }).pipe(
      Effect.andThen(reconcile(claim)),
      Effect.flatMap(send),
      Effect.catchTag("Ended", ({ state }) => Effect.succeed(state))
    )
})
