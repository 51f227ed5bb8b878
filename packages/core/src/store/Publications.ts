/**
 * The outbox: every file to be published, who holds it, and what became of it.
 *
 * Order: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). Each publication has a `turn`; a user's turns grow
 * from where the queue stands when they are added, and the smallest turn is claimed first. So a user's files go in
 * their order, users with waiting files take turns, and one user's backlog delays another's new file by at most one
 * file of each waiting user.
 *
 * Leases are counted on the database's clock, so that processes with differing clocks agree on them. What a publication
 * is due at comes from the caller's clock.
 */
import { type DateTime, type Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError, rows } from "../database/Database.ts"
import { Attempt, Publication, PublicationState } from "../domain/Publication.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { arrayOf, interval, isDue, onOwnConnection, queueHead } from "./sql.ts"

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
  /** Since when something of unknown fate may be in Pipedrive: look before sending again. */
  sentAt: Schema.NullOr(Schema.DateTimeUtc),
  /** How many seconds ago that was, by the database's clock. */
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

/** A publication that was sent again after looks in vain, to be looked at once more. */
const Audit = Schema.Struct({
  key: Schema.Int,
  remoteId: Schema.String,
  target: Schema.String,
  resentSince: Schema.DateTimeUtc,
  userKey: UserKey,
  username: Schema.String,
  gistId: Schema.String,
  filename: Schema.String,
  htmlUrl: Schema.String,
  description: Schema.NullOr(Schema.String),
  type: Schema.NullOr(Schema.String),
  size: Schema.Int
})
export type Audit = typeof Audit.Type

/** What became of a claim that did not end in `published`. */
export interface Setback {
  readonly state: "pending" | "failed" | "gone"
  readonly reason: string
  readonly message: string
  readonly dueAt: Date
  /** Whether something may have been created: then the next try looks first. */
  readonly uncertain: boolean
  /**
   * As what this counts: a `try` of the file's own, after some of which it fails; an `outage` of a service's, which is on
   * record only; `nothing`, as when a pause or a stop cuts work off.
   */
  readonly counts: "try" | "outage" | "nothing"
  /** Whether it goes behind all that waits of the same user. */
  readonly isLast?: boolean
}

/** Which publications are meant; all when nothing is said. */
export interface Among {
  /** `fresh`: without backlogs. */
  readonly which?: "all" | "fresh"
  /** Those of this user alone. */
  readonly only?: number
  /** Those of other users than these. */
  readonly except?: ReadonlyArray<number>
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
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

