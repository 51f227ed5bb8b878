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
  /** `YYYY-MM-DD`, a calendar day in the time zone of the token's user. */
  readonly due_date: string
  readonly done: boolean
  /** HTML. */
  readonly note: string
}

export const StoredActivity = Schema.Struct({
  id: Schema.Int,
  note: Schema.optional(Schema.NullOr(Schema.String)),
  add_time: Schema.optional(Schema.NullOr(Schema.String))
})
export type StoredActivity = typeof StoredActivity.Type

export const StoredDeal = Schema.Struct({
  id: Schema.Int,
  title: Schema.String,
  add_time: Schema.optional(Schema.NullOr(Schema.String)),
  status: Schema.optional(Schema.NullOr(Schema.String)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean)),
  is_archived: Schema.optional(Schema.NullOr(Schema.Boolean))
})
export type StoredDeal = typeof StoredDeal.Type

export const StoredNote = Schema.Struct({ id: Schema.Int, content: Schema.optional(Schema.NullOr(Schema.String)) })
export type StoredNote = typeof StoredNote.Type

export const ActivityType = Schema.Struct({ key_string: Schema.String, active_flag: Schema.optional(Schema.Unknown) })

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
export const WireCreated = Schema.Struct({ data: Schema.Struct({ id: Schema.Int }) })
export const WireSearch = Schema.Struct({
  data: Schema.Struct({ items: Schema.Array(Schema.Struct({ item: StoredDeal })) })
})
export const wireOne = <A, I>(schema: Schema.Codec<A, I>) => Schema.Struct({ data: schema })
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
