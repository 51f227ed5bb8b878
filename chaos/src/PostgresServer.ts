/**
 * A PostgreSQL of one's own, to be killed and restarted. Without `fsync`: what it has confirmed is with the operating system,
 * and survives its death.
 */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freePort, load } from "../../packages/core/test/postgres.ts"
import { preparePostgres, template } from "../../packages/core/test/templates.ts"
import type { Time } from "./Time.ts"

export interface PostgresServer {
  readonly port: number
  /** A new database that lives in that time, migrated or empty. Answers its address. */
  readonly createDatabase: (
    name: string,
    options: { readonly time: Time; readonly schema: "migrated" | "empty" }
  ) => Promise<URL>
  /** Has a database suffer statements. */
  readonly alter: (database: URL, statements: ReadonlyArray<string>) => Promise<void>
  /** Whether it works at a statement, rather than waits for locks. */
  readonly isWorking: (database: URL) => Promise<boolean>
  /** SIGKILL to the postmaster; its children notice and end. Then started again. */
  readonly crash: () => Promise<void>
  /** An ordinary restart. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<PostgresServer> => {
  const EmbeddedPostgres = await load()
  const directory = await mkdtemp(join(tmpdir(), "gitpip-chaos-"))
  // When this process is root, the server runs as another user, who must be able to enter.
  await chmod(directory, 0o777)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    user: "postgres",
    password: "postgres",
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ["-c", "fsync=off", "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    onLog: () => undefined,
    onError: () => undefined
  })
  const url = (database: string) => new URL(`postgres://postgres:postgres@127.0.0.1:${port}/${database}`)
  const within = <A, E>(database: URL, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
    Effect.flatMap(SqlClient.SqlClient, use).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(database.href), maxConnections: 1 })),
      Effect.runPromise
    )
  const alter = (database: URL, statements: ReadonlyArray<string>) =>
    within(database, (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true }))
  let prepared: Promise<void> | undefined
  /** Children of a killed postmaster may hold its memory for a moment longer. */
  const startAgain = async () => {
    for (;;) {
      try {
        return await server.start()
      } catch {
        await pause(50)
      }
    }
  }
  await server.initialise()
  await server.start()
  /** One thing after the other. */
  let last: Promise<void> = Promise.resolve()
  const alone = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work)
    return last
  }
  return {
    port,
    createDatabase: async (name, { schema, time }) => {
      if (schema === "migrated") {
        prepared ??= preparePostgres(url("postgres").href)
        await prepared
      }
      const source = schema === "migrated" ? template : "template1"
      await alter(url("postgres"), [`create database ${name} template ${source} strategy file_copy`])
      await alter(url(name), time.sql(name))
      return url(name)
    },
    alter,
    isWorking: (database) =>
      within(
        database,
        (sql) => sql<{ n: number }>`select count(*)::int as n from pg_stat_activity where datname = current_database()
          and pid <> pg_backend_pid() and state = 'active' and wait_event_type is distinct from 'Lock'`
      ).then(
        ([found]) => (found?.n ?? 0) > 0,
        () => true
      ),
    crash: () =>
      alone(async () => {
        const { process: postmaster } = server as unknown as { readonly process: ChildProcess }
        const ended = once(postmaster, "exit")
        postmaster.kill("SIGKILL")
        await ended
        await startAgain()
      }),
    restart: () =>
      alone(async () => {
        await server.stop()
        await startAgain()
      }),
    stop: () =>
      alone(async () => {
        await server.stop()
        await rm(directory, { recursive: true, force: true })
      })
  }
}
