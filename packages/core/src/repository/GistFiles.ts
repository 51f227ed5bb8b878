/** The files that scans found, and their entry into the outbox, in one transaction. */
import { DateTime, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError, rows } from "../Database.ts"
import { GistFile, type ListedFile } from "../domain/GistFile.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"

/** What one look at a user brought, to be stored at once. */
export interface Intake {
  readonly userKey: UserKey
  readonly scanKey: number
  readonly files: ReadonlyArray<ListedFile>
  readonly githubId: number | null
  readonly etag: string | null
  readonly pages: number
  /** Whether the walk reached the last page. */
  readonly full: boolean
  readonly backfill: "all" | "none"
  readonly now: Date
}

/** There is no file of this id. */
export class FileNotFound extends Schema.TaggedError<FileNotFound>()("FileNotFound", { file: Schema.Int }) {
  override get message(): string {
    return `There is no file ${this.file}`
  }
}

const chunk = 1_000

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal(`f.key as id, u.username as owner, f.filename, f.gist_id, f.html_url, f.raw_url,
    f.description, f.language, f.type, f.size, f.created_at, f.updated_at, f.found_at, f.scan_key as scan_id,
    p.key as publication_id, p.state as publication_state, p.target as publication_target,
    p.receipt as publication_receipt`)
  const from = sql.literal(
    `gist_files f join users u on u.key = f.user_key left join publications p on p.file_key = f.key`
  )
  const files = rows(GistFile)

  const add = Effect.fnUntraced(function* (intake: Intake) {
    // First of all, and in a statement of its own: visits take the same lock, so that the keys drawn below commit in
    // order, and what a second scanner just added is seen here.
    const [user] = yield* sql<{ trackedAt: DateTime.Utc; baselinedAt: DateTime.Utc | null }>`
      select tracked_at, baselined_at from users where key = ${intake.userKey} for update`
    if (user === undefined) return 0
    let added = 0
    const ordered = intake.files.toSorted(oldestFirst)
    for (let at = 0; at < ordered.length; at += chunk) {
      const part = ordered.slice(at, at + chunk).map((file) => ({
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
      // A user's first place in the queue is behind its own waiting files, but never before where the queue stands now:
      // start-time fair queueing, see Publications.ts.
      const [result] = yield* sql<{ n: number }>`
        with added as (
          insert into gist_files (user_key, scan_key, gist_id, filename, html_url, raw_url, description, language, type,
            size, created_at, updated_at, found_at)
          select ${intake.userKey}, ${intake.scanKey}, l.gist_id, l.filename, l.html_url, l.raw_url, l.description,
            l.language, l.type, l.size, l.created_at, l.updated_at, ${intake.now}
          from jsonb_to_recordset(${JSON.stringify(part)}::jsonb) as l(gist_id text, filename text, html_url text,
            raw_url text, description text, language text, type text, size bigint,
            created_at timestamptz, updated_at timestamptz)
          order by l.created_at, l.gist_id, l.filename
          on conflict on constraint gist_files_gist_id_filename_key do nothing
          returning key, gist_id, filename, created_at
        ), start as (
          select greatest(
            coalesce((select max(turn) + 1 from publications where user_key = ${intake.userKey} and state = 'pending'), 0),
            coalesce((select min(turn) from publications where state = 'pending'), 0)
          ) as turn
        ), queued as (
          insert into publications (file_key, user_key, state, turn, due_at, created_at, backlog)
          select key, ${intake.userKey}, 'pending',
            start.turn - 1 + row_number() over (order by created_at, gist_id, filename), ${intake.now}, ${intake.now},
            (${user.baselinedAt === null} and created_at < ${DateTime.toDate(user.trackedAt)})
              or ${at} + row_number() over (order by created_at, gist_id, filename) > ${Timing.freshFiles}
          from added, start
          where ${intake.backfill === "all" || user.baselinedAt !== null} or created_at >= ${DateTime.toDate(user.trackedAt)}
          order by created_at, gist_id, filename
        )
        select count(*) as n from added`
      added += result?.n ?? 0
    }
    yield* sql`
      update users set etag = ${intake.etag}, pages = ${intake.pages}, github_id = coalesce(github_id, ${intake.githubId}),
        walked_at = case when ${intake.full} then ${intake.now} else walked_at end,
        baselined_at = case when ${intake.full} then coalesce(baselined_at, ${intake.now}) else baselined_at end
      where key = ${intake.userKey}`
    if (added > 0) yield* sql`update scans set files = files + ${added} where key = ${intake.scanKey}`
    return added
  })

  return {
    /** Which of these gists' files are stored already, as `gist id, NUL, name`. */
    known: (gistIds: ReadonlyArray<string>) =>
      Effect.map(
        orDatabaseError(sql<{ gistId: string; filename: string }>`
          select gist_id, filename from gist_files where gist_id = any(${[...new Set(gistIds)]}::text[])`),
        (found) => new Set(found.map((file) => fileIdentity(file.gistId, file.filename)))
      ),
    /** Stores files, publications and the look's result together. Answers how many files were new. */
    add: (intake: Intake) => orDatabaseError(sql.withTransaction(add(intake))),
    /** A user's files, newest found first, from before `before` on. */
    history: (userKey: UserKey, page: { readonly before: number; readonly limit: number }) =>
      files(sql`select ${columns} from ${from} where f.user_key = ${userKey} and f.key < ${page.before}
        order by f.key desc limit ${page.limit}`),
    /** A user's files with `after < key <= until`, in the order they were added. */
    between: (userKey: UserKey, after: number, until: number) =>
      files(sql`select ${columns} from ${from} where f.user_key = ${userKey} and f.key > ${after} and f.key <= ${until}
        order by f.key`),
    find: Effect.fnUntraced(function* (id: number) {
      const [found] = yield* files(sql`select ${columns} from ${from} where f.key = ${id}`)
      if (found === undefined) return yield* new FileNotFound({ file: id })
      return found
    }),
    ofScan: (scanKey: number, limit: number) =>
      files(sql`select ${columns} from ${from} where f.scan_key = ${scanKey} order by f.key limit ${limit}`)
  }
})

export const fileIdentity = (gistId: string, filename: string): string => `${gistId}\0${filename}`

/** Oldest gist first, files by name: the order in which a user's files are published. */
const oldestFirst = (a: ListedFile, b: ListedFile): number =>
  a.createdAt < b.createdAt
    ? -1
    : a.createdAt > b.createdAt
      ? 1
      : fileIdentity(a.gistId, a.filename) < fileIdentity(b.gistId, b.filename)
        ? -1
        : 1
