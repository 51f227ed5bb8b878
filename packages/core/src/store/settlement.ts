/** Stores what became of a claim. */
import { Duration, Effect, identity } from "effect"
import type { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { execute } from "../database/statements.ts"
import { type Outcome, type Published, stateAfter, type Unpublished } from "../domain/Outcome.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import type { Claim } from "./claims.ts"
import * as Duplicates from "./duplicates.ts"
import { inFuture } from "./sql.ts"

/** When a publication is tried again, and whether it then waits behind all that waits of the same user. */
export interface Retrial {
  readonly wait: Duration.Duration
  readonly isLast: boolean
}

/** What an outcome changes in the row of a publication that is not published. */
interface Change {
  readonly due: Retrial
  readonly isUncertain: boolean
  /** Whether the attempt is listed among the publication's attempts. */
  readonly isListed: boolean
  /** Whether the attempt counts as one of the publication's tries. */
  readonly isTry: boolean
  /** Whether a failure that is stored already is taken back. */
  readonly takesBack: boolean
}

const atOnce: Retrial = { wait: Duration.zero, isLast: false }

const changeOf = (claim: Claim, outcome: Unpublished<Retrial>): Change => {
  const failure = { due: atOnce, isUncertain: false, isListed: true, isTry: true, takesBack: false }
  const later = { ...failure, isListed: false, isTry: false }
  switch (outcome._tag) {
    case "retry":
      return { ...failure, due: outcome.due, isUncertain: outcome.isUncertain, isTry: outcome.counts }
    case "fail":
      return { ...failure, isUncertain: outcome.isUncertain }
    case "discard":
    case "skip":
      return failure
    case "snooze":
      // A snooze takes back a failure that turns out to be global.
      return { ...later, due: outcome.due, isUncertain: outcome.isUncertain, takesBack: true }
    case "release":
      return { ...later, isUncertain: claim.sentAt !== null }
  }
}

/** Why a claim is not published. A process that was stopped gives no reason. */
const whyOf = (outcome: Unpublished<Retrial>) => (outcome._tag === "release" ? outcome.why : outcome)

interface AttemptRow {
  readonly outcome: string
  readonly message: string | null
}

/** Nothing for a publication that is gone because its user was forgotten. */
const addAttempt = (sql: SqlClient.SqlClient, { key, message, outcome }: AttemptRow & { readonly key: number }) => sql`
  insert into attempts (publication_key, at, outcome, message)
  select key, clock_timestamp(), ${outcome}, ${message} from publications where key = ${key}`

/** The end of a statement that has changed the row as `settled`: one statement is one transaction and one round trip. */
const addAttemptOfSettled = (sql: SqlClient.SqlClient, { message, outcome }: AttemptRow) => sql`
    insert into attempts (publication_key, at, outcome, message)
    select key, clock_timestamp(), ${outcome}, ${message} from settled`

/** Behind all that waits of the same user. */
const lastStartTag = (sql: SqlClient.SqlClient, claim: Claim) =>
  sql`greatest(start_tag, (select max(start_tag) + 1 from publications where user_key = ${claim.userKey} and state = 'pending'))`

const makeSettlePublished = (sql: SqlClient.SqlClient) => {
  /** Another process was first. Nothing of the first outcome changes, so what is noted here is a transaction of its own. */
  const noteDuplicate = Effect.fnUntraced(function* ({ key }: Pick<Claim, "key">, remoteId: string, id: string) {
    yield* addAttempt(sql, {
      key,
      outcome: "duplicate",
      message: `Another process had published this file before; ${remoteId} is deleted`
    })
    if (rules.fence) yield* Duplicates.noteDuplicates(sql, { key }, [id])
  })

  return Effect.fnUntraced(function* (
    claim: Pick<Claim, "key">,
    { how, remark, remoteId }: Published,
    duplicateId: (remoteId: string) => string
  ) {
    const first = yield* sql`
    with settled as (
      update publications set state = 'published', remote_id = ${remoteId}, published_at = clock_timestamp(),
        lease_until = null, sent_at = null, error_reason = null, error_message = null,
        audit_at = case when resent_since is null then null else ${inFuture(sql, Timing.auditDelay)} end
      where key = ${claim.key} and (remote_id is null or remote_id = ${remoteId}) returning key
    )
    ${addAttemptOfSettled(sql, { outcome: how, message: remark })} returning 1 as ok`
    if (first.length > 0) return "published" as const
    yield* sql.withTransaction(noteDuplicate(claim, remoteId, duplicateId(remoteId)))
    return "duplicate" as const
  })
}

/** Releases a claim. A publication that was sent is due when a lookup shows what became of the request. */
const releaseRow = (sql: SqlClient.SqlClient, claim: Claim) => sql`
  update publications set state = 'pending', lease_until = null, attempts = greatest(attempts - 1, 0),
    due_at = case when sent_at is null then due_at else ${inFuture(sql, Timing.settleDelay)} end
  where key = ${claim.key} and epoch = ${claim.epoch} and state = 'sending'`

const makeSettleUnpublished = (sql: SqlClient.SqlClient) =>
  Effect.fnUntraced(function* (claim: Claim, outcome: Unpublished<Retrial>) {
    const why = whyOf(outcome)
    if (why === undefined) return void (yield* releaseRow(sql, claim))
    const { message, reason } = why
    const { due, isListed, isTry, isUncertain, takesBack } = changeOf(claim, outcome)
    const settled = sql`
    update publications set state = ${stateAfter(outcome)}, due_at = ${inFuture(sql, due.wait)}, lease_until = null,
      sent_at = case when ${isUncertain} then coalesce(sent_at, clock_timestamp()) end,
      error_reason = ${reason}, error_message = ${message},
      start_tag = ${due.isLast ? lastStartTag(sql, claim) : sql.literal("start_tag")},
      attempts = attempts - ${isTry ? 0 : 1}
    where key = ${claim.key} and epoch = ${claim.epoch}
      and state in ('sending'${sql.literal(takesBack ? ", 'failed'" : "")})`
    if (!isListed) return void (yield* settled)
    yield* sql`with settled as (${settled} returning key)${addAttemptOfSettled(sql, { outcome: reason, message })}`
  })

export const make = (sql: SqlClient.SqlClient) => {
  const settlePublished = makeSettlePublished(sql)
  const settleUnpublished = makeSettleUnpublished(sql)
  return {
    /**
     * Stores what became of a claim. The first remote id wins, whichever process brings it: a later, different one is
     * noted to be deleted, by its `duplicateId`. Any other outcome has no effect when the claim is lost.
     */
    settle: (claim: Claim, outcome: Outcome<Retrial>, duplicateId: (remoteId: string) => string = identity) =>
      orDatabaseError(
        outcome._tag === "published"
          ? settlePublished(claim, outcome, duplicateId)
          : Effect.as(settleUnpublished(claim, outcome), stateAfter(outcome))
      ),
    /** Notes that lookups found nothing: the next request is the first again, and an audit checks that later. */
    absent: (claim: Claim) =>
      execute(sql`
          update publications set resent_since = coalesce(resent_since, sent_at), sent_at = null,
            resent_targets = array_append(resent_targets, target)
          where key = ${claim.key} and epoch = ${claim.epoch}`)
  }
}
