/**
 * The deal that bears a user's name: adopted from a person, or created once, and remembered.
 *
 * Pipedrive lets many deals bear one title, so two creations would make twins. One process at a time finds or creates a
 * user's deal, under a lease; a creation whose answer was lost is looked for among the newest deals (the search lags).
 */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Pipedrive, StoredDeal } from "../Pipedrive.ts"
import type { Repository } from "../Repository.ts"
import { NotSent, type Recipient, SinkError } from "../Sink.ts"
import { sinking, storing } from "./errors.ts"

/** Long enough for a search, a look and a create that all wait for their turn. */
const lease = Duration.minutes(5)

export const ensureDeal = Effect.fn("ensureDeal")(function* (
  pipedrive: Pipedrive["Service"],
  deals: Repository["Service"]["deals"],
  { userKey, username }: Recipient
): Effect.fn.Return<number, SinkError> {
  const row = yield* storing(deals.claim(userKey, lease))
  if (row.dealId !== null) return row.dealId
  if (!row.leased) return yield* busy("another process is finding or creating the user's deal")

  const findOrCreate = Effect.gen(function* () {
    if (row.sentAt !== null) {
      const since = row.sentAt
      const now = yield* DateTime.now
      if (DateTime.isLessThan(now, DateTime.addDuration(since, Timing.sendMargin))) {
        return yield* busy("the answer to the creation of the user's deal was lost; it is looked for in a minute")
      }
      const created = yield* newestWithTitle(pipedrive, username, DateTime.subtractDuration(since, Timing.clockSlack))
      if (Option.isSome(created)) return created.value.id
      yield* storing(deals.clear(userKey))
      return yield* busy("the lost creation of the user's deal did not happen; it is created next")
    }
    const adopted = yield* sinking(pipedrive.searchDeals(username))
    const theirs = adopted
      .filter(
        (deal) =>
          deal.title.toLowerCase() === username.toLowerCase() && deal.is_archived !== true && deal.status !== "deleted"
      )
      // An open one rather than a closed one, the oldest of several.
      .toSorted((a, b) => Number(b.status === "open") - Number(a.status === "open") || a.id - b.id)
    if (theirs[0] !== undefined) return theirs[0].id

    return yield* Effect.uninterruptible(
      Effect.gen(function* () {
        const sent = yield* storing(
          deals.beginSend(userKey, new Date(yield* Clock.currentTimeMillis), Timing.sendMargin)
        )
        if (!sent) return yield* busy("finding the user's deal took too long")
        const id = yield* sinking(pipedrive.createDeal(username)).pipe(
          Effect.tapError((error) =>
            error.reason._tag === "SinkOutcomeUnknown" ? Effect.void : storing(deals.clear(userKey))
          )
        )
        yield* storing(deals.record(userKey, id))
        return id
      })
    )
  })

  const id = yield* findOrCreate.pipe(Effect.onError(() => Effect.ignore(deals.release(userKey))))
  yield* storing(deals.record(userKey, id))
  return id
})

/** The newest deal of exactly this title that was added since then. */
export const newestWithTitle = Effect.fnUntraced(function* (
  pipedrive: Pipedrive["Service"],
  title: string,
  since: DateTime.Utc
): Effect.fn.Return<Option.Option<StoredDeal>, SinkError> {
  let cursor = Option.none<string>()
  for (;;) {
    const page = yield* sinking(pipedrive.newestDeals(cursor))
    const found = page.items.find((deal) => deal.title === title)
    if (found !== undefined) return Option.some(found)
    if (Option.isNone(page.cursor) || page.items.some((deal) => isBefore(deal.add_time, since))) return Option.none()
    cursor = page.cursor
  }
})

/** Whether a timestamp of Pipedrive's is before an instant. One that is missing or unreadable is not. */
export const isBefore = (time: string | null | undefined, instant: DateTime.Utc): boolean =>
  time !== null && time !== undefined && Date.parse(time) < instant.epochMilliseconds

const busy = (message: string) => Effect.fail(new SinkError({ reason: new NotSent({ message }) }))
