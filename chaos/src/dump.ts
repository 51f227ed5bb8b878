/** The state of a world in which something does not end, for a person to read. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import type { World } from "./World.ts"

/** Locks, queues and the last lines of each server. */
export const dump = async (world: Pick<World, "database" | "slots">): Promise<string> => {
  const parts: Array<string> = []
  if (world.database !== undefined) {
    const questions = {
      "sessions and their locks": `select pid, state, wait_event_type, wait_event, pg_blocking_pids(pid) as blocked_by, left(query, 100) as query
        from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      publications: `select state, error_reason, error_message, max(attempts) as attempts, count(*) as n, min(due_at) as due, min(sent_at) as sent, max(lease_until) as lease, min(audit_at) as audit
        from publications group by 1, 2, 3`,
      scans: "select key, state, users, files, reason, message, lease_until from scans order by key desc limit 5",
      users: "select username, failures, retry_at, error_reason from users",
      deals: "select * from deals",
      limits: "select * from limits",
      duplicates: "select * from duplicates"
    }
    const asked = Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const [title, question] of Object.entries(questions)) {
        const rows = yield* sql.unsafe(question)
        parts.push(
          `${title}:`,
          ...rows.map((row) => `  ${JSON.stringify(row, (_, v) => (typeof v === "bigint" ? Number(v) : v))}`)
        )
      }
    }).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(world.database.href), maxConnections: 1 })),
      Effect.scoped
    )
    await Effect.runPromise(asked).catch((error) => parts.push(`the database cannot be read: ${error}`))
  }
  for (const { index, server } of world.slots) {
    parts.push(
      `server ${index}: ${server.alive() ? "lives" : "is dead"}${server.paused() ? ", paused" : ""}`,
      ...server.output().split("\n").slice(-15)
    )
  }
  return parts.join("\n")
}
