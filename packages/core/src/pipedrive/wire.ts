/**
 * The shapes of Pipedrive's requests and responses, as far as Gitpip needs them.
 * https://developers.pipedrive.com/docs/api/v1/openapi-v2.yaml
 */
import { Effect, Option, Schema } from "effect"
import { fieldOf, reportField } from "../net/unreadable.ts"
import { OutcomeUnknown, PipedriveError } from "./errors.ts"

/** The body of `POST /api/v2/activities`, in the fields that Gitpip sets. */
export interface NewActivity {
  readonly subject: string
  /** `key_string` of an activity type. */
  readonly type: string
  readonly deal_id: number
  readonly org_id?: number
  /** The token's user without it. */
  readonly owner_id?: number
  /** The primary one is the activity's person: `person_id` itself is read-only (https://github.com/n8n-io/n8n/issues/31684). */
  readonly participants?: ReadonlyArray<{ readonly person_id: number; readonly primary: boolean }>
  /** The id of an option of the activity field `priority`. */
  readonly priority?: number
  /** `YYYY-MM-DD`, a calendar day. */
  readonly due_date?: string
  readonly done: boolean
  /** HTML. */
  readonly note: string
}

/** Without a pipeline and a stage Pipedrive takes the first stage of its default pipeline. */
export interface NewDeal {
  readonly title: string
  readonly pipeline_id?: number
  readonly stage_id?: number
  /** The token's user without it. */
  readonly owner_id?: number
  readonly person_id?: number
  readonly org_id?: number
  readonly label_ids?: ReadonlyArray<number>
  readonly visible_to?: number
  /** By the keys of the fields. */
  readonly custom_fields?: Readonly<Record<string, string>>
}

export const StoredActivity = Schema.Struct({
  id: Schema.Int,
  note: Schema.optional(Schema.NullOr(Schema.String)),
  deal_id: Schema.optional(Schema.NullOr(Schema.Int)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean)),
  add_time: Schema.optional(Schema.NullOr(Schema.String))
})
export type StoredActivity = typeof StoredActivity.Type

export const StoredDeal = Schema.Struct({
  id: Schema.Int,
  title: Schema.String,
  add_time: Schema.optional(Schema.NullOr(Schema.String)),
  update_time: Schema.optional(Schema.NullOr(Schema.String)),
  stage_id: Schema.optional(Schema.NullOr(Schema.Int)),
  status: Schema.optional(Schema.NullOr(Schema.String)),
  owner_id: Schema.optional(Schema.NullOr(Schema.Int)),
  person_id: Schema.optional(Schema.NullOr(Schema.Int)),
  org_id: Schema.optional(Schema.NullOr(Schema.Int)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean)),
  is_archived: Schema.optional(Schema.NullOr(Schema.Boolean)),
  // A search answers the values alone, as a list.
  custom_fields: Schema.optional(Schema.Unknown)
})
export type StoredDeal = typeof StoredDeal.Type

export const StoredNote = Schema.Struct({ id: Schema.Int, content: Schema.optional(Schema.NullOr(Schema.String)) })
export type StoredNote = typeof StoredNote.Type

const FoundName = Schema.Struct({
  id: Schema.optional(Schema.NullOr(Schema.Int)),
  name: Schema.optional(Schema.NullOr(Schema.String))
})

/** A search answers a deal in a form of its own: with its owner and stage, and without its pipeline. */
export const FoundDeal = Schema.Struct({
  ...StoredDeal.fields,
  person: Schema.optional(Schema.NullOr(FoundName)),
  organization: Schema.optional(Schema.NullOr(FoundName)),
  owner: Schema.optional(Schema.NullOr(Schema.Struct({ id: Schema.optional(Schema.NullOr(Schema.Int)) }))),
  stage: Schema.optional(Schema.NullOr(Schema.Struct({ id: Schema.optional(Schema.NullOr(Schema.Int)) })))
})
export type FoundDeal = typeof FoundDeal.Type

