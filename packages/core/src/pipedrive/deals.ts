/**
 * The deal that bears a user's name: adopted from a person, or created once, and remembered.
 *
 * Pipedrive lets many deals bear one title, so a second create would make a duplicate. One process at a time finds or
 * creates a user's deal, under a lease. When the response to a create is lost, the newest deals show whether it happened:
 * the search lags behind.
 */
import { DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { Store } from "../store/Store.ts"
import type { Pipedrive, StoredDeal } from "./Pipedrive.ts"
import { notYet, sinking, storing } from "./sinkErrors.ts"

/** Why a deal cannot be used, or `undefined`. Deleted and archived deals cannot be edited. */
export const whyUnusable = (
  deal: Option.Option<Pick<StoredDeal, "is_archived" | "is_deleted" | "status">>
): string | undefined => {
  if (Option.isNone(deal) || deal.value.is_deleted === true || deal.value.status === "deleted") {
    return "is deleted, or hidden from the token's user"
  }
  return deal.value.is_archived === true ? "is archived" : undefined
}

/** Long enough for a search, a lookup and a create that all wait behind a limit. */
const lease = Duration.minutes(5)

export const ensureDeal = Effect.fn("ensureDeal")(function* (
  pipedrive: Pipedrive["Service"],
  deals: Store["Service"]["deals"],
  { userKey, username }: Recipient
): Effect.fn.Return<number, SinkError> {
  const row = yield* storing(deals.claim(userKey, lease))
  if (row.dealId !== null) return row.dealId
  if (!row.leased) return yield* notYet("Another process is finding or creating the user's deal", Duration.seconds(30))
  const own = { userKey, epoch: row.epoch }

  const findOrCreate = Effect.gen(function* () {
    if (row.sentAt !== null) {
      const ago = Duration.seconds(Math.max(row.sentAgo ?? 0, 0))
      const wait = (until: Duration.Duration) => Duration.subtract(until, ago)
      if (Duration.isLessThan(ago, Timing.sendMargin)) {
        return yield* notYet(
          "The response to the creation of the user's deal was lost; a lookup follows in a minute",
          wait(Timing.sendMargin)
        )
      }
      const created = yield* withTitle(pipedrive, username, DateTime.subtractDuration(row.sentAt, Timing.clockSlack))
      const usable = created.find((deal) => whyUnusable(Option.some(deal)) === undefined)
      if (usable !== undefined) return usable.id
      if (Duration.isLessThan(ago, Timing.certainDelay)) {
        return yield* notYet(
          "Pipedrive does not show the user's deal yet, whose creation was not confirmed",
          wait(Timing.certainDelay)
        )
      }
      yield* storing(deals.clear(own))
      return yield* notYet("The user's deal was not created; it is created next", Duration.seconds(1))
    }
    const adopted = yield* sinking(pipedrive.searchDeals(username))
    const theirs = adopted
      .filter(
        (deal) => deal.title.toLowerCase() === username.toLowerCase() && whyUnusable(Option.some(deal)) === undefined
      )
      // An open deal before a closed one, then the oldest.
      .toSorted((a, b) => Number(b.status === "open") - Number(a.status === "open") || a.id - b.id)
    if (theirs[0] !== undefined) return theirs[0].id

    return yield* Effect.uninterruptible(
      Effect.gen(function* () {
        const begin = Effect.catch(deals.beginSend(own, Timing.sendMargin), () => Effect.succeed(false))
        const id = yield* sinking(pipedrive.createDeal(username, begin)).pipe(
          Effect.tapError((error) =>
            error.reason._tag === "SinkOutcomeUnknown" ? Effect.void : storing(deals.clear(own))
          )
        )
        // A process that slept meanwhile may find another deal on record: the recorded deal stays, and its own is deleted.
        return yield* storing(deals.record(userKey, id, dealRemoteId(id)))
      })
    )
  })

  const id = yield* findOrCreate.pipe(Effect.onError(() => Effect.ignore(deals.release(own))))
  return yield* storing(deals.record(userKey, id))
})

const prefix = "deal:"

/** Names a user's deal among the remote ids of duplicates, which are activities otherwise. */
const dealRemoteId = (id: number): string => `${prefix}${id}`

/** The user's deal that a remote id names. */
export const dealOfRemoteId = (remoteId: string): Option.Option<number> =>
  remoteId.startsWith(prefix) ? Option.some(Number(remoteId.slice(prefix.length))) : Option.none()

/** The deals of exactly this title that were added since then, oldest first. */
export const withTitle = Effect.fnUntraced(function* (
  pipedrive: Pipedrive["Service"],
  title: string,
  since: DateTime.Utc
): Effect.fn.Return<ReadonlyArray<StoredDeal>, SinkError> {
  const found: Array<StoredDeal> = []
  let cursor = Option.none<string>()
  for (;;) {
    const page = yield* sinking(pipedrive.newestDeals(cursor))
    found.push(...page.items.filter((deal) => deal.title === title))
    if (Option.isNone(page.cursor) || page.items.some((deal) => isBefore(deal.add_time, since))) {
      return found.toSorted((a, b) => a.id - b.id)
    }
    cursor = page.cursor
  }
})

/** Whether a timestamp of Pipedrive's is before an instant. A missing or unreadable one is not. */
export const isBefore = (time: string | null | undefined, instant: DateTime.Utc): boolean =>
  time !== null && time !== undefined && Date.parse(time) < instant.epochMilliseconds
