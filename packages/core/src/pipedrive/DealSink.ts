/**
 * One deal for each file, with the content as its note (`GITPIP_PUBLISH_AS=deal`, fileItem.ts).
 *
 * Guarantees: one deal is created for a file.
 */
import { DateTime, Effect, Layer, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import { dealPrice, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import * as Contacts from "./contacts.ts"
import { addedSince } from "./deals.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import * as FileItem from "./fileItem.ts"
import { Pipedrive } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import { failing, sinking } from "./sinkErrors.ts"
import { deleteItem } from "./targets.ts"

const itemOf = (remoteId: string): FileItem.Bare => ({ remoteId, parent: { deal_id: Number(remoteId) } })

export const layer: Layer.Layer<Sink, never, Pipedrive | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const settings = yield* Settings
    const placing = yield* Placing.make(pipedrive, settings)
    const contacts = Contacts.make(pipedrive, settings.person)
    const notes = FileItem.notes(pipedrive, "deal")

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      prepare: Effect.asVoid(placing.current),
      fault: placing.fault,
      ...(contacts === undefined ? {} : { contacts }),
      target: () => Effect.succeed(""),
      forget: () => Effect.void,
      create: Effect.fn("DealSink.create")(function* ({ begin, content, delivery }) {
        const placement = yield* placing.current
        const deal = { title: FileItem.titleOf(delivery), ...placement.deal }
        const { id } = yield* pipedrive.createDeal(deal, begin).pipe(
          whenRefused((reason) =>
            Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))
          ),
          Effect.catchTag("PipedriveError", failing)
        )
        return yield* notes.add(itemOf(String(id)), delivery, content)
      }),
      find: Effect.fn("DealSink.find")(function* (_target, delivery, since) {
        const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
        const own = FileItem.titleOf(delivery)
        return (yield* addedSince(pipedrive, oldest, (title) => title === own)).map(({ id }) => String(id))
      }),
      finish: Effect.fn("DealSink.finish")((remoteId, delivery, content) =>
        notes.complete(itemOf(remoteId), delivery, content)
      ),
      // A duplicate of a user's deal or person may be left from the time when files were published as activities.
      deleteDuplicate: (remoteId) => sinking(deleteItem(pipedrive, remoteId, pipedrive.deleteDeal)),
      price: dealPrice,
      probe: Effect.asVoid(sinking(pipedrive.me)),
      budget: pipedrive.budget,
      concurrency: pipedrive.concurrency,
      block: pipedrive.block
    })
  })
)
