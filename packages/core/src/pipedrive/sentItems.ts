/**
 * What was sent before, in whichever form: its lookup, its completion, and its duplicates. The target says the form, since
 * `GITPIP_PUBLISH_AS` may have changed after the request left.
 */
import { DateTime, Effect } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Delivery, Sink } from "../publish/Sink.ts"
import { bearsMarker } from "./activity.ts"
import { whyUnusable } from "./chooseDeal.ts"
import { addedSince } from "./deals.ts"
import { whenRefused } from "./errors.ts"
import * as FileItem from "./fileItem.ts"
import { newestSince } from "./newest.ts"
import type { Pipedrive, StoredActivity, StoredLead } from "./Pipedrive.ts"
import { sinking } from "./sinkErrors.ts"
import { deleteItem } from "./targets.ts"

type Find = Sink["Service"]["find"]

/** The target of a user's leads. A deal of a file has an empty target, and an activity the number of its deal. */
export const targetOfLeads = (person: number): string => `${leadPrefix}${person}`
/** The person whom the target of leads names. */
export const personOfLeads = (target: string): number => Number(target.slice(leadPrefix.length))
const leadPrefix = "person:"

const formOf = (target: string): "activity" | "deal" | "lead" =>
  target === "" ? "deal" : target.startsWith(leadPrefix) ? "lead" : "activity"

/** Unlike the title, no person can edit this. */
export const originOf = (delivery: Delivery): string => `gitpip-${FileItem.markOf(delivery)}`

/**
 * The kind and number of a duplicate, for `deleteItem`. Hazard: the deal of a lead that a person converted may be the lead on
 * record, and is the person's: it bears a kind that is not deleted.
 */
const duplicateId = (remoteId: string, target: string): string => {
  const form = formOf(target)
  if (form !== "lead") return `${form}:${remoteId}`
  return remoteId.startsWith("deal:") ? `converted-${remoteId}` : remoteId
}

/** A lead by its id. A converted lead is a deal, by its number behind `deal:`. */
export const leadOf = (remoteId: string): FileItem.Bare => {
  const [kind, id] = remoteId.split(":")
  return { remoteId, parent: kind === "deal" ? { deal_id: Number(id) } : { lead_id: remoteId } }
}

/** A file's deal by its number. */
export const dealOf = (remoteId: string): FileItem.Bare => ({ remoteId, parent: { deal_id: Number(remoteId) } })

/** The part of a sink that concerns what was sent before. */
export const make = (
  pipedrive: Pipedrive["Service"]
): Required<Pick<Sink["Service"], "deleteDuplicate" | "duplicateId" | "find" | "finishOf">> => {
  const find = { activity: findActivities(pipedrive), deal: findDeals(pipedrive), lead: findLeads(pipedrive) }
  const deals = FileItem.notes(pipedrive, "deal")
  const leads = FileItem.notes(pipedrive, "lead")
  const finish = {
    activity: undefined,
    deal: (remoteId, delivery, content) => deals.complete(dealOf(remoteId), delivery, content),
    lead: (remoteId, delivery, content) => leads.complete(leadOf(remoteId), delivery, content)
  } satisfies Record<ReturnType<typeof formOf>, ReturnType<NonNullable<Sink["Service"]["finishOf"]>>>
  return {
    find: (target, delivery, since) => find[formOf(target)](target, delivery, since),
    finishOf: (target) => finish[formOf(target)],
    duplicateId,
    deleteDuplicate: (duplicateId) => sinking(deleteItem(pipedrive, duplicateId))
  }
}

/**
 * The activities of a file are those on the deal whose note bears its link. When the deal is gone, a person may have merged
 * it: Pipedrive moves its activities to another deal, and all newest activities are searched.
 */
const findActivities = (pipedrive: Pipedrive["Service"]): Find =>
  Effect.fn("Pipedrive.findActivities")(function* (target: string, { htmlUrl }: Delivery, since: DateTime.Utc) {
    const deal = Number(target)
    const wanted = {
      since: DateTime.subtractDuration(since, Timing.clockSlack),
      isWanted: ({ note }: StoredActivity) => typeof note === "string" && bearsMarker(note, htmlUrl)
    }
    const own = yield* newestSince((cursor) => pipedrive.activitiesOfDeal(deal, cursor), wanted)
    if (own.length > 0 || !(yield* isGone(pipedrive, deal))) return idsOf(own)
    const present = yield* newestSince(pipedrive.newestActivities, wanted)
    return idsOf(present.filter(({ deal_id }) => typeof deal_id === "number" && deal_id !== deal))
  })

const idsOf = (activities: ReadonlyArray<StoredActivity>) => [...new Set(activities.map(({ id }) => String(id)))]

/** 1 token. A deal that the token's user may not read is not known to be gone. */
const isGone = (pipedrive: Pipedrive["Service"], id: number) =>
  sinking(
    pipedrive.deal(id).pipe(
      Effect.map((deal) => whyUnusable(deal) !== undefined),
      whenRefused(() => Effect.succeed(false))
    )
  )

/** The deals of a file have its mark. */
const findDeals = (pipedrive: Pipedrive["Service"]): Find =>
  Effect.fn("Pipedrive.findFileDeals")(function* (_target: string, delivery: Delivery, since: DateTime.Utc) {
    const found = yield* addedSince(pipedrive, DateTime.subtractDuration(since, Timing.clockSlack), (title) =>
      FileItem.hasMark(title, delivery)
    )
    return found.map(({ id }) => String(id))
  })

/** The leads of a file bear its mark. Without any, a deal bears it: a person has converted the lead. */
const findLeads = (pipedrive: Pipedrive["Service"]): Find =>
  Effect.fn("Pipedrive.findLeads")(function* (_target: string, delivery: Delivery, since: DateTime.Utc) {
    const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
    const origin = originOf(delivery)
    const wanted = {
      since: oldest,
      isWanted: (lead: StoredLead) => lead.origin_id === origin || FileItem.hasMark(lead.title, delivery)
    }
    const present = yield* newestSince((cursor) => pipedrive.newestLeads(oldest, cursor), wanted)
    const archived = yield* newestSince(pipedrive.archivedLeads, wanted)
    const leads = [...archived, ...present].map(({ id }) => id)
    if (leads.length > 0) return [...new Set(leads)]
    const converted = yield* addedSince(pipedrive, oldest, (title) => FileItem.hasMark(title, delivery))
    return converted.slice(0, 1).map(({ id }) => `deal:${id}`)
  })
