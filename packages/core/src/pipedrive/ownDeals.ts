/**
 * Which deal is a user's own, of those that a search or the copy of a list shows. Pipedrive is asked again where they, or the
 * settings' names, may be old.
 */
import { Effect, Option } from "effect"
import type { SinkError } from "../publish/Sink.ts"
import { type Choice, chooseDeal, type DealHits, isInUnknownStage, isOpen, type Names } from "./chooseDeal.ts"
import { whenRefused } from "./errors.ts"
import type { FoundDeal, Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import { sinking } from "./sinkErrors.ts"

interface Parts {
  readonly pipedrive: Pick<Pipedrive["Service"], "deal">
  readonly placing: Placing
  /** Forgets a deal that is gone. */
  readonly forget?: (id: number) => Effect.Effect<void>
}

/** Chooses a user's deal. 1 token for each deal that is read, when several would do. */
export const make = ({ forget = () => Effect.void, pipedrive, placing }: Parts) => {
  /**
   * Those of several deals that are no longer open. 1 token each, until two are open. An archived deal leaves no trace among a list's
   * changes. A deal that Pipedrive refuses to show counts as open: a person chooses.
   */
  const goneOf = Effect.fnUntraced(function* (deals: ReadonlyArray<FoundDeal>) {
    const gone = new Set<number>()
    for (const [read, deal] of deals.entries()) {
      if (read - gone.size >= 2) break
      const now = pipedrive.deal(deal.id).pipe(whenRefused(() => Effect.succeedSome(deal)))
      if (!Option.exists(yield* sinking(now), isOpen)) gone.add(deal.id)
    }
    return gone
  })

  const choose = Effect.fnUntraced(function* (names: Names, hits: DealHits): Effect.fn.Return<Choice, SinkError> {
    const placement = yield* placing.current
    const isOld = hits.holding.length === 0 && isInUnknownStage(hits.titled, { ...names, ...placement })
    const { stages } = isOld ? yield* placing.refreshed : placement
    const choice = chooseDeal(hits, { ...names, stages })
    if (choice._tag !== "Several") return choice
    const gone = yield* goneOf(choice.deals)
    if (gone.size === 0) return choice
    yield* Effect.forEach(gone, forget)
    const rest = (deals: ReadonlyArray<FoundDeal>) => deals.filter(({ id }) => !gone.has(id))
    return yield* choose(names, { holding: rest(hits.holding), titled: rest(hits.titled) })
  })

  return choose
}
