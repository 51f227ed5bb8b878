/** Listings of users and their files, as a check hands them to the store. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { UserKey } from "../../src/domain/User.ts"
import type { Intake } from "../../src/store/GistFiles.ts"

export const now = new Date("2026-03-01T00:00:00Z")
const trackedAt = "2026-01-01T00:00:00Z"

export const file = (
  gistId: string,
  filename = "a.md",
  createdAt = "2026-02-01T00:00:00Z"
): Intake["files"][number] => ({
  gistId,
  filename,
  htmlUrl: `${gistId}/${filename}`,
  rawUrl: null,
  description: null,
  language: null,
  type: null,
  size: 1,
  createdAt,
  updatedAt: createdAt
})

export const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => file(`${prefix}${n}`))

export const intake = (
  user: number,
  files: ReadonlyArray<Intake["files"][number]>,
  more: Partial<Intake> = {}
): Intake => ({
  userKey: user as UserKey,
  scanKey: 1,
  files,
  githubId: null,
  etag: null,
  pages: 1,
  isFullListing: true,
  backfill: "all",
  ...more
})

/** Users 1 to `users`, of whom the even ones were checked before, and two scans. */
export const begin = Effect.fnUntraced(function* (users: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into users (id, username, tracked_at, baselined_at)
    select n, 'user-' || n, ${trackedAt}::timestamptz, case when n % 2 = 0 then ${trackedAt}::timestamptz end
    from generate_series(1, ${users}::int) n`
  yield* sql`insert into scans (kind, state, requested_at) select 'requested', 'done', now() from generate_series(1, 2)`
})
