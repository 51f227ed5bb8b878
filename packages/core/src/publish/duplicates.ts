/** Finds items that were created twice, and deletes the second one of each. */
import { Effect, Option } from "effect"
import { RequestedFor } from "../limits/evidence.ts"
import type { Store } from "../store/Store.ts"
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

/** Audits of publications that were sent again, and deletions of duplicates. */
export const make = ({ failures, publications, sink }: Parts) => {
  type Audit = Effect.Success<ReturnType<typeof publications.audits>>[number]

  /** Runs another lookup for a publication that was sent again. Answers whether the next audit may follow. */
  const auditOne = Effect.fnUntraced(function* (due: Audit) {
    const by = { user: `${due.userKey}`, thing: `${due.key}` }
    const found = yield* sink.find(due.target, due, due.resentSince).pipe(
      Effect.provideService(RequestedFor, by),
      Effect.catchReason("SinkError", "TargetGone", () => Effect.succeed<ReadonlyArray<string>>([])),
      Effect.asSome,
      Effect.catchTag("SinkError", (error) =>
        Effect.as(failures.ofUpkeep(error, { user: due.userKey, key: `${due.key}` }), Option.none())
      )
    )
    if (Option.isNone(found)) return false
    const present = found.value
    // When the recorded item is missing, a person has deleted it, and decides about the others.
    const duplicates = present.includes(due.remoteId) ? present.filter((remoteId) => remoteId !== due.remoteId) : []
    yield* publications.audited(
      due,
      duplicates.map((id) => sink.duplicateId?.(id, due.target) ?? id)
    )
    return true
  })

  /** Whether the next duplicate may be deleted after this error. */
  const mayGoOn = Effect.fnUntraced(function* (error: SinkError, remoteId: string) {
    const isGlobal = yield* failures.ofUpkeep(error, { user: nobody, key: `duplicate ${remoteId}` })
    return !isGlobal && isRefused(error)
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
    /** Deletes the duplicates on record. */
    deleteAll: Effect.gen(function* () {
      for (const remoteId of yield* publications.duplicates) {
        const by = { user: remoteId, thing: remoteId }
        const ended = yield* sink.deleteDuplicate(remoteId).pipe(
          Effect.provideService(RequestedFor, by),
          Effect.catchReason("SinkError", "TargetGone", () => Effect.void),
          Effect.as("deleted" as const),
          Effect.catchTag("SinkError", (error) =>
            Effect.map(mayGoOn(error, remoteId), (goesOn) => (goesOn ? ("refused" as const) : ("stop" as const)))
          )
        )
        if (ended === "stop") return
        if (ended === "deleted") yield* publications.duplicateDeleted(remoteId)
      }
    })
  }
}

/** A duplicate that is refused is no reason to leave the others. */
const isRefused = ({ reason }: SinkError): boolean => refusals.has(reason._tag)

const refusals: ReadonlySet<SinkError["reason"]["_tag"]> = new Set(["ItemRefused", "ItemLimited", "Forbidden"])
