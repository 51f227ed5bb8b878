/**
 * The deal that bears a user's name: adopted from a person, or created once, and remembered.
 *
 * Pipedrive lets many deals bear one title, so a second create would make a duplicate. One process at a time finds or
 * creates a user's deal, under a lease. When the response to a create is lost, the newest deals show whether it happened:
 * the search lags behind.
 */
import { DateTime, Duration, Effect, Option } from "effect"
import { dealTitle, isTitleFor } from "../domain/DealTitle.ts"
import * as Timing from "../domain/Timing.ts"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { DealSettings } from "../Settings.ts"
import type { DealRow } from "../store/Deals.ts"
import type { Store } from "../store/Store.ts"
import { chooseDeal, severalDeals } from "./chooseDeal.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import type { Pipedrive, StoredDeal } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import { failing, notYet, sinking, storing } from "./sinkErrors.ts"

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

/** A user's deal. The owner is missing when no answer had it. */
export interface OwnDeal {
  readonly _tag: "Deal"
  readonly id: number
  readonly ownerId?: number | undefined
}

/** The user's deal, or why a person has to choose one. */
export type Ensured = OwnDeal | { readonly _tag: "Several"; readonly message: string }

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly deals: Store["Service"]["deals"]
  readonly settings: DealSettings
  readonly placing: Placing
}

/** Finds or creates the deals of users. */
export const make = ({ deals, pipedrive, placing, settings: { title: template } }: Parts) => {
  /** Finds what a create made whose response was lost. Fails while that is not certain. */
  const findCreated = Effect.fnUntraced(function* (
    { sentAgo, sentAt }: { readonly sentAt: DateTime.Utc; readonly sentAgo: number | null },
    own: Own,
    { username }: Recipient
  ) {
    const ago = Duration.seconds(Math.max(sentAgo ?? 0, 0))
    const wait = (until: Duration.Duration) => Duration.subtract(until, ago)
    if (Duration.isLessThan(ago, Timing.sendMargin)) {
      return yield* notYet(
        "The response to the creation of the user's deal was lost; a lookup follows in a minute",
        wait(Timing.sendMargin)
      )
    }
    const created = yield* addedSince(pipedrive, DateTime.subtractDuration(sentAt, Timing.clockSlack), (title) =>
      isTitleFor(template, username, title)
    )
    const usable = created.find((deal) => whyUnusable(Option.some(deal)) === undefined)
    if (usable !== undefined) return { _tag: "Deal", id: usable.id, ownerId: usable.owner_id ?? undefined } as const
    if (Duration.isLessThan(ago, Timing.certainDelay)) {
      return yield* notYet(
        "Pipedrive does not show the user's deal yet, whose creation was not confirmed",
        wait(Timing.certainDelay)
      )
    }
    yield* storing(deals.clear(own))
    return yield* notYet("The user's deal was not created; it is created next", Duration.seconds(1))
  })

  const adopt = Effect.fnUntraced(function* (login: string, title: string, stages: ReadonlySet<number> | undefined) {
    // A search for a part of a title needs two characters. It also finds what Pipedrive proposes: "ann deal".
    const isWholeTitle = login.length < 2
    const found = yield* sinking(pipedrive.searchDeals(login, { isWholeTitle }))
    const isAll = isWholeTitle || Option.isNone(found.cursor)
    const more = isAll ? [] : (yield* sinking(pipedrive.searchDeals(title, { isWholeTitle: true }))).items
    const candidates = [...new Map([...found.items, ...more].map((deal) => [deal.id, deal])).values()]
    return chooseDeal(candidates, { login, title, stages })
  })

  const create = (own: Own, title: string, userKey: Recipient["userKey"]) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const placement = yield* placing.current
        const begin = Effect.catch(deals.beginSend(own, Timing.sendMargin), () => Effect.succeed(false))
        const made = yield* pipedrive.createDeal({ title, ...placement.deal }, begin).pipe(
          whenRefused((reason) =>
            Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))
          ),
          Effect.catchTag("PipedriveError", failing),
          Effect.tapError((error) =>
            error.reason._tag === "SinkOutcomeUnknown" ? Effect.void : storing(deals.clear(own))
          )
        )
        // A process that slept meanwhile may find another deal on record: the recorded deal stays, and its own is deleted.
        const id = yield* storing(deals.record(userKey, made.id, dealRemoteId(made.id)))
        return { _tag: "Deal", id, ownerId: id === made.id ? made.ownerId : undefined } as const
      })
    )

  const findOrCreate = Effect.fnUntraced(function* (row: DealRow, own: Own, recipient: Recipient) {
    const { profile, userKey, username } = recipient
    if (row.sentAt !== null) {
      return yield* findCreated({ sentAt: row.sentAt, sentAgo: row.sentAgo }, own, recipient)
    }
    const { stages } = yield* placing.current
    const title = dealTitle(template, { login: username, ...profile })
    const choice = yield* adopt(username, title, stages)
    switch (choice._tag) {
      case "Several":
        return { _tag: "Several", message: severalDeals(username, choice.deals) } as const
      case "One":
        return { _tag: "Deal", id: choice.deal.id, ownerId: choice.deal.owner?.id ?? undefined } as const
      case "None":
        return yield* create(own, title, userKey)
    }
  })

  return Effect.fn("ensureDeal")(function* (recipient: Recipient): Effect.fn.Return<Ensured, SinkError> {
    const { userKey } = recipient
    const row = yield* storing(deals.claim(userKey, lease))
    if (row.dealId !== null) return { _tag: "Deal", id: row.dealId }
    if (!row.leased) {
      return yield* notYet("Another process is finding or creating the user's deal", Duration.seconds(30))
    }
    const own = { userKey, epoch: row.epoch }
    const release = Effect.ignore(deals.release(own))
    const found = yield* findOrCreate(row, own, recipient).pipe(Effect.onError(() => release))
    if (found._tag === "Several") return yield* Effect.as(release, found)
    const id = yield* storing(deals.record(userKey, found.id))
    return id === found.id ? found : { _tag: "Deal", id }
  })
}

/** The lease under which this caller finds or creates a user's deal. */
type Own = Parameters<Store["Service"]["deals"]["release"]>[0]

const prefix = "deal:"

/** Names a user's deal among the remote ids of duplicates, which are activities otherwise. */
const dealRemoteId = (id: number): string => `${prefix}${id}`

/** The user's deal that a remote id names. */
export const dealOfRemoteId = (remoteId: string): Option.Option<number> =>
  remoteId.startsWith(prefix) ? Option.some(Number(remoteId.slice(prefix.length))) : Option.none()

/** The deals of such a title that were added since then, oldest first. */
export const addedSince = Effect.fnUntraced(function* (
  pipedrive: Pipedrive["Service"],
  since: DateTime.Utc,
  isWanted: (title: string) => boolean
): Effect.fn.Return<ReadonlyArray<StoredDeal>, SinkError> {
  const found: Array<StoredDeal> = []
  let cursor = Option.none<string>()
  for (;;) {
    const page = yield* sinking(pipedrive.newestDeals(cursor))
    found.push(...page.items.filter((deal) => isWanted(deal.title)))
    if (Option.isNone(page.cursor) || page.items.some((deal) => isBefore(deal.add_time, since))) {
      return found.toSorted((a, b) => a.id - b.id)
    }
    cursor = page.cursor
  }
})

/** Whether a timestamp of Pipedrive's is before an instant. A missing or unreadable one is not. */
export const isBefore = (time: string | null | undefined, instant: DateTime.Utc): boolean =>
  time !== null && time !== undefined && Date.parse(time) < instant.epochMilliseconds
