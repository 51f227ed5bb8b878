/**
 * Erases a user: every row about the person, but keyed hashes of the name and of the files that are or may be in Pipedrive.
 * `intake.ts` finds a file's hash when the user is tracked again, and queues no publication for the file. `Sources.ts` finds a
 * name's hash when the name is in a list, and leaves the name out.
 *
 * Guarantees: all or nothing, by one transaction. Nothing is erased under a running attempt. A process that slept past its
 * lease finds no row to send, or has sent already: then the file's hash stays, and `settlement.ts` notes what it created as a
 * duplicate, to be deleted.
 *
 * Hazard: users are locked first, publications next and scans last, as everywhere. A running scan's row stays untouched.
 */
import { randomBytes } from "node:crypto"
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import { findAll, findFirst, findOne, hasRows } from "../database/statements.ts"
import { companyKey, companyOf } from "../domain/company.ts"
import { type DealsAndPersons, type Forgotten, inPipedrive, type OwnItem, withoutShared } from "../domain/Forgotten.ts"
import { namePattern } from "../domain/namedUsers.ts"
import { UserKey, Username } from "../domain/User.ts"
import { arrayOf, fewTransactions, now } from "./sql.ts"
import { UserNotTracked } from "./Users.ts"

/** A file of the user is being published, or the user is being scanned, at this moment. */
export class UserBusy extends Schema.TaggedError<UserBusy>()("UserBusy", { username: Schema.String }) {
  override get message(): string {
    return `Gitpip works on ${this.username} at this moment. Nothing was erased; try again in some minutes`
  }
}

const Owner = Schema.Struct({ key: UserKey, login: Username })

const Sent = Schema.Struct({
  remoteId: Schema.NullOr(Schema.String),
  target: Schema.NullOr(Schema.String),
  htmlUrl: Schema.String
})

const Own = Schema.Struct({
  dealId: Schema.NullOr(Schema.Int),
  isDealSent: Schema.Boolean,
  isDealChosen: Schema.Boolean,
  replacedDeals: Schema.Array(Schema.Int),
  personId: Schema.NullOr(Schema.Int),
  isPersonSent: Schema.Boolean,
  isPersonChosen: Schema.Boolean,
  replacedPersons: Schema.Array(Schema.Int),
  company: Schema.NullOr(Schema.String)
})
const Organization = Schema.Struct({ id: Schema.NullOr(Schema.Int), isSent: Schema.Boolean })
const Target = Schema.Struct({ target: Schema.String })
const Kept = Schema.Struct({ files: Schema.Int, wasForgotten: Schema.Boolean })

/** Deals and persons that other users have: as theirs now, or with a file of theirs on the deal. */
const Shared = Schema.Struct({ deals: Schema.Array(Schema.Int), persons: Schema.Array(Schema.Int) })

const none: OwnItem = { id: null, isSent: false }

/** The two halves of an HMAC's key (RFC 2104): PostgreSQL has SHA-256, but no HMAC without an extension. */
const hashKey = () => {
  const key = Buffer.concat([randomBytes(32), Buffer.alloc(32)])
  const padded = (pad: number) => Buffer.from(key.map((byte) => byte ^ pad)).toString("hex")
  return { inner: padded(0x36), outer: padded(0x5c) }
}

/** Publications that are in Pipedrive, or may be. */
const isSent = "(p.state = 'published' or p.sent_at is not null)"

