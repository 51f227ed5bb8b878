/** Which publication a process may work on: claims under a lease, and when the next publication is due. */
import { Duration, Effect, Option, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { findAll, findOne, hasRows } from "../database/statements.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { arrayOf, inFuture, millisUntil, now } from "./sql.ts"

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
  /** `null` until it was read. */
  profile: Schema.NullOr(
    Schema.Struct({
      name: Schema.NullOr(Schema.String),
      email: Schema.NullOr(Schema.String),
      company: Schema.NullOr(Schema.String)
    })
  ),
  /** Pipedrive's numbers of the deal and the person that a person named for the user. */
  chosenDeal: Schema.NullOr(Schema.Int),
  chosenPerson: Schema.NullOr(Schema.Int),
  /** Pipedrive's numbers of the user's deal and person, however they came to be on record. */
  knownDeal: Schema.NullOr(Schema.Int),
  knownPerson: Schema.NullOr(Schema.Int),
  /** The rule, as a sentence, that leaves the file out when its gist is a fork. */
  skipIfFork: Schema.NullOr(Schema.String),
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

/** Which publications are meant. All when a field is left out. */
export interface Among {
  /** `fresh`: without backlogs. */
  readonly which?: "all" | "fresh"
  /** Publications of this user. */
  readonly only?: number
  /** Publications of all users but these. */
  readonly except?: ReadonlyArray<number>
}

/** The SQL condition that selects these publications. A condition must stand before it. */
const isAmong = (sql: SqlClient.SqlClient, { except, only, which = "all" }: Among) =>
  sql`${sql.literal(which === "fresh" ? "and not backlog" : "")}
    ${only === undefined ? sql.literal("") : sql`and user_key = ${only}`}
    ${except === undefined || except.length === 0 ? sql.literal("") : sql`and user_key <> all(${arrayOf(sql, except, "bigint")})`}`

interface Request {
  readonly limit: number
  readonly lease: Duration.Duration
  readonly among: Among
}

const claim = (sql: SqlClient.SqlClient) =>
  findAll(
    Claim,
    ({ among, lease, limit }: Request) => sql`
        with abandoned as (
          select key from publications where state = 'sending' and lease_until < ${now(sql)}
            ${isAmong(sql, { ...among, which: "all" })}
          order by lease_until limit ${limit} for update skip locked
        ), due as (
          select key from publications where state = 'pending' and due_at <= ${now(sql)} ${isAmong(sql, among)}
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
          p.target, p.error_reason, p.error_message, p.skip_if_fork, p.user_key, u.username,
          case when r.read_at is null then null
            else json_build_object('name', r.name, 'email', r.email, 'company', r.company) end as profile,
          case when d.is_chosen then d.deal_id end as chosen_deal,
          case when t.is_chosen then t.person_id end as chosen_person,
          d.deal_id as known_deal, t.person_id as known_person, f.scan_key, f.gist_id,
          f.filename, f.html_url, f.raw_url, f.description, f.type, f.size,
          (select sum(size)::bigint from gist_files g where g.gist_id = f.gist_id) as gist_size
        from claimed p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key
          left join profiles r on r.user_key = p.user_key
          left join deals d on d.user_key = p.user_key
          left join persons t on t.user_key = p.user_key
        order by p.start_tag, p.key`
  )

const holdsLease = (sql: SqlClient.SqlClient, claim: Claim) =>
  rules.fence
    ? sql`epoch = ${claim.epoch} and state = 'sending'
          and lease_until > ${inFuture(sql, Timing.sendMargin)}`
    : sql`true`

const nextDue = (sql: SqlClient.SqlClient) => {
  const firstDue = (backlog: boolean, among: Among) =>
    sql`(select min(due_at) from publications where state = 'pending' and backlog = ${backlog} ${isAmong(sql, { ...among, which: "all" })})`
  return findOne(
    NextDue,
    ({ which = "all", ...users }: Among) => sql`
          with next as materialized (
            select least(${firstDue(false, users)}${which === "all" ? sql`, ${firstDue(true, users)}` : sql.literal("")}) as at
          )
          select at, ${millisUntil(sql, sql.literal("at"))} as wait from next`
  )
}

export const make = (sql: SqlClient.SqlClient) => {
  const claimed = claim(sql)
  const next = nextDue(sql)
  return {
    /** Leases up to `limit` publications: abandoned ones first, then due ones in the order of their start tags. */
    claim: (limit: number, lease: Duration.Duration, among: Among = {}) => claimed({ limit, lease, among }),
    /**
     * Notes that the request goes out now. `false` when the claim is no longer this process's, or when too little of
     * the lease is left for the request to end, and settle, before another may claim the row.
     */
    beginSend: (claim: Claim, target: string) =>
      hasRows(sql`
          update publications set sent_at = clock_timestamp(), target = ${target}
          where key = ${claim.key} and ${holdsLease(sql, claim)} returning 1 as ok`),
    /** When the next pending publication is due, and how long that takes from now. */
    nextDue: (among: Among = {}) =>
      Effect.map(next(among), ({ at, wait }) =>
        at === null || wait === null ? Option.none() : Option.some({ at, wait: Duration.millis(Math.max(wait, 0)) })
      )
  }
}
