/** A database as Gitpip leaves it after it has checked all users of a world for a long time. */
import { Duration, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Cadence from "../../src/domain/Cadence.ts"
import { arrayOf } from "../../src/store/sql.ts"
import { etagOf, fingerprintOf } from "./github.ts"
import { filename, pageSize, randomOf, type World } from "./world.ts"

const day = 86_400_000
const usersAtATime = 20_000
const filesAtATime = 200_000

/** Gists a day as Gitpip has learned them: from gists that came at random, each for half as much after a while. */
export const learnedRates = (world: World, seed: number): Float64Array => {
  const random = randomOf(seed)
  const since = 10 * Duration.toMillis(Cadence.halfLife)
  return world.rates.map((rate) => {
    const gists: Array<number> = []
    const wait = () => (-Math.log(1 - random()) / rate) * day
    for (let at = wait(); at < since; at += wait()) gists.push(-at)
    return Cadence.gained(gists, 0)
  })
}

/** `intervals`: milliseconds between two checks, by class. The last checks are spread evenly over the intervals. */
export const fill = Effect.fnUntraced(function* (
  world: World,
  options: {
    readonly rates: Float64Array
    readonly intervals: ReadonlyArray<number>
    readonly start: number
    readonly seed: number
  }
) {
  const { intervals, rates, start } = options
  const sql = yield* SqlClient.SqlClient
  const random = randomOf(options.seed)
  const etag = etagOf(world, 0, start)
  const fingerprint = fingerprintOf(world, 0, start)
  const users = rates.length
  for (let from = 0; from < users; from += usersAtATime) {
    const some = Array.from({ length: Math.min(usersAtATime, users - from) }, (_, n) => from + n)
    const rateOf = (user: number) => rates[user] as number
    const lastCheck = (user: number) => start - random() * (intervals[Cadence.classOf(rateOf(user))] as number)
    yield* sql`
      insert into users (id, username, github_id, tracked_at, baselined_at, listed_at, checked_at, etag, pages, fingerprint,
        rate, rate_at, rate_class)
      select id, 'user-' || id, id, ${new Date(start - 1_000 * day)}, ${new Date(start - 1_000 * day)},
        to_timestamp(listed / 1000), to_timestamp(scanned / 1000), ${etag}, greatest(ceil(gists / ${pageSize}::float8), 1),
        gists || ' ' || ${fingerprint}::text, rate, to_timestamp(scanned / 1000), class
      from unnest(
        ${arrayOf(
          sql,
          some.map((user) => user + 1),
          "bigint"
        )},
        ${arrayOf(
          sql,
          some.map((user) => world.gists[user] as number),
          "bigint"
        )},
        ${arrayOf(sql, some.map(rateOf), "float8")},
        ${arrayOf(
          sql,
          some.map((user) => Cadence.classOf(rateOf(user))),
          "bigint"
        )},
        ${arrayOf(sql, some.map(lastCheck), "float8")},
        ${arrayOf(
          sql,
          some.map(() => start - random() * day),
          "float8"
        )}
      ) as l(id, gists, rate, class, scanned, listed)`
  }
  const [scan] = yield* sql<{ key: number }>`
    insert into scans (kind, state, requested_at, started_at, finished_at)
    values ('scheduled', 'done', ${new Date(start - day)}, ${new Date(start - day)}, ${new Date(start - day)}) returning key`
  // Files that no answer will show are left out: those of users with nothing new, and one page of gists.
  const needed = [...rates.keys()].filter(
    (user) => (world.gists[user] as number) > pageSize || world.newsOf(user, Number.POSITIVE_INFINITY).length > 0
  )
  let files = 0
  for (let at = 0; at < needed.length; ) {
    const part: Array<number> = []
    for (let rows = 0; at < needed.length && rows < filesAtATime; at++) {
      const user = needed[at] as number
      part.push(user)
      rows += world.gists[user] as number
    }
    files += part.reduce((sum, user) => sum + (world.gists[user] as number), 0)
    yield* sql`
      insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
      select u.key, ${scan?.key ?? 0}, i.gist_id, ${filename},
        'https://gist.github.com/' || i.gist_id || '?file=' || ${filename}::text, 1000, l.at, l.at, l.at
      from (select *, ${new Date(start - day)}::timestamptz as at from unnest(
          ${arrayOf(
            sql,
            part.map((user) => user + 1),
            "bigint"
          )},
          ${arrayOf(
            sql,
            part.map((user) => world.gists[user] as number),
            "bigint"
          )}
        ) as p(id, gists)) l
        join users u on u.id = l.id
        cross join generate_series(0, l.gists - 1) as gist(n)
        cross join lateral (select lpad(to_hex(l.id), 8, '0') || lpad(to_hex(gist.n), 24, '0') as gist_id) i`
  }
  yield* sql`vacuum analyze`
  return { files, scan: scan?.key ?? 0 }
})
