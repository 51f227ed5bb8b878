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
import { Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError, rows } from "../database/Database.ts"
import { type Outcome, type Published, stateAfter, type Unpublished } from "../domain/Outcome.ts"
import { Attempt, Publication, PublicationState } from "../domain/Publication.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import * as Duplicates from "./duplicates.ts"
import { arrayOf, inFuture, millisUntil, now, onOwnConnection, queueHead } from "./sql.ts"

/** There is no publication of this id. */
export class PublicationNotFound extends Schema.TaggedError<PublicationNotFound>()("PublicationNotFound", {
  publication: Schema.Int
}) {
  override get message(): string {
    return `There is no publication ${this.publication}`
  }
}

/** Only a failed or gone publication can be retried. */
export class PublicationNotFailed extends Schema.TaggedError<PublicationNotFailed>()("PublicationNotFailed", {
  publication: Schema.Int,
  state: PublicationState
}) {
  override get message(): string {
    return `Publication ${this.publication} is ${this.state}; only a failed or gone one can be tried again`
  }
}

/** A publication that this process may now work on, until its lease ends. */
export const Claim = Schema.Struct({
  key: Schema.Int,
  epoch: Schema.Int,
  attempts: Schema.Int,
  /** Since when something may be in Pipedrive whose creation was not confirmed: the next attempt starts with a lookup. */
  sentAt: Schema.NullOr(Schema.DateTimeUtc),
  /** Seconds since `sentAt`, by the database's clock. */
  sentAgo: Schema.NullOr(Schema.Finite),
  target: Schema.NullOr(Schema.String),
  errorReason: Schema.NullOr(Schema.String),
  errorMessage: Schema.NullOr(Schema.String),
  userKey: UserKey,
  username: Schema.String,
  /** The scan that found the file. */
  scanKey: Schema.Int,
  gistId: Schema.String,
  filename: Schema.String,
  htmlUrl: Schema.String,
  rawUrl: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  type: Schema.NullOr(Schema.String),
  size: Schema.Int,
  /** Bytes of all files of the gist. */
  gistSize: Schema.Int
})
export type Claim = typeof Claim.Type

/** When the next pending publication is due, by the database's clock, and how long that takes from now. */
const NextDue = Schema.Struct({ at: Schema.NullOr(Schema.DateTimeUtc), wait: Schema.NullOr(Schema.Finite) })

const Count = Schema.Struct({ n: Schema.Int })

/** Which publications are meant. All when a field is left out. */
export interface Among {
  /** `fresh`: without backlogs. */
  readonly which?: "all" | "fresh"
  /** Publications of this user. */
  readonly only?: number
  /** Publications of all users but these. */
  readonly except?: ReadonlyArray<number>
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const alone = yield* onOwnConnection(sql)
  const columns = sql.literal(`p.key as id, p.state, u.username as owner, f.filename, f.gist_id, f.html_url,
    p.file_key as file_id, p.attempts, p.due_at, p.target, p.remote_id, p.error_reason, p.error_message,
    p.created_at, p.published_at`)
  const from = sql.literal("publications p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key")
  const publications = rows(Publication)

  const find = Effect.fnUntraced(function* (id: number) {
    const [found] = yield* publications(sql`select ${columns} from ${from} where p.key = ${id}`)
    if (found === undefined) return yield* new PublicationNotFound({ publication: id })
    return found
  })

  const addAttempt = ({ key }: Pick<Claim, "key">, outcome: string, message: string | null) => sql`
    insert into attempts (publication_key, at, outcome, message) values (${key}, clock_timestamp(), ${outcome}, ${message})`

  const among = ({
    except,
    only,
    which = "all"
  }: Among) => sql`${sql.literal(which === "fresh" ? "and not backlog" : "")}
    ${only === undefined ? sql.literal("") : sql`and user_key = ${only}`}
    ${except === undefined || except.length === 0 ? sql.literal("") : sql`and user_key <> all(${arrayOf(sql, except, "bigint")})`}`

  const firstDue = (backlog: boolean, which: Among) =>
    sql`(select min(due_at) from publications where state = 'pending' and backlog = ${backlog} ${among({ ...which, which: "all" })})`

