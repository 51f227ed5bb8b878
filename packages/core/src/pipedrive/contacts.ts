/** The persons of Pipedrive who have a GitHub username in the field that `GITPIP_PERSON_FIELD` names. */
import { Clock, Duration, Effect, Option, Result } from "effect"
import { ItemRefused, NoSuchPage, type SinkContacts, SinkError } from "../publish/Sink.ts"
import type { PersonSettings } from "../Settings.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import { findNamedPersonField } from "./placement.ts"
import { failing, sinking } from "./sinkErrors.ts"

/** A page of a list, and the fields of persons: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
const pageCost = 10

/** In milliseconds. A list may show a change a while after its time. */
const slack = 10 * 60_000

/** The instant, some time earlier and in whole seconds: version 2 refuses fractions. `undefined` when it is no instant. */
export const withSlack = (instant: string): string | undefined => {
  const millis = Date.parse(instant)
  return Number.isNaN(millis) ? undefined : `${new Date(millis - slack).toISOString().slice(0, 19)}Z`
}

/** A 400 for a page behind the first one is about its cursor, whose form Pipedrive does not document. */
const whenNoPage = (next: string | null) =>
  whenRefused(
    (reason): Effect.Effect<never, NoSuchPage | PipedriveError> =>
      next !== null && reason._tag === "Refused" && reason.status === 400
        ? Effect.fail(
            new NoSuchPage({ message: `No page of the list begins at ${JSON.stringify(next)}: ${reason.message}` })
          )
        : Effect.fail(new PipedriveError({ reason }))
  )

/** How long the key of the field is taken for true. A field that is deleted and made again has another one. */
const keyMemory = Duration.days(1)

/**
 * Reads persons by the key of the field, which is found once a day. With another key than before, a reading reads all persons.
 * `undefined` when the settings name no field.
 */
export const make = (pipedrive: Pipedrive["Service"], { field }: PersonSettings) => {
  if (Option.isNone(field)) return undefined
  let known: { readonly key: string; readonly until: number } | undefined
  /** Whether a reading to the end has to read all persons, since the key is new. */
  let readsAll = false

  const findKey = Effect.fnUntraced(function* (next: string | null) {
    const now = yield* Clock.currentTimeMillis
    if (known !== undefined && (next !== null || now < known.until)) return { key: known.key, cost: 0 }
    const fields = yield* sinking(
      Effect.map(pipedrive.personFields, Option.some).pipe(whenRefused(() => Effect.succeedNone))
    )
    const found = findNamedPersonField(field.value, Option.getOrUndefined(fields))
    if (Result.isFailure(found)) {
      return yield* new SinkError({ reason: new ItemRefused({ message: found.failure }) })
    }
    const key = found.success
    readsAll ||= known !== undefined && known.key !== key
    known = { key, until: now + Duration.toMillis(keyMemory) }
    return { key, cost: pageCost }
  })

  return Effect.fn("Pipedrive.contacts")(function* ({
    changedSince,
    next
  }: {
    readonly next: string | null
    readonly changedSince: string | null
  }): Effect.fn.Return<SinkContacts, SinkError | NoSuchPage> {
    const { cost, key } = yield* findKey(next)
    const page = yield* pipedrive
      .changedPersons({
        field: key,
        cursor: Option.fromNullishOr(next),
        since: changedSince === null || readsAll ? undefined : withSlack(changedSince)
      })
      .pipe(whenNoPage(next), Effect.catchTag("PipedriveError", failing))
    if (Option.isNone(page.cursor)) readsAll = false
    const persons = page.items.flatMap(({ custom_fields, id, is_deleted }) => {
      const text = custom_fields?.[key]
      return typeof text === "string" && text.trim() !== "" && is_deleted !== true ? [{ id, text }] : []
    })
    return {
      persons,
      next: Option.getOrNull(page.cursor),
      // In the order of changes.
      newest: page.items.at(-1)?.update_time ?? null,
      cost: cost + pageCost
    }
  })
}
