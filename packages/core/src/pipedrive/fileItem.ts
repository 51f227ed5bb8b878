/**
 * What a file becomes when it is an item of its own: a deal or a lead, with the content as its note.
 *
 * Two requests make one publication. The end of the title is the marker, since the user may be renamed meanwhile. When the
 * process ends between the requests, the next attempt finds the item by the end of its title, and adds the note.
 *
 * Guarantees: an item whose note is refused stays, with a shorter note or without one.
 */
import { createHash } from "node:crypto"
import { Effect } from "effect"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import { cut } from "../domain/Text.ts"
import { type Created, type Delivery, OutcomeUnknown, SinkError } from "../publish/Sink.ts"
import { bearsMarker, fromFile, subject, subjectLimit } from "./activity.ts"
import { PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import type { NoteParent, Pipedrive } from "./Pipedrive.ts"
import { remarkOn, sinking } from "./sinkErrors.ts"

type Named = Pick<Delivery, "filename" | "username" | "gistId" | "htmlUrl">

/** Short, and unique to the file. */
export const markOf = ({ htmlUrl }: Pick<Delivery, "htmlUrl">): string =>
  createHash("sha256").update(htmlUrl).digest("hex").slice(0, 10)

/** The item's title, with the marker at its end: one line, unique to the file, at most `subjectLimit` units. */
export const titleOf = (delivery: Named): string => {
  const tail = ` · ${delivery.username} · ${cut(delivery.gistId, 40)} ${markOf(delivery)}`
  return `${cut(subject(delivery.filename), subjectLimit - tail.length)}${tail}`
}

/** Whether an item's title is the file's, also when its user was renamed, or a person has edited its beginning. */
export const hasMark = (title: string, delivery: Named): boolean => title.endsWith(` ${markOf(delivery)}`)

/** An item without its note. */
export interface Bare {
  readonly remoteId: string
  readonly parent: NoteParent
}

/** The notes of items that are called `name` in remarks for people. */
export const notes = (pipedrive: Pick<Pipedrive["Service"], "createNote" | "notesOf">, name: "deal" | "lead") => {
  /** Adds the note. Any failure leaves the item behind, so that the next attempt must find it. */
  const add = ({ parent, remoteId }: Bare, delivery: Delivery, content: Content): Effect.Effect<Created, SinkError> => {
    const note = (content: Content) =>
      pipedrive.createNote({ ...parent, content: fromFile({ ...delivery, content }).note })
    const afterRefusal = (refusal: Refusal): Effect.Effect<Created, PipedriveError> => {
      const bare = { remoteId, remark: `The ${name} has no note: ${refusal.message}` }
      if (content._tag === "Omitted") return Effect.succeed(bare)
      return note(contentRefused).pipe(
        Effect.as({ remoteId, remark: `The content was left out: ${refusal.message}` }),
        // A missing right may be temporary: the next attempts find the item, and try the note again.
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

  return {
    add,
    /** Adds the note to an item that a lookup found, unless the note is there. */
    complete: Effect.fnUntraced(function* (item: Bare, delivery: Delivery, content: Content) {
      const present = yield* sinking(pipedrive.notesOf(item.parent))
      const isWhole = present.some(
        (note) => typeof note.content === "string" && bearsMarker(note.content, delivery.htmlUrl)
      )
      return isWhole ? { remoteId: item.remoteId } : yield* add(item, delivery, content)
    })
  }
}