  /** Behind all that waits of the same user. */
  const lastStartTag = (claim: Claim) =>
    sql`greatest(start_tag, (select max(start_tag) + 1 from publications where user_key = ${claim.userKey} and state = 'pending'))`

  const holdsLease = (claim: Claim) =>
    rules.fence
      ? sql`epoch = ${claim.epoch} and state = 'sending'
          and lease_until > ${inFuture(sql, Timing.sendMargin)}`
      : sql`true`

  const settlePublished = Effect.fnUntraced(function* (
    claim: Pick<Claim, "key">,
    { how, remark, remoteId }: Published
  ) {
    const first = yield* sql`
      update publications set state = 'published', remote_id = ${remoteId}, published_at = clock_timestamp(),
        lease_until = null, sent_at = null, error_reason = null, error_message = null,
        audit_at = case when resent_since is null then null else ${inFuture(sql, Timing.auditDelay)} end
      where key = ${claim.key} and (remote_id is null or remote_id = ${remoteId}) returning 1 as ok`
    if (first.length > 0) {
      yield* addAttempt(claim, how, remark)
      return "published" as const
    }
    yield* addAttempt(claim, "duplicate", `Another process had published this file before; ${remoteId} is deleted`)
    if (rules.fence) yield* Duplicates.noteDuplicates(sql, claim, [remoteId])
    return "duplicate" as const
  })

  /** Releases a claim. A publication that was sent is due when a lookup shows what became of the request. */
  const releaseRow = (claim: Claim) => sql`
    update publications set state = 'pending', lease_until = null, attempts = greatest(attempts - 1, 0),
      due_at = case when sent_at is null then due_at else ${inFuture(sql, Timing.settleDelay)} end
    where key = ${claim.key} and epoch = ${claim.epoch} and state = 'sending'`

  const settleUnpublished = Effect.fnUntraced(function* (claim: Claim, outcome: Unpublished<Retrial>) {
    const why = outcome._tag === "release" ? outcome.why : outcome
    if (why === undefined) return void (yield* releaseRow(claim))
    const { message, reason } = why
    const retrial: Retrial =
      outcome._tag === "retry" || outcome._tag === "snooze" ? outcome.due : { wait: Duration.zero, isLast: false }
    const isUncertain =
      outcome._tag === "release" ? claim.sentAt !== null : "isUncertain" in outcome && outcome.isUncertain
    const isRecorded = outcome._tag !== "release" && outcome._tag !== "snooze"
    const isTry = isRecorded && (outcome._tag !== "retry" || outcome.counts)
    const own = yield* sql`
      update publications set state = ${stateAfter(outcome)}, due_at = ${inFuture(sql, retrial.wait)}, lease_until = null,
        sent_at = case when ${isUncertain} then coalesce(sent_at, clock_timestamp()) end,
        error_reason = ${reason}, error_message = ${message},
        start_tag = ${retrial.isLast ? lastStartTag(claim) : sql.literal("start_tag")},
        attempts = attempts - ${isTry ? 0 : 1}
      where key = ${claim.key} and epoch = ${claim.epoch}
        -- A snooze takes back a failure that turns out to be global.
        and state in ('sending'${sql.literal(outcome._tag === "snooze" ? ", 'failed'" : "")}) returning 1 as ok`
    if (own.length > 0 && isRecorded) yield* addAttempt(claim, reason, message)
  })

