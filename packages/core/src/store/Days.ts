/** How many files were found and published on each of the last days. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { findAll } from "../database/statements.ts"
import { Day } from "../domain/Day.ts"

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  /** Both ends: PostgreSQL takes an open range of instants that it does not know for a third of the table, and reads all of it. */
  const recent = (column: "started_at" | "published_at") =>
    sql`${sql(column)} between (select at from first) and (select until from first)`

  return {
    /**
     * The last `days` days, today included, oldest first. Files found are sums over scans, some hundred a day.
     * Hazard: a series of dates is one of instants in the session's zone, and some zones have days that begin at one o'clock.
     */
    list: findAll(
      Day,
      (days: number) => sql`
        with today as materialized (
          select (clock_timestamp() at time zone 'UTC')::date as day
        ), first as materialized (
          select (day - ${days - 1}::int)::timestamp at time zone 'UTC' as at,
            (day + 1)::timestamp at time zone 'UTC' as until from today
        ), found as (
          select (started_at at time zone 'UTC')::date as day, sum(files) as n from scans where ${recent("started_at")} group by 1
        ), published as (
          select (published_at at time zone 'UTC')::date as day, count(*) as n from publications
          where ${recent("published_at")} group by 1
        )
        select to_char(d, 'YYYY-MM-DD') as day, coalesce(f.n, 0)::bigint as found, coalesce(p.n, 0)::bigint as published
        from generate_series(0, ${days - 1}::int) n, lateral (select (at at time zone 'UTC')::date + n as d from first) days
          left join found f on f.day = d left join published p on p.day = d
        order by d`
    )
  }
})
