/**
 * One deal for each file, with the content as its note (`GITPIP_PUBLISH_AS=deal`).
 *
 * Two requests make one publication. The deal's title holds the gist's id beside the file name, so the title is the marker.
 * When the process ends between the requests, the next attempt finds the deal by its title, and adds the note.
 *
 * Guarantees: one deal is created for a file. A deal whose note is refused stays, with a shorter note or without one.
 */
import { createHash } from "node:crypto"
import { DateTime, Effect, Layer, Option } from "effect"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import { cut } from "../domain/Text.ts"
import * as Timing from "../domain/Timing.ts"
import { type Created, type Delivery, dealPrice, OutcomeUnknown, Sink, SinkError } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { bearsMarker, fromFile, subject, subjectLimit } from "./activity.ts"
import * as Contacts from "./contacts.ts"
import { addedSince } from "./deals.ts"
import { PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import { Pipedrive } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import { failing, remarkOn, sinking } from "./sinkErrors.ts"
import { deleteItem } from "./targets.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const settings = yield* Settings
    const placing = yield* Placing.make(pipedrive, settings)
    const contacts = Contacts.make(pipedrive, settings.person)

    /** Adds the note. Any failure leaves the deal behind, so that the next attempt must find it. */
    const addNote = (id: number, delivery: Delivery, content: Content): Effect.Effect<Created, SinkError> => {
      const remoteId = String(id)
      const note = (content: Content) =>
        pipedrive.createNote({ deal_id: id, content: fromFile({ ...delivery, content }).note })
      const afterRefusal = (refusal: Refusal): Effect.Effect<Created, PipedriveError> => {
        const bare = { remoteId, remark: `The deal has no note: ${refusal.message}` }
        if (content._tag === "Omitted") return Effect.succeed(bare)
        return note(contentRefused).pipe(
          Effect.as({ remoteId, remark: `The content was left out: ${refusal.message}` }),
          // A missing right may be temporary: the next attempts find the deal, and try the note again.
          whenRefused(() =>
            refusal._tag === "Forbidden" ? new PipedriveError({ reason: refusal }) : Effect.succeed(bare)
          )
        )
      }
      return note(content).pipe(
        Effect.map((): Created => ({ remoteId, remark: remarkOn(content) })),
        whenRefused(afterRefusal),
        Effect.mapError(({ message }) => new SinkError({ reason: new OutcomeUnknown({ message }) }))
      )
    }

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
        const { id } = yield* pipedrive.createDeal({ title: title(delivery), ...placement.deal }, begin).pipe(
          whenRefused((reason) =>
            Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))
          ),
          Effect.catchTag("PipedriveError", failing)
        )
        return yield* addNote(id, delivery, content)
      }),
      find: Effect.fn("DealSink.find")(function* (_target, delivery, since) {
        const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
        const own = title(delivery)
        return (yield* addedSince(pipedrive, oldest, (title) => title === own)).map(({ id }) => String(id))
      }),
      finish: Effect.fn("DealSink.finish")(function* (remoteId, delivery, content) {
        const notes = yield* sinking(pipedrive.notesOfDeal(Number(remoteId)))
        const isWhole = notes.some(
          (note) => typeof note.content === "string" && bearsMarker(note.content, delivery.htmlUrl)
        )
        return isWhole ? { remoteId } : yield* addNote(Number(remoteId), delivery, content)
      }),
      // A duplicate of a user's deal or person may be left from the time when files were published as activities.
      deleteDuplicate: (remoteId) => sinking(deleteItem(pipedrive, remoteId, pipedrive.deleteDeal)),
      price: dealPrice,
      probe: Effect.asVoid(sinking(pipedrive.me)),
      budget: pipedrive.budget,
      block: pipedrive.block
    })
  })
)

/** The deal's title, and the marker: one line, unique to the file, at most `subjectLimit` units. */
const title = (delivery: Pick<Delivery, "filename" | "username" | "gistId" | "htmlUrl">): string => {
  const hash = createHash("sha256").update(delivery.htmlUrl).digest("hex").slice(0, 10)
  const tail = ` · ${delivery.username} · ${cut(delivery.gistId, 40)} ${hash}`
  return `${cut(subject(delivery.filename), subjectLimit - tail.length)}${tail}`
}