const Named = {
  id: Schema.Int,
  name: Schema.optional(Schema.NullOr(Schema.String)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean))
}
/** https://developers.pipedrive.com/docs/api/v1/Pipelines#getPipelines */
export const WirePipeline = Schema.Struct(Named)
/** https://developers.pipedrive.com/docs/api/v1/Stages#getStages */
export const WireStage = Schema.Struct({ ...Named, pipeline_id: Schema.optional(Schema.NullOr(Schema.Int)) })
/** https://developers.pipedrive.com/docs/api/v1/Users#getUsers */
export const WireUser = Schema.Struct({
  ...Named,
  email: Schema.optional(Schema.NullOr(Schema.String)),
  active_flag: Schema.optional(Schema.Unknown)
})
/** https://developers.pipedrive.com/docs/api/v1/DealFields#getDealFields */
export const WireField = Schema.Struct({
  field_code: Schema.String,
  field_name: Schema.optional(Schema.NullOr(Schema.String)),
  field_type: Schema.optional(Schema.NullOr(Schema.String)),
  is_custom_field: Schema.optional(Schema.NullOr(Schema.Boolean)),
  options: Schema.optional(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          id: Schema.optional(Schema.Union([Schema.Int, Schema.String])),
          label: Schema.optional(Schema.NullOr(Schema.String))
        })
      )
    )
  )
})

/** https://developers.pipedrive.com/docs/api/v1/LeadLabels#getLeadLabels */
export const WireLeadLabel = Schema.Struct({ id: Schema.String, name: Schema.optional(Schema.NullOr(Schema.String)) })

export const ActivityType = Schema.Struct({
  id: Schema.optional(Schema.NullOr(Schema.Int)),
  name: Schema.optional(Schema.NullOr(Schema.String)),
  key_string: Schema.String,
  active_flag: Schema.optional(Schema.Unknown)
})

export const WireSuccess = Schema.Struct({ success: Schema.Literal(true) })
export const WireFailure = Schema.Struct({
  success: Schema.optional(Schema.Unknown),
  error: Schema.String,
  code: Schema.optional(Schema.Unknown)
})
/** https://developers.pipedrive.com/docs/api/v1/Users#getCurrentUser */
export const WireCurrentUser = Schema.Struct({
  data: Schema.Struct({ timezone_name: Schema.optional(Schema.NullOr(Schema.String)) })
})
export const WireCreated = Schema.Struct({
  data: Schema.Struct({ id: Schema.Int, owner_id: Schema.optional(Schema.Unknown) })
})
export const wireSearch = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.Struct({
    data: Schema.Struct({ items: Schema.Array(Schema.Struct({ item: schema })) }),
    additional_data: Schema.optional(
      Schema.NullOr(Schema.Struct({ next_cursor: Schema.optional(Schema.NullOr(Schema.String)) }))
    )
  })
const OldPaging = {
  more_items_in_collection: Schema.optional(Schema.NullOr(Schema.Boolean)),
  next_start: Schema.optional(Schema.NullOr(Schema.Int))
}

export const wireOne = <A, I>(schema: Schema.Codec<A, I>) => Schema.Struct({ data: schema })
/**
 * A page of version 1. The reference shows the paging beside `data` in a part of its own, and the official client without that
 * part: both are read.
 * https://pipedrive.readme.io/docs/core-api-concepts-pagination
 */
export const wireOldPage = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.Struct({
    data: Schema.NullOr(Schema.Array(schema)),
    additional_data: Schema.optional(
      Schema.NullOr(
        Schema.Struct({ ...OldPaging, pagination: Schema.optional(Schema.NullOr(Schema.Struct(OldPaging))) })
      )
    )
  })
export const wirePage = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.Struct({
    data: Schema.NullOr(Schema.Array(schema)),
    additional_data: Schema.optional(
      Schema.NullOr(Schema.Struct({ next_cursor: Schema.optional(Schema.NullOr(Schema.String)) }))
    )
  })

/** A part of a list, and the cursor of the next part. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly cursor: Option.Option<string>
}

export const pageOf = <A>(page: {
  readonly data: ReadonlyArray<A> | null
  readonly additional_data?: { readonly next_cursor?: string | null | undefined } | null | undefined
}): Page<A> => ({
  items: page.data ?? [],
  cursor: Option.fromNullishOr(page.additional_data?.next_cursor)
})

/** Decodes a body. A body of another shape leaves the outcome unknown. */
export const read =
  <A, I>(schema: Schema.Codec<A, I>) =>
  (body: unknown): Effect.Effect<A, PipedriveError> =>
    Schema.decodeUnknownEffect(schema)(body).pipe(
      Effect.catch((error) =>
        Effect.andThen(
          reportField("Pipedrive", fieldOf(error)),
          Effect.fail(
            new PipedriveError({ reason: new OutcomeUnknown({ message: "Pipedrive's answer has an unknown form" }) })
          )
        )
      )
    )
