/** Lists of the newest items first: how a lookup finds what was created, since searches lag behind. */
import { type DateTime, Effect, Option } from "effect"
import type { SinkError } from "../publish/Sink.ts"
import { OutcomeUnknown, PipedriveError } from "./errors.ts"
import { failing, sinking } from "./sinkErrors.ts"
import type { Page } from "./wire.ts"

interface Listed {
  readonly id: number | string
  readonly add_time?: string | null | undefined
}

/**
 * The wanted items that were added since then, oldest first. Fails when the list leads back to a page that was read, and none is
 * found: an item that is missed would be created again.
 */
export const newestSince = Effect.fnUntraced(function* <A extends Listed>(
  list: (cursor: Option.Option<string>) => Effect.Effect<Page<A>, PipedriveError>,
  { isWanted, since }: { readonly since: DateTime.Utc; readonly isWanted: (item: A) => boolean }
): Effect.fn.Return<ReadonlyArray<A>, SinkError> {
  const found = new Map<A["id"], A>()
  const read = new Set<string>()
  let cursor = Option.none<string>()
  for (;;) {
    const page = yield* sinking(list(cursor))
    for (const item of page.items) if (isWanted(item)) found.set(item.id, item)
    if (Option.isNone(page.cursor) || page.items.some((item) => isBefore(item.add_time, since))) {
      return oldestFirst([...found.values()])
    }
    cursor = page.cursor
    if (read.has(page.cursor.value))
      return found.size > 0 ? oldestFirst([...found.values()]) : yield* failing(leadsBack)
    read.add(page.cursor.value)
  }
})

const leadsBack = new PipedriveError({
  reason: new OutcomeUnknown({
    message: "Pipedrive's list leads back to a page that was read, so its end is not known"
  })
})

/** Numbers grow with time. Other ids say nothing, so that the order of the list is turned round. */
const oldestFirst = <A extends Listed>(newest: ReadonlyArray<A>): ReadonlyArray<A> =>
  newest.toReversed().toSorted(({ id: a }, { id: b }) => (typeof a === "number" && typeof b === "number" ? a - b : 0))

/** Whether a timestamp of Pipedrive's is before an instant. A missing or unreadable one is not. */
const isBefore = (time: string | null | undefined, instant: DateTime.Utc): boolean =>
  time !== null && time !== undefined && Date.parse(time) < instant.epochMilliseconds