const reading = (sql: SqlClient.SqlClient) => ({
  /** Keeps intakes and visits of the user waiting. */
  lock: findFirst(
    Owner,
    (username: Username) => sql`
      select key, username as login from users where lower(username) = lower(${username}) for update`
  ),
  lockPublications: (key: UserKey) => sql`select 1 from publications where user_key = ${key} order by key for update`,
  isBusy: (key: UserKey) =>
    hasRows(sql`
      select 1 from publications where user_key = ${key} and state = 'sending' and lease_until > ${now(sql)}
      union all
      select 1 from deals where user_key = ${key} and deal_id is null and lease_until > ${now(sql)}
      union all
      select 1 from persons where user_key = ${key} and person_id is null and lease_until > ${now(sql)}
      union all
      select 1 from scans where user_key = ${key} and state = 'running' and lease_until > ${now(sql)}`),
  sent: findAll(
    Sent,
    (key: UserKey) => sql`
      select p.remote_id, p.target, f.html_url from publications p join gist_files f on f.key = p.file_key
      where p.user_key = ${key} and ${sql.literal(isSent)} order by p.key`
  ),
  own: findOne(
    Own,
    (key: UserKey) => sql`
      select d.deal_id, d.sent_at is not null as is_deal_sent, coalesce(d.is_chosen, false) as is_deal_chosen,
        coalesce(d.replaced, '{}') as replaced_deals, coalesce(p.replaced, '{}') as replaced_persons, p.person_id, p.sent_at is not null as is_person_sent, coalesce(p.is_chosen, false) as is_person_chosen, f.company
      from (select 1) one left join deals d on d.user_key = ${key} left join persons p on p.user_key = ${key}
        left join profiles f on f.user_key = ${key}`
  ),
  organization: findFirst(
    Organization,
    (company: string) => sql`
      select organization_id as id, sent_at is not null as is_sent from organizations where company = ${company}`
  ),
  targets: findAll(
    Target,
    (key: UserKey) => sql`
      select target from publications where user_key = ${key} and target <> '' group by target order by max(key) desc`
  ),
  ofOthers: findOne(
    Shared,
    ({ deals, key, persons }: DealsAndPersons & { readonly key: UserKey }) => sql`
      select array(
          select id from unnest(${arrayOf(sql, deals, "bigint")}) id
          where exists (select 1 from deals where user_key <> ${key} and deal_id = id)
            or id::text in (
              select target from publications
              where user_key <> ${key} and target = any(${arrayOf(sql, deals, "bigint")}::text[]))
        ) as deals, array(
          select id from unnest(${arrayOf(sql, persons, "bigint")}) id
          where exists (select 1 from persons where user_key <> ${key} and person_id = id)
        ) as persons`
  ),
  /** A name may have changed since, and no file may have been found again: either hash says that the user was forgotten. */
  kept: findOne(
    Kept,
    ({ key, login }: typeof Owner.Type) => sql`
      select count(*) as files,
        exists (select 1 from forgotten_users where hash = forgotten_name(${login}))
          or coalesce(bool_or(exists (select 1 from forgotten_files where hash = forgotten_hash(f.gist_id, f.filename))), false)
          as was_forgotten
      from gist_files f where f.user_key = ${key}`
  )
})

const keepHashes = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { key, login }: typeof Owner.Type) {
  const { inner, outer } = hashKey()
  yield* sql`
    insert into forgotten_keys (id, inner_pad, outer_pad)
    values (1, decode(${inner}, 'hex'), decode(${outer}, 'hex')) on conflict do nothing`
  yield* sql`insert into forgotten_users (hash) values (forgotten_name(${login})) on conflict do nothing`
  // In order, so that two transactions come to equal hashes in the same order.
  yield* sql`
    insert into forgotten_files (hash)
    select forgotten_hash(f.gist_id, f.filename) as hash from publications p join gist_files f on f.key = p.file_key
    where p.user_key = ${key} and ${sql.literal(isSent)} order by hash on conflict do nothing`
})

/** Tables that nothing refers to, with a row for each user or more. */
export const tablesOfUser = [
  "deals",
  "persons",
  "listings",
  "file_rules",
  "profiles",
  "visits",
  "visitor_positions",
  "scan_failures"
]

/** Each statement deletes what refers to what the next one deletes. */
const eraseRows = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, key: UserKey) {
  const ofUser = sql`publication_key in (select key from publications where user_key = ${key})`
  yield* sql`delete from attempts where ${ofUser}`
  // What was created twice is still deleted in Pipedrive. The id alone is enough for that.
  yield* sql`update duplicates set publication_key = null where ${ofUser}`
  yield* sql`delete from publications where user_key = ${key}`
  yield* sql`
    update feed_positions f set seen = array(select e from unnest(f.seen) e where not ${isOfUser(sql, key)}),
      unsettled = array(select e from unnest(f.unsettled) e where not ${isOfUser(sql, key)})`
  yield* sql`delete from gist_files where user_key = ${key}`
  for (const table of tablesOfUser) {
    yield* sql`delete from ${sql(table)} where user_key = ${key}`
  }
  yield* sql`delete from scans where user_key = ${key}`
  yield* sql`delete from users where key = ${key}`
})

