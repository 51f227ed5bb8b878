/**
 * One deal for each file, with the content as its note (`GITPIP_PUBLISH_AS=deal`).
 *
 * Two requests make one publication. The deal's title holds the gist's id beside the file name, so it is the marker; a
 * deal that was made without its note, because the process ended in between, is found by it, deleted and made again.
 */
import { createHash } from "node:crypto"
import { DateTime, Effect, Layer, Option } from "effect"
import { bearsMarker, fromFile, subject, subjectLimit } from "../domain/Activity.ts"
import type { Content } from "../domain/GistFile.ts"
import { cut } from "../domain/Text.ts"
import * as Timing from "../domain/Timing.ts"
import { Pipedrive } from "../Pipedrive.ts"
import { type Delivery, dealPrice, OutcomeUnknown, Sink, SinkError } from "../Sink.ts"
import { dealOfReceipt, withTitle } from "./deals.ts"
import { sinking } from "./errors.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive

    /** Whatever fails once the deal is there leaves a deal behind: the next try must find it. */
    const addNote = (id: number, delivery: Delivery, content: Content) =>
      sinking(pipedrive.createNote({ deal_id: id, content: fromFile({ ...delivery, content }).note })).pipe(
        Effect.mapError((error) => new SinkError({ reason: new OutcomeUnknown({ message: error.message }) }))
      )

    return Sink.of({
      door: pipedrive.door,
      off: Option.none(),
      target: () => Effect.succeed(""),
      forget: () => Effect.void,
      create: Effect.fn("DealSink.create")(function* (_target, delivery, content, begin) {
        const id = yield* sinking(pipedrive.createDeal(title(delivery), begin))
        yield* addNote(id, delivery, content)
        return String(id)
      }),
      find: Effect.fn("DealSink.find")(function* (_target, delivery, since) {
        const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
        const whole: Array<string> = []
        for (const { id } of yield* withTitle(pipedrive, title(delivery), oldest)) {
          const notes = yield* sinking(pipedrive.notesOfDeal(id))
          if (notes.some(({ content }) => typeof content === "string" && bearsMarker(content, delivery.htmlUrl))) {
            whole.push(String(id))
          } else {
            // Half done. Taking the deal back makes it whole again: nothing is there, and the next try starts over.
            yield* sinking(pipedrive.deleteDeal(id))
          }
        }
        return whole
      }),
      // A twin of a user's deal may be left from the time when files were published as activities.
      retract: (receipt) =>
        sinking(pipedrive.deleteDeal(Option.getOrElse(dealOfReceipt(receipt), () => Number(receipt)))),
      price: dealPrice,
      budget: pipedrive.budget,
      close: pipedrive.close
    })
  })
)

/** The deal's title, and the marker: one line, unique to the file, at most `subjectLimit` units. */
export const title = (delivery: Pick<Delivery, "filename" | "username" | "gistId" | "htmlUrl">): string => {
  const hash = createHash("sha256").update(delivery.htmlUrl).digest("hex").slice(0, 10)
  const tail = ` · ${delivery.username} · ${cut(delivery.gistId, 40)} ${hash}`
  return `${cut(subject(delivery.filename), subjectLimit - tail.length)}${tail}`
}
