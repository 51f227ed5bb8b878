/**
 * The outbox: every file to be published, who holds it, and what became of it.
 *
 * Order: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). Each publication has a start tag; a user's tags grow
 * from the queue head, and the smallest tag is claimed first. A user's files keep their order, users take turns, and one
 * user's backlog delays another user's new file by at most one file of each waiting user.
 *
 * Every stored instant is the database's, so processes with differing clocks agree on leases and due times. Two caches
 * travel beside the outbox from a scan to the publisher: `ContentCache` (texts) and `ScanSpans` (trace links).
 */
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execute, findAll, findFirst, findOne, hasRows } from "../database/statements.ts"
import { Attempt, Publication, PublicationState } from "../domain/Publication.ts"
import type { UserKey } from "../domain/User.ts"
import * as Claims from "./claims.ts"
import * as Duplicates from "./duplicates.ts"
import * as Settlement from "./settlement.ts"
import { now, onWaitingConnection, queueHead } from "./sql.ts"

export type { Among, Claim } from "./claims.ts"
export type { Retrial } from "./settlement.ts"

/** There is no publication of this id. */
export class PublicationNotFound extends Schema.TaggedError<PublicationNotFound>()("PublicationNotFound", {
  publication: Schema.Int
}) {
  override get message(): string {
    return `There is no publication ${this.publication}`
  }
}

/** Only a failed, gone or skipped publication can be retried. */
export class PublicationNotFailed extends Schema.TaggedError<PublicationNotFailed>()("PublicationNotFailed", {
  publication: Schema.Int,
  state: PublicationState
}) {
  override get message(): string {
    return `Publication ${this.publication} is ${this.state}; only a failed, gone or skipped one can be tried again`
  }
}

/** Only a pending or failed publication can be skipped. */
export class PublicationNotSkippable extends Schema.TaggedError<PublicationNotSkippable>()("PublicationNotSkippable", {
  publication: Schema.Int,
  state: PublicationState
}) {
  override get message(): string {
    return `Publication ${this.publication} is ${this.state}; only a pending or failed one can be skipped`
  }
}

const Count = Schema.Struct({ n: Schema.Int })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const alone = yield* onWaitingConnection(sql)
  const find = findPublication(sql)
  return {
    ...Claims.make(sql),
    ...Settlement.make(sql),
    ...Duplicates.make(sql),
    ...lists(sql),
    find,
    retry: Effect.fnUntraced(function* (id: number) {
      const isRetried = yield* retryOne({ sql, alone, id })
      const publication = yield* find(id)
      if (isRetried) return publication
      return yield* new PublicationNotFailed({ publication: id, state: publication.state })
    }),
    /** Makes the user's files due that wait for a deal or a person. A file that was sent keeps its wait for the lookup. */
    endWait: endWait({ sql, alone }),
    /** Leaves a file out until somebody retries the publication. */
    skip: Effect.fnUntraced(function* (id: number) {
      const isSkipped = yield* skipOne({ sql, alone, id })
      const publication = yield* find(id)
      if (isSkipped) return publication
      return yield* new PublicationNotSkippable({ publication: id, state: publication.state })
    }),
    /** Retries all failed publications, each user's one after the other from the queue head. Answers how many; many take seconds. */
    retryFailed: Effect.map(retryAll({ sql, alone })(), ({ n }) => n)
  }
})

/** The columns of `Publication`, and their tables. */
const selected = (sql: SqlClient.SqlClient) =>
  sql.literal(`select p.key as id, p.state, u.username as owner, f.filename, f.gist_id, f.html_url,
    p.file_key as file_id, p.attempts, p.due_at, p.target, p.remote_id, p.error_reason, p.error_message,
    p.created_at, p.published_at
    from publications p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key`)

const findPublication = (sql: SqlClient.SqlClient) => {
  const find = findFirst(Publication, (id: number) => sql`${selected(sql)} where p.key = ${id}`)
  return Effect.fnUntraced(function* (id: number) {
    const found = yield* find(id)
    return Option.isSome(found) ? found.value : yield* new PublicationNotFound({ publication: id })
  })
}

const lists = (sql: SqlClient.SqlClient) => ({
  attempts: findAll(
    Attempt,
    (id: number) => sql`
        select at, outcome, message from (
          select key, at, outcome, message from attempts where publication_key = ${id} order by key desc limit 100
        ) last order by key`
  ),
  /** Newest first, older than `before`. */
  list: findAll(
    Publication,
    (page: { readonly state: Option.Option<PublicationState>; readonly before: number; readonly limit: number }) =>
      Option.match(page.state, {
        onNone: () => sql`${selected(sql)} where p.key < ${page.before} order by p.key desc limit ${page.limit}`,
        onSome: (state) => sql`${selected(sql)} where p.state = ${state} and p.key < ${page.before}
            order by p.key desc limit ${page.limit}`
      })
  )
})

/** What retries need: they may wait for locks. */
interface Retries {
  readonly sql: SqlClient.SqlClient
  readonly alone: Effect.Success<ReturnType<typeof onWaitingConnection>>
}

/** Whether the publication was one that can be retried. */
const retryOne = ({ alone, id, sql }: Retries & { readonly id: number }) =>
  hasRows(
    alone(
      sql`
            update publications set state = 'pending', start_tag = ${queueHead(sql)}, due_at = clock_timestamp(), attempts = 0,
              error_reason = null, error_message = null, skip_if_fork = case when state <> 'skipped' then skip_if_fork end
            where key = ${id} and state in ('failed', 'gone', 'skipped') returning 1 as ok`
    )
  )

/**
 * Whether the publication was one that can be skipped. `sent_at` stays: after a lost answer the file may be in Pipedrive, and
 * a later retry begins with a lookup.
 */
const skipOne = ({ alone, id, sql }: Retries & { readonly id: number }) =>
  hasRows(
    alone(
      sql`
            with skipped as (
              update publications set state = 'skipped', error_reason = ${skippedByHand.reason},
                error_message = ${skippedByHand.message}
              where key = ${id} and state in ('pending', 'failed') returning key
            )
            insert into attempts (publication_key, at, outcome, message)
            select key, clock_timestamp(), ${skippedByHand.reason}, ${skippedByHand.message} from skipped returning 1 as ok`
    )
  )

/** Rows are locked in the order of their keys, as everywhere. */
const endWait =
  ({ alone, sql }: Retries) =>
  (userKey: UserKey) =>
    execute(
      alone(
        sql`
            with waiting as (
              select key from publications where user_key = ${userKey} and state = 'pending'
                and error_reason = 'NotYet' and sent_at is null and due_at > ${now(sql)}
              order by key for no key update
            )
            update publications p set due_at = clock_timestamp() from waiting where p.key = waiting.key`
      )
    )

const skippedByHand = { reason: "SkippedByHand", message: "A person skipped the file" }

const retryAll = ({ alone, sql }: Retries) =>
  findOne(Count, () =>
    alone(
      sql`
              with failed as (
                select key, user_key from publications where state = 'failed' order by key for no key update
              ), queue as materialized (
                select ${queueHead(sql)} as start_tag
              ), placed as (
                select key, queue.start_tag - 1 + row_number() over (partition by user_key order by key) as start_tag from failed, queue
              ), retried as (
                update publications p set state = 'pending', start_tag = placed.start_tag, due_at = clock_timestamp(), attempts = 0,
                  error_reason = null, error_message = null
                from placed where p.key = placed.key returning 1
              )
              select count(*) as n from retried`
    )
  )
