/** Finds items that were created twice, and deletes the second one of each. */
import { Duration, Effect, Result } from "effect"
import * as Timing from "../domain/Timing.ts"
import { RequestedFor } from "../limits/evidence.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { nobody } from "./evidence.ts"
import type { Failures } from "./failures.ts"
import type { Sink, SinkError } from "./Sink.ts"

/** Audits that are taken at a time. */
const auditBatch = 10

interface Parts {
  readonly failures: Failures
  readonly publications: Store["Service"]["publications"]
  readonly sink: Sink["Service"]
}

/**
 * Audits of publications that were sent again, and deletions of duplicates. After a failure that is not global the audit or
 * deletion waits alone, and the next one follows.
 */
export const make = ({ failures, publications, sink }: Parts) => {
  type Audit = Effect.Success<ReturnType<typeof publications.audits>>[number]
  type Duplicate = Effect.Success<typeof publications.duplicates>[number]

  /** After an audit failed. Answers whether the next audit may follow. */
  const auditFailed = Effect.fnUntraced(function* (error: SinkError, due: Audit) {
    if (yield* failures.ofUpkeep(error, { user: due.userKey, key: `${due.key}` })) return false
    const age = Duration.seconds(due.age)
    yield* Duration.isLessThan(age, Timing.maxAuditAge)
      ? publications.retryAudit(due, Timing.upkeepRetryDelay(age))
      : publications.audited(due, [])
    yield* Telemetry.log("Warn", "audit.failed", { publication: due.key, file: due.htmlUrl, detail: error.message })
    return true
  })

  const idOf = (remoteId: string, target: string) => sink.duplicateId?.(remoteId, target) ?? remoteId

  /** The items of a file, by the ids that delete them, under all targets to which the file was sent. */
  const itemsOf = Effect.fnUntraced(function* (due: Audit) {
    const targets = new Set([...(due.resentTargets ?? []), due.target])
    const found = yield* Effect.forEach(targets, (target) =>
      sink.find(target, due, due.resentSince).pipe(
        Effect.catchReason("SinkError", "TargetGone", () => Effect.succeed<ReadonlyArray<string>>([])),
        Effect.map((remoteIds) => remoteIds.map((remoteId) => idOf(remoteId, target)))
      )
    )
    return new Set(found.flat())
  })

  /** Runs another lookup for a publication that was sent again. Answers whether the next audit may follow. */
  const auditOne = Effect.fnUntraced(function* (due: Audit) {
    const by = { user: `${due.userKey}`, thing: `${due.key}` }
    const found = yield* Effect.result(Effect.provideService(itemsOf(due), RequestedFor, by))
    if (Result.isFailure(found)) return yield* auditFailed(found.failure, due)
    // When the recorded item is missing, a person has deleted it, and decides about the others.
    const isPresent = found.success.delete(idOf(due.remoteId, due.target))
    yield* publications.audited(due, isPresent ? [...found.success] : [])
    return true
  })

  /** After a deletion failed. Answers whether the next deletion may follow. */
  const deletionFailed = Effect.fnUntraced(function* (error: SinkError, { age, remoteId }: Duplicate) {
    if (yield* failures.ofUpkeep(error, { user: nobody, key: `duplicate ${remoteId}` })) return false
    const { message } = error
    yield* publications.retryDuplicate(remoteId, { message, wait: Timing.upkeepRetryDelay(Duration.seconds(age)) })
    yield* Telemetry.log("Warn", "duplicate.not_deleted", { remote_id: remoteId, detail: message })
    return true
  })

  /** Deletes a duplicate. Answers whether the next deletion may follow. */
  const deleteOne = Effect.fnUntraced(function* (duplicate: Duplicate) {
    const { remoteId } = duplicate
    const deleted = yield* sink.deleteDuplicate(remoteId).pipe(
      Effect.provideService(RequestedFor, { user: remoteId, thing: remoteId }),
      Effect.catchReason("SinkError", "TargetGone", () => Effect.void),
      Effect.result
    )
    if (Result.isFailure(deleted)) return yield* deletionFailed(deleted.failure, duplicate)
    yield* publications.duplicateDeleted(remoteId)
    return true
  })

  return {
    /** Runs every audit that is due: an earlier request may have created the item after all. */
    audit: Effect.gen(function* () {
      for (;;) {
        const audits = yield* publications.audits(auditBatch)
        if (audits.length === 0) return
        for (const due of audits) if (!(yield* auditOne(due))) return
      }
    }),
    /** Deletes the duplicates that are due. */
    deleteAll: Effect.gen(function* () {
      for (const duplicate of yield* publications.duplicates) if (!(yield* deleteOne(duplicate))) return
    })
  }
}