  const attempt = (claim: Pick<Claim, "key">, outcome: string, message: string | null, now: Date) => sql`
    insert into attempts (publication_key, at, outcome, message) values (${claim.key}, ${now}, ${outcome}, ${message})`

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
          and lease_until > clock_timestamp() + ${interval(sql, Timing.sendMargin)}`
      : sql`true`

  const noteDuplicates = Effect.fnUntraced(function* (
    claim: Pick<Claim, "key">,
    remoteIds: ReadonlyArray<string>,
    now: Date
  ) {
    if (remoteIds.length === 0) return
    yield* sql`
      insert into duplicates (remote_id, publication_key, found_at)
      select remote_id, ${claim.key}, ${now} from unnest(${remoteIds}::text[]) remote_id on conflict do nothing`
  })

  return {
    /** Leases up to `limit` publications: abandoned ones first, then due ones in order of their turn. */
    claim: (limit: number, lease: Duration.Duration, now: Date, which: Among = {}) =>
      rows(Claim)(sql`
        with abandoned as (
          select key from publications where state = 'sending' and lease_until < clock_timestamp()
            ${among({ ...which, which: "all" })}
          order by lease_until limit ${limit} for update skip locked
        ), due as (
          select key from publications where state = 'pending' and ${isDue(sql, "due_at", now)} ${among(which)}
          order by start_tag, key limit ${limit} for update skip locked
        ), chosen as (
          select key from abandoned union all select key from due limit ${limit}
        ), claimed as (
          update publications p set state = 'sending', epoch = epoch + 1, attempts = attempts + 1,
            lease_until = clock_timestamp() + ${interval(sql, lease)}
          from chosen where p.key = chosen.key
          returning p.*
        )
        select p.key, p.epoch, p.attempts, p.sent_at,
          extract(epoch from clock_timestamp() - p.sent_at)::float8 as sent_ago, p.target, p.error_reason, p.error_message, p.user_key, u.username, f.scan_key, f.gist_id,
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
     * Records what the file became. The first receipt wins, whoever brings it: a later, different one is noted to be
     * deleted, in the same transaction, and `false` is answered.
     */
    published: (
      claim: Pick<Claim, "key">,
      {
        how,
        remoteId,
        remark = null
      }: {
        readonly remoteId: string
        readonly how: "published" | "adopted"
        readonly remark?: string | null
      },
      now: Date
    ) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            const won = yield* sql`
              update publications set state = 'published', remote_id = ${remoteId}, published_at = ${now},
                lease_until = null, sent_at = null, error_reason = null, error_message = null,
                audit_at = case when resent_since is null then null else ${now}::timestamptz + ${interval(sql, Timing.auditDelay)} end
              where key = ${claim.key} and (remote_id is null or remote_id = ${remoteId}) returning 1 as ok`
            if (won.length > 0) {
              yield* attempt(claim, how, remark, now)
              return true
            }
            yield* attempt(
              claim,
              "duplicate",
              `another process had published it already; ${remoteId} is deleted again`,
              now
            )
            if (rules.fence) yield* noteDuplicates(claim, [remoteId], now)
            return false
          })
        )
      ),
    /** Records why a claim was not published. Without effect when the claim is no longer this process's. */
    setBack: (claim: Claim, setback: Setback, now: Date) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            const own = yield* sql`
              update publications set state = ${setback.state}, due_at = ${setback.dueAt}, lease_until = null,
                sent_at = case when ${setback.uncertain} then coalesce(sent_at, clock_timestamp()) end,
                error_reason = ${setback.reason}, error_message = ${setback.message},
                start_tag = ${setback.isLast === true ? lastStartTag(claim) : sql.literal("start_tag")},
                attempts = attempts - ${setback.counts === "try" ? 0 : 1}
              where key = ${claim.key} and epoch = ${claim.epoch} and state = 'sending' returning 1 as ok`
            if (own.length > 0 && setback.counts !== "nothing")
              yield* attempt(claim, setback.reason, setback.message, now)
          })
        )
      ),
    /** Notes that looks found nothing: the next request is the first one again, and an audit will tell for sure. */
    absent: (claim: Claim) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update publications set resent_since = coalesce(resent_since, sent_at), sent_at = null
          where key = ${claim.key} and epoch = ${claim.epoch}`)
      ),
    /** Takes up to `limit` due audits. One that does not come to its end is due again after a while. */
    audits: (limit: number, now: Date) =>
      rows(Audit)(sql`
        with due as (
          select key from publications where audit_at is not null and ${isDue(sql, "audit_at", now)}
          order by audit_at limit ${limit} for update skip locked
        ), taken as (
          update publications p set audit_at = ${now}::timestamptz + ${interval(sql, Timing.auditRetryDelay)}
          from due where p.key = due.key returning p.*
        )
        select p.key, p.remote_id, p.target, p.resent_since, p.user_key, u.username, f.gist_id, f.filename, f.html_url,
          f.description, f.type, f.size
        from taken p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key`),
    /** Ends an audit. What it found beside the one on record is to be deleted. */
    audited: (audit: Pick<Audit, "key">, doubles: ReadonlyArray<string>, now: Date) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* noteDuplicates(audit, doubles, now)
            yield* sql`update publications set audit_at = null, resent_since = null where key = ${audit.key}`
          })
        )
      ),
    /** Notes what was created twice. */
    addDuplicates: (claim: Pick<Claim, "key">, remoteIds: ReadonlyArray<string>, now: Date) =>
      orDatabaseError(noteDuplicates(claim, remoteIds, now)),
    /** Hands claims back as they were. One that was sent waits until a look can tell what became of it. */
    release: (claims: ReadonlyArray<Claim>, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update publications p set state = 'pending', lease_until = null, attempts = greatest(attempts - 1, 0),
            due_at = case when sent_at is null then due_at else ${now}::timestamptz + ${interval(sql, Timing.settleDelay)} end
          from jsonb_to_recordset(${JSON.stringify(claims.map(({ key, epoch }) => ({ key, epoch })))}::jsonb)
            as c(key bigint, epoch int)
          where p.key = c.key and p.epoch = c.epoch and p.state = 'sending'`)
      ),
    /** What is to be deleted again. */
    duplicates: Effect.map(
      orDatabaseError(sql<{ remoteId: string }>`select remote_id from duplicates order by found_at limit 100`),
      (found) => found.map((row) => row.remoteId)
    ),
    duplicateDeleted: (remoteId: string) =>
      orDatabaseError(Effect.asVoid(sql`delete from duplicates where remote_id = ${remoteId}`)),
    find,
    attempts: (id: number) =>
      rows(Attempt)(sql`
        select at, outcome, message from (
          select key, at, outcome, message from attempts where publication_key = ${id} order by key desc limit 100
        ) last order by key`),
    /** Newest first, from before `before` on. */
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
    retry: Effect.fnUntraced(function* (id: number, now: Date) {
      const [retried] = yield* orDatabaseError(
        onOwnConnection(
          sql,
          sql`
            update publications set state = 'pending', start_tag = ${queueHead(sql)}, due_at = ${now}, attempts = 0,
              error_reason = null, error_message = null
            where key = ${id} and state in ('failed', 'gone') returning 1 as ok`
        )
      )
      const publication = yield* find(id)
      if (retried === undefined) return yield* new PublicationNotFailed({ publication: id, state: publication.state })
      return publication
    }),
    /** Takes back failures that turned out not to be these publications' own: they wait again, in their places. */
    takeBack: (keys: ReadonlyArray<number>, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update publications set state = 'pending', due_at = ${now}
          where key = any(${arrayOf(sql, keys, "bigint")}) and state = 'failed'`)
      ),
    /** Retries all failed ones, each user's one after the other from where the queue stands. Answers how many; many take seconds. */
    retryFailed: (now: Date) =>
      Effect.map(
        orDatabaseError(
          onOwnConnection(
            sql,
            sql<{ n: number }>`
              with failed as (
                select key, user_key from publications where state = 'failed' order by key for no key update
              ), queue as materialized (
                select ${queueHead(sql)} as start_tag
              ), placed as (
                select key, queue.start_tag - 1 + row_number() over (partition by user_key order by key) as start_tag from failed, queue
              ), retried as (
                update publications p set state = 'pending', start_tag = placed.start_tag, due_at = ${now}, attempts = 0,
                  error_reason = null, error_message = null
                from placed where p.key = placed.key returning 1
              )
              select count(*) as n from retried`
          )
        ),
        (found) => found[0]?.n ?? 0
      ),
    /** When the next pending publication is due. */
    nextDue: ({ which = "all", ...users }: Among = {}) =>
      Effect.map(
        orDatabaseError(
          sql<{ at: DateTime.Utc | null }>`
            select least(${firstDue(false, users)}${which === "all" ? sql`, ${firstDue(true, users)}` : sql.literal("")}) as at`
        ),
        (found) => Option.fromNullishOr(found[0]?.at)
      )
  }
})
