/**
 * The files that scans found, and their entry into the outbox.
 *
 * Guarantee: a file and its publication are stored in one transaction. Beside the outbox, two caches lead from a check to
 * the publisher of the same process and only save work: `ContentCache` (short texts) and `ScanSpans` (traces).
 */
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findAll, findFirst } from "../database/statements.ts"
import { fileIdentity, GistFile } from "../domain/GistFile.ts"
import type { UserKey } from "../domain/User.ts"
import { grouped } from "./grouped.ts"
import { makeIntake, wasPublished } from "./intake.ts"
import { selectList, sharedClient } from "./sql.ts"

export type { Intake } from "./intake.ts"

/** There is no file of this id. */
export class FileNotFound extends Schema.TaggedError<FileNotFound>()("FileNotFound", { file: Schema.Int }) {
  override get message(): string {
    return `There is no file ${this.file}`
  }
}

const FileName = Schema.Struct({ gistId: Schema.String, filename: Schema.String })

const identities = (files: ReadonlyArray<typeof FileName.Type>): ReadonlySet<string> =>
  new Set(files.map(({ filename, gistId }) => fileIdentity(gistId, filename)))

const columnsOf = (sql: SqlClient.SqlClient) =>
  selectList<keyof GistFile>(sql, {
    id: "f.key",
    owner: "u.username",
    filename: "f.filename",
    gistId: "f.gist_id",
    htmlUrl: "f.html_url",
    rawUrl: "f.raw_url",
    description: "f.description",
    language: "f.language",
    type: "f.type",
    size: "f.size",
    createdAt: "f.created_at",
    updatedAt: "f.updated_at",
    foundAt: "f.found_at",
    scanId: "f.scan_key",
    publicationId: "p.key",
    publicationState: "p.state",
    publicationMessage: "p.error_message",
    publicationTarget: "p.target",
    publicationRemoteId: "p.remote_id"
  })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const shared = yield* sharedClient(sql)
  const columns = columnsOf(sql)
  const from = sql.literal(
    `gist_files f join users u on u.key = f.user_key left join publications p on p.file_key = f.key`
  )
  const known = findAll(
    FileName,
    (gistIds: ReadonlyArray<string>) => sql`
          select gist_id, filename from gist_files where gist_id = any(${[...new Set(gistIds)]}::text[])`
  )
  const forgotten = findAll(
    FileName,
    (files: ReadonlyArray<typeof FileName.Type>) => sql`
          select a.gist_id, a.filename
          from jsonb_to_recordset(${JSON.stringify(files.map(({ filename, gistId }) => ({ gist_id: gistId, filename })))}::jsonb)
            as a(gist_id text, filename text)
          where ${wasPublished(sql)}`
  )
  const history = findAll(
    GistFile,
    ({ before, limit, userKey }: { readonly userKey: UserKey; readonly before: number; readonly limit: number }) =>
      shared`select ${columns} from ${from} where f.user_key = ${userKey} and f.key < ${before}
        order by f.key desc limit ${limit}`.withoutTransform
  )
  const between = findAll(
    GistFile,
    ({ after, until, userKey }: { readonly userKey: UserKey; readonly after: number; readonly until: number }) =>
      shared`select ${columns} from ${from} where f.user_key = ${userKey} and f.key > ${after} and f.key <= ${until}
        order by f.key`.withoutTransform
  )
  const find = findFirst(GistFile, (id: number) => sql`select ${columns} from ${from} where f.key = ${id}`)
  const ofScan = findAll(
    GistFile,
    ({ limit, scanKey }: { readonly scanKey: number; readonly limit: number }) =>
      sql`select ${columns} from ${from} where f.scan_key = ${scanKey} order by f.key limit ${limit}`.withoutTransform
  )
  const store = makeIntake(sql)

  return {
    /** Which of these gists' files are stored, by `fileIdentity`; with them, files that others ask for at the same time. */
    known: grouped((lists: ReadonlyArray<ReadonlyArray<string>>) =>
      Effect.map(known(lists.flat()), (found) => {
        const stored = identities(found)
        return lists.map(() => stored)
      })
    ),
    /** Which of these files were published before their user was forgotten, by `fileIdentity`. */
    forgotten: (files: ReadonlyArray<typeof FileName.Type>) => Effect.map(forgotten(files), identities),
    /** Stores a listing's files, their publications and what the listing proves, in one transaction. Answers how many files were new. */
    add: grouped(store),
    /** Stores many listings in one transaction. Answers how many files of each were new. One user's listings keep their order. */
    addAll: store,
    /** A user's files, newest found first, from before `before` on. */
    history: (userKey: UserKey, page: { readonly before: number; readonly limit: number }) =>
      history({ userKey, ...page }),
    /** A user's files with `after < key <= until`, in the order they were added. */
    between: (userKey: UserKey, after: number, until: number) => between({ userKey, after, until }),
    find: Effect.fnUntraced(function* (id: number) {
      const found = yield* find(id)
      return Option.isSome(found) ? found.value : yield* new FileNotFound({ file: id })
    }),
    ofScan: (scanKey: number, limit: number) => ofScan({ scanKey, limit })
  }
})