  return {
    /** Leases up to `limit` publications: abandoned ones first, then due ones in the order of their start tags. */
    claim: (limit: number, lease: Duration.Duration, which: Among = {}) =>
      rows(Claim)(sql`
        with abandoned as (
          select key from publications where state = 'sending' and lease_until < ${now(sql)}
            ${among({ ...which, which: "all" })}
          order by lease_until limit ${limit} for update skip locked
        ), due as (
          select key from publications where state = 'pending' and due_at <= ${now(sql)} ${among(which)}
          order by start_tag, key limit ${limit} for update skip locked
        ), chosen as (
          select key from abandoned union all select key from due limit ${limit}
        ), claimed as (
          update publications p set state = 'sending', epoch = epoch + 1, attempts = attempts + 1,
            lease_until = ${inFuture(sql, lease)}
          from chosen where p.key = chosen.key
          returning p.*
        )
        select p.key, p.epoch, p.attempts, p.sent_at,
          extract(epoch from clock_timestamp() - p.sent_at)::float8 as sent_ago,
          p.target, p.error_reason, p.error_message, p.user_key, u.username, f.scan_key, f.gist_id,
          f.filename, f.html_url, f.raw_url, f.description, f.type, f.size,
          (select sum(size)::bigint from gist_files g where g.gist_id = f.gist_id) as gist_size
        from claimed p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key
        order by p.start_tag, p.key`),
    /**
     * Notes that the request goes out now. `false` when the claim is no longer this process's, or when too little of
     * the lease is left for the request to end, and settle, before another may claim the row.
     */
    beginSend: (claim: Claim, target: string) =>
      Effect.map(
        orDatabaseError(sql`
          update publications set sent_at = clock_timestamp(), target = ${target}
          where key = ${claim.key} and ${holdsLease(claim)} returning 1 as ok`),
        (found) => found.length > 0
      ),
    /**
     * Stores what became of a claim. The first remote id wins, whichever process brings it: a later, different one is
     * noted to be deleted, in the same transaction. Any other outcome has no effect when the claim is lost.
     */
    settle: (claim: Claim, outcome: Outcome<Retrial>) =>
      orDatabaseError(
        sql.withTransaction(
          outcome._tag === "published"
            ? settlePublished(claim, outcome)
            : Effect.as(settleUnpublished(claim, outcome), stateAfter(outcome))
        )
      ),
    /** Notes that lookups found nothing: the next request is the first again, and an audit checks that later. */
    absent: (claim: Claim) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update publications set resent_since = coalesce(resent_since, sent_at), sent_at = null
          where key = ${claim.key} and epoch = ${claim.epoch}`)
      ),
    ...Duplicates.make(sql),
    find,
    attempts: (id: number) =>
      rows(Attempt)(sql`
        select at, outcome, message from (
          select key, at, outcome, message from attempts where publication_key = ${id} order by key desc limit 100
        ) last order by key`),
    /** Newest first, older than `before`. */
    list: (page: {
      readonly state: Option.Option<PublicationState>
      readonly before: number
      readonly limit: number
    }) =>
      publications(
        Option.match(page.state, {
          onNone: () =>
            sql`select ${columns} from ${from} where p.key < ${page.before} order by p.key desc limit ${page.limit}`,
          onSome: (state) => sql`select ${columns} from ${from} where p.state = ${state} and p.key < ${page.before}
            order by p.key desc limit ${page.limit}`
        })
      ),
    retry: Effect.fnUntraced(function* (id: number) {
      const [retried] = yield* orDatabaseError(
        alone(
          sql`
            update publications set state = 'pending', start_tag = ${queueHead(sql)}, due_at = clock_timestamp(), attempts = 0,
              error_reason = null, error_message = null
            where key = ${id} and state in ('failed', 'gone') returning 1 as ok`
        )
      )
      const publication = yield* find(id)
      if (retried === undefined) return yield* new PublicationNotFailed({ publication: id, state: publication.state })
      return publication
    }),
    /** Retries all failed publications, each user's one after the other from the queue head. Answers how many; many take seconds. */
    retryFailed: Effect.map(
      rows(Count)(
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
      ),
      (found) => found[0]?.n ?? 0
    ),
    /** When the next pending publication is due, and how long that takes from now. */
    nextDue: ({ which = "all", ...users }: Among = {}) =>
      Effect.map(
        rows(NextDue)(sql`
          with next as materialized (
            select least(${firstDue(false, users)}${which === "all" ? sql`, ${firstDue(true, users)}` : sql.literal("")}) as at
          )
          select at, ${millisUntil(sql, sql.literal("at"))} as wait from next`),
        ([found]) =>
          found === undefined || found.at === null || found.wait === null
            ? Option.none()
            : Option.some({ at: found.at, wait: Duration.millis(Math.max(found.wait, 0)) })
      )
  }
})

/** When a publication is tried again, and whether it then waits behind all that waits of the same user. */
export interface Retrial {
  readonly wait: Duration.Duration
  readonly isLast: boolean
}
