/**
 * Stores listings: files, their publications and what the listings prove about users.
 *
 * Hazard: every transaction locks users, names of files and scans in one order. Another order lets two transactions wait
 * for each other.
 */
import { DateTime, Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { findAll } from "../database/statements.ts"
import type { skippedBy, UserSkips } from "../domain/FileRules.ts"
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import { skippedByRule } from "../domain/Publication.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { rulesOf } from "../domain/UserRules.ts"
import { type ListingResult, recordListings } from "./Checks.ts"
import { RuleColumns, ruleColumns } from "./fileRules.ts"
import { arrayOf, now, queueHead, retryDeadlocks } from "./sql.ts"

/** What one check of a user brought, to be stored at once. */
export interface Intake extends ListingResult {
  readonly scanKey: number
  readonly files: ReadonlyArray<ListedFile>
  readonly backfill: "all" | "none"
  /** Which files rules leave out. Without it every file is published. */
  readonly skippedBy?: ReturnType<typeof skippedBy>
}

/** Files of one statement. */
const chunk = 1_000

const LockedUser = Schema.Struct({
  key: UserKey,
  trackedAt: Schema.DateTimeUtc,
  baselinedAt: Schema.NullOr(Schema.DateTimeUtc),
  ...RuleColumns
})

/** How many files and publications of a user a statement added. */
const Added = Schema.Struct({ userKey: UserKey, added: Schema.Int, queued: Schema.Int })

/** A listing of a user that is on record. */
interface Listing extends Intake {
  readonly user: typeof LockedUser.Type
  readonly skips: UserSkips | undefined
}

/** A file of a listing. */
interface Found {
  readonly listing: Listing
  readonly file: ListedFile
}

/**
 * Locks users. A statement of its own, before all others: visits take the same locks, so that one user's new keys commit in
 * order. Hazard: lock in order of the keys, and no stronger, or two transactions can wait for each other.
 */
const lockUsers = (sql: SqlClient.SqlClient) =>
  findAll(
    LockedUser,
    (keys: ReadonlyArray<UserKey>) => sql`
        with locked as (
          select key, tracked_at, baselined_at from users where key = any(${arrayOf(sql, keys, "bigint")})
          order by key for no key update
        )
        select locked.*, ${ruleColumns(sql)} from locked
          left join file_rules r on r.user_key = key and r.user_key = any(${arrayOf(sql, keys, "bigint")})`
  )

const fileRows = (part: ReadonlyArray<Found>) =>
  part.map(({ file, listing }, n) => ({
    n,
    user_key: listing.userKey,
    gist_id: file.gistId,
    filename: file.filename,
    html_url: file.htmlUrl,
    raw_url: file.rawUrl,
    description: file.description,
    language: file.language,
    type: file.type,
    size: file.size,
    created_at: file.createdAt,
    updated_at: file.updatedAt
  }))

/** The files that rules leave out, or may leave out once they are read. Two listings may show one file, whose first row is stored. */
const ruledRows = (part: ReadonlyArray<Found>) => {
  const ruled = part.flatMap(({ file, listing }) => {
    const skipped = listing.skips?.by(file)
    const ifFork = skipped === undefined && file.isFork === undefined ? listing.skips?.ifFork : undefined
    return skipped === undefined && ifFork === undefined
      ? []
      : [{ gist_id: file.gistId, filename: file.filename, skipped_by: skipped, skip_if_fork: ifFork }]
  })
  return [...new Map(ruled.map((row) => [fileIdentity(row.gist_id, row.filename), row])).values()]
}

/** The users of these files. `queued` counts each user's publications that this transaction has added before. */
const ownerRows = (part: ReadonlyArray<Found>, queued: ReadonlyMap<UserKey, number>) =>
  [...new Set(part.map(({ listing }) => listing))].map(({ backfill, scanKey, user, userKey }) => ({
    user_key: userKey,
    scan_key: scanKey,
    // Older files were there before the user was tracked. GitHub's times are in whole seconds.
    old_before: user.baselinedAt === null ? DateTime.toDate(DateTime.startOf(user.trackedAt, "second")) : null,
    skip_old: backfill === "none",
    queued: queued.get(userKey) ?? 0
  }))

interface Rows {
  readonly files: ReturnType<typeof fileRows>
  readonly owners: ReturnType<typeof ownerRows>
  readonly ruled: ReturnType<typeof ruledRows>
}

const ownersOf = (sql: SqlClient.SqlClient, { owners }: Rows) => sql`owners as (
          select o.*, ${now(sql)} as found_at from jsonb_to_recordset(${JSON.stringify(owners)}::jsonb)
            as o(user_key bigint, scan_key bigint, old_before timestamptz, skip_old boolean, queued bigint)
        )`

const insertFiles = (sql: SqlClient.SqlClient, { files }: Rows) => sql`
          insert into gist_files (user_key, scan_key, gist_id, filename, html_url, raw_url, description, language, type,
            size, created_at, updated_at, found_at)
          select o.user_key, o.scan_key, l.gist_id, l.filename, l.html_url, l.raw_url, l.description, l.language, l.type,
            l.size, l.created_at, l.updated_at, o.found_at
          from jsonb_to_recordset(${JSON.stringify(files)}::jsonb) as l(n int, user_key bigint, gist_id text, filename text,
            html_url text, raw_url text, description text, language text, type text, size bigint,
            created_at timestamptz, updated_at timestamptz) join owners o on o.user_key = l.user_key
          order by l.n
          on conflict on constraint gist_files_gist_id_filename_key do nothing
          returning key, user_key, created_at, gist_id, filename`

/**
 * Whether the file `a` was published before its user was forgotten. The first condition is one for the whole statement, so
 * no hash is computed before anybody is forgotten.
 */
export const wasPublished = (sql: SqlClient.SqlClient) => sql`
  ((select exists (select 1 from forgotten_files))
    and exists (select 1 from forgotten_files f where f.hash = forgotten_hash(a.gist_id, a.filename)))`

/**
 * Adds files and their publications by one statement. A user's new files go behind the user's pending ones, and never before
 * the queue head: see `Publications.ts`.
 */
const addFiles = (sql: SqlClient.SqlClient) =>
  findAll(
    Added,
    (rows: Rows) => sql`
        with ${ownersOf(sql, rows)}, added as (${
          rules.filesAndOutboxInOneTransaction
            ? insertFiles(sql, rows)
            : sql`select key, user_key, created_at, gist_id, filename from gist_files where scan_key in (select scan_key from owners)
                and key not in (select file_key from publications)`
        }), ruled as (
          select * from jsonb_to_recordset(${JSON.stringify(rows.ruled)}::jsonb)
            as r(gist_id text, filename text, skipped_by text, skip_if_fork text)
        ), start as materialized (
          select o.*, greatest(
            coalesce((select max(start_tag) + 1 from publications where user_key = o.user_key and state = 'pending'), 0),
            ${queueHead(sql)}
          ) as start_tag from owners o
        ), queued as (
          insert into publications (file_key, user_key, state, error_reason, error_message, start_tag, due_at, created_at,
            backlog, skip_if_fork)
          select a.key, a.user_key, case when r.skipped_by is null then 'pending' else 'skipped' end,
            case when r.skipped_by is not null then ${skippedByRule} end, r.skipped_by, s.start_tag - 1 + row_number() over own, s.found_at, s.found_at,
            coalesce(a.created_at < s.old_before, false) or s.queued + row_number() over own > ${Timing.freshFiles},
            r.skip_if_fork
          from added a join start s on s.user_key = a.user_key left join ruled r using (gist_id, filename)
          where not (s.skip_old and coalesce(a.created_at < s.old_before, false)) and not ${wasPublished(sql)}
          window own as (partition by a.user_key order by a.key)
          order by a.key
          returning file_key, state
        )
        select a.user_key, count(*) as added, count(q.file_key) filter (where q.state = 'pending') as queued
        from added a left join queued q on q.file_key = a.key group by a.user_key`
  )

export const makeIntake = (sql: SqlClient.SqlClient) => {
  const lock = lockUsers(sql)
  const add = addFiles(sql)

  /** Stores the listings of different users. */
  const addListings = Effect.fnUntraced(function* (intakes: ReadonlyArray<Intake>) {
    const added = new Map<UserKey, number>()
    const queued = new Map<UserKey, number>()
    const locked = new Map((yield* lock(intakes.map(({ userKey }) => userKey))).map((user) => [user.key, user]))
    const listings = intakes.flatMap((intake) => {
      const user = locked.get(intake.userKey)
      return user === undefined ? [] : [{ ...intake, user, skips: intake.skippedBy?.(rulesOf(user)) }]
    })
    if (listings.length === 0) return added
    // One order for all users' files. Two scans that find the same file wait for each other at its name, so both must come
    // to such names in the same order.
    const found = listings.flatMap((listing) => listing.files.map((file) => ({ listing, file }))).sort(oldestFirst)
    for (let at = 0; at < found.length; at += chunk) {
      const part = found.slice(at, at + chunk)
      const rows = { files: fileRows(part), owners: ownerRows(part, queued), ruled: ruledRows(part) }
      // Only the proof of that rule inserts the files by a statement before.
      if (!rules.filesAndOutboxInOneTransaction)
        yield* sql`with ${ownersOf(sql, rows)}, added as (${insertFiles(sql, rows)}) select count(*) from added`
      for (const count of yield* add(rows)) {
        added.set(count.userKey, (added.get(count.userKey) ?? 0) + count.added)
        queued.set(count.userKey, (queued.get(count.userKey) ?? 0) + count.queued)
      }
    }
    yield* recordListings(sql, listings)
    return added
  })

  const addAll = Effect.fnUntraced(function* (intakes: ReadonlyArray<Intake>) {
    const counts = intakes.map(() => 0)
    const ofScans = new Map<number, number>()
    // A second listing of a user builds on what the first one has stored.
    for (const round of roundsOf(intakes)) {
      const added = yield* addListings(round.map(({ intake }) => intake))
      for (const { at, intake } of round) {
        const count = added.get(intake.userKey) ?? 0
        counts[at] = count
        ofScans.set(intake.scanKey, (ofScans.get(intake.scanKey) ?? 0) + count)
      }
    }
    // A running scan counts its files when it ends: transactions that changed its row here would wait for each other's commit.
    // In order, as above.
    for (const [scanKey, count] of [...ofScans].sort(([a], [b]) => a - b)) {
      if (count > 0)
        yield* sql`update scans set files = files + ${count} where key = ${scanKey} and state not in ('queued', 'running')`
    }
    return counts
  })

  /** Stores listings in one transaction. Answers how many files of each were new. One user's listings keep their order. */
  return (intakes: ReadonlyArray<Intake>) =>
    orDatabaseError(
      rules.filesAndOutboxInOneTransaction ? retryDeadlocks(sql.withTransaction(addAll(intakes))) : addAll(intakes)
    )
}

/** The first listing of each user, then the second ones, and so on. */
const roundsOf = (intakes: ReadonlyArray<Intake>) => {
  const counts = new Map<UserKey, number>()
  const placed = intakes.map((intake, at) => {
    const round = counts.get(intake.userKey) ?? 0
    counts.set(intake.userKey, round + 1)
    return { at, intake, round }
  })
  return Map.groupBy(placed, ({ round }) => round).values()
}

/** Oldest gist first, files by name: the order in which a user's files are published. */
const oldestFirst = ({ file: a }: { readonly file: ListedFile }, { file: b }: { readonly file: ListedFile }): number =>
  inOrder(a.createdAt, b.createdAt) || inOrder(a.gistId, b.gistId) || inOrder(a.filename, b.filename)

const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
