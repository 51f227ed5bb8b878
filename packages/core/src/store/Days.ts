/** What was found and published on each of the last days. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { rows } from "../database/Database.ts"
import { Day } from "../domain/Day.ts"

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  return {
    /**
     * The last `days` days up to the one of `now`, oldest first. Files found are summed up over scans, of which there are
     * some hundred a day, and never counted one by one; of publications there are as many a day as Pipedrive allows.
     * Hazard: a series of dates is one of instants in the session's zone, and some zones have days that begin at one o'clock.
     */
    list: (days: number, now: Date) => {
      const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - days + 1))
      return rows(Day)(sql`
        with found as (
          select (started_at at time zone 'UTC')::date as day, sum(files) as n from scans
          where started_at >= ${first} group by 1
        ), published as (
          select (published_at at time zone 'UTC')::date as day, count(*) as n from publications
          where published_at >= ${first} group by 1
        )
        select to_char(d, 'YYYY-MM-DD') as day, coalesce(f.n, 0)::bigint as found, coalesce(p.n, 0)::bigint as published
        from generate_series(0, ${days - 1}::int) n, lateral (select (${first}::timestamptz at time zone 'UTC')::date + n as d) days
          left join found f on f.day = d left join published p on p.day = d
        order by d`)
    }
  }
})