/**
 * Erases the organization of the user's company, unless another user's profile names the company in the same words. A user
 * who names it in other words has it found again. One whose creation is not confirmed stays: a hash, and no number.
 */
const eraseOrganization = (
  sql: SqlClient.SqlClient,
  { company, key, name }: { readonly key: UserKey; readonly company: string | null; readonly name: string }
) => sql`
  delete from organizations where company = ${companyKey(name)} and organization_id is not null
    and not exists (select 1 from profiles where user_key <> ${key} and lower(company) = lower(${company}))`

/** Whether an entry `e` of the feed's position, a gist's id and a time, is about a gist of the user. */
const isOfUser = (sql: SqlClient.SqlClient, key: UserKey) =>
  sql`exists (select 1 from gist_files g where g.user_key = ${key} and g.gist_id = split_part(e, ' ', 1))`

/**
 * Takes the name out of messages of other rows. Each statement is a transaction of its own, since it locks rows of other
 * users out of order.
 */
const eraseName = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, login: Username) {
  const pattern = namePattern(login)
  for (const [table, column, where] of [
    ["users", "error_message", "failures > 0"],
    ["scan_failures", "message", "true"],
    ["scans", "message", "state not in ('queued', 'running')"],
    ["limits", "message", "true"]
  ] as const) {
    yield* sql`
      update ${sql(table)} set ${sql(column)} = regexp_replace(${sql(column)}, ${pattern}, ${"\\1(forgotten)"}, 'gi')
      where ${sql(column)} ~* ${pattern} and ${sql.literal(where)}`
  }
  yield* sql`
    delete from sources where lower(source) = 'followers:' || lower(${login})
      or starts_with(lower(source), 'stargazers:' || lower(${login}) || '/')`
})

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const read = reading(sql)

  /** What stands in Pipedrive of this user alone, and the company of the profile. */
  const report = Effect.fnUntraced(function* ({ key, login }: typeof Owner.Type) {
    const files = yield* read.sent(key)
    const targets = (yield* read.targets(key)).map(({ target }) => target)
    const own = yield* read.own(key)
    const name = companyOf(own.company)
    const organization = name === undefined ? Option.none() : yield* read.organization(companyKey(name))
    const found = inPipedrive({
      login,
      files,
      targets,
      deal: { id: own.dealId, isSent: own.isDealSent, isChosen: own.isDealChosen },
      replaced: { deals: own.replacedDeals, persons: own.replacedPersons },
      person: { id: own.personId, isSent: own.isPersonSent, isChosen: own.isPersonChosen },
      organization: Option.getOrElse(organization, () => none)
    })
    const shared = yield* read.ofOthers({
      key,
      deals: [...found.deals, ...found.chosenDeals],
      persons: [...found.persons, ...found.chosenPersons]
    })
    return { company: own.company, name, standing: withoutShared(found, shared) }
  })

  const erase = Effect.fnUntraced(function* (username: Username) {
    const owner = yield* read.lock(username)
    if (Option.isNone(owner)) return yield* new UserNotTracked({ username })
    const { key, login } = owner.value
    yield* read.lockPublications(key)
    if (yield* read.isBusy(key)) return yield* new UserBusy({ username: login })
    const { company, name, standing } = yield* report(owner.value)
    const kept = yield* read.kept(owner.value)
    yield* keepHashes(sql, owner.value)
    if (name !== undefined) yield* eraseOrganization(sql, { company, key, name })
    yield* eraseRows(sql, key)
    return {
      ...standing,
      ...kept,
      login
    }
  })

  const transaction = fewTransactions(sql)

  return {
    /** Erases what is stored about a user, tracked or not. */
    forget: Effect.fnUntraced(function* (
      username: Username
    ): Effect.fn.Return<Forgotten, UserNotTracked | UserBusy | DatabaseError> {
      const forgotten = yield* transaction(erase(username)).pipe(
        Effect.catchTag("SqlError", (error) => orDatabaseError(Effect.fail(error))),
        // A process that died behind this transaction has left the name in messages.
        Effect.tapErrorTag("UserNotTracked", () => orDatabaseError(eraseName(sql, username)))
      )
      yield* orDatabaseError(eraseName(sql, forgotten.login))
      return forgotten
    })
  }
})
