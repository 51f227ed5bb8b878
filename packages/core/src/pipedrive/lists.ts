/** The company's own lists of things that settings name: pipelines, stages, users, labels, priorities, activity types. */
import { Effect, Option, type Schema } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import { ActivityType, WireField, WireLeadLabel, WirePipeline, WireStage, WireUser } from "./wire.ts"

/** Something with an id and a name that people know. */
export interface Named {
  readonly id: number
  readonly name: string
}

export interface NamedStage extends Named {
  readonly pipelineId: number | undefined
}

export interface NamedUser extends Named {
  readonly email: string | undefined
}

/** A type of activities. Activities bear its key. */
export interface NamedType {
  readonly key: string
  readonly id: number | undefined
  readonly name: string
}

/** A label of leads, which have labels of their own. */
export interface NamedLeadLabel {
  /** A UUID. */
  readonly id: string
  readonly name: string
}

/** The choices of two fields of a deal, and the fields that the company added. */
export interface DealChoices {
  readonly dealFields: ReadonlyArray<NamedField>
  readonly labels: ReadonlyArray<Named>
  readonly visibilities: ReadonlyArray<Named>
}

/** A field that a company added. */
export interface NamedField {
  /** 40 characters. */
  readonly key: string
  readonly name: string
}

type List = ReturnType<typeof makeCalls>["list"]

const pageSize = 500

/** More pages than any company has. A service that names a next page each time would keep Gitpip reading. */
const maxPages = 20

const isActive = (flag: unknown): boolean => flag !== false && flag !== 0

const nameOf = ({ name }: { readonly name?: string | null | undefined }): string => name ?? ""

export const make = (list: List) => {
  /** All pages of a list of version 2. */
  const all = Effect.fnUntraced(function* <A, I>(schema: Schema.Codec<A, I>, path: string) {
    const items: Array<A> = []
    let cursor = Option.none<string>()
    for (let page = 0; page < maxPages; page++) {
      const query = { limit: pageSize, ...(Option.isSome(cursor) ? { cursor: cursor.value } : {}) }
      const found = yield* list(schema, path, { cost: 10, query })
      items.push(...found.items)
      cursor = found.cursor
      if (Option.isNone(cursor)) break
    }
    return items as ReadonlyArray<A>
  })

  /** The choices of a field. The description of version 2 does not give the code of the field of labels. */
  const choicesOf = (
    fields: ReadonlyArray<typeof WireField.Type>,
    codes: ReadonlyArray<string>
  ): ReadonlyArray<Named> =>
    fields
      .filter(({ field_code }) => codes.includes(field_code))
      .flatMap(({ options }) => options ?? [])
      .map(({ id, label }) => ({ id: Number(id), name: label ?? "" }))
      .filter(({ id }) => Number.isSafeInteger(id))

  /** Fields of one line of text. https://developers.pipedrive.com/docs/api/v1/PersonFields */
  const textFields = (fields: ReadonlyArray<typeof WireField.Type>): ReadonlyArray<NamedField> =>
    fields
      .filter(
        ({ field_type, is_custom_field }) => is_custom_field === true && field_type?.startsWith("varchar") === true
      )
      .map(({ field_code, field_name }) => ({ key: field_code, name: field_name ?? "" }))

  return {
    activityTypes: Effect.map(list(ActivityType, "v1/activityTypes", { cost: 20 }), ({ items }) =>
      items
        .filter((type) => isActive(type.active_flag))
        .map((type): NamedType => ({ key: type.key_string, id: type.id ?? undefined, name: nameOf(type) }))
    ),
    pipelines: Effect.map(all(WirePipeline, "v2/pipelines"), (items) =>
      items.filter((item) => item.is_deleted !== true).map((item): Named => ({ id: item.id, name: nameOf(item) }))
    ),
    stages: Effect.map(all(WireStage, "v2/stages"), (items) =>
      items
        .filter((item) => item.is_deleted !== true)
        .map((item): NamedStage => ({ id: item.id, name: nameOf(item), pipelineId: item.pipeline_id ?? undefined }))
    ),
    users: Effect.map(list(WireUser, "v1/users", { cost: 20 }), ({ items }) =>
      items
        .filter((item) => item.is_deleted !== true && isActive(item.active_flag))
        .map((item): NamedUser => ({ id: item.id, name: nameOf(item), email: item.email ?? undefined }))
    ),
    dealChoices: Effect.map(
      all(WireField, "v2/dealFields"),
      (fields): DealChoices => ({
        dealFields: textFields(fields),
        labels: choicesOf(fields, ["label_ids", "label"]),
        visibilities: choicesOf(fields, ["visible_to"])
      })
    ),
    leadLabels: Effect.map(list(WireLeadLabel, "v1/leadLabels", { cost: 20 }), ({ items }) =>
      items.map((item): NamedLeadLabel => ({ id: item.id, name: nameOf(item) }))
    ),
    personFields: Effect.map(all(WireField, "v2/personFields"), textFields),
    priorities: Effect.map(all(WireField, "v2/activityFields"), (fields) => choicesOf(fields, ["priority"]))
  } satisfies Record<string, Effect.Effect<unknown, PipedriveError>>
}
