/**
 * A PostgreSQL server that a run kills and restarts. Without `fsync`: the operating system has what the server confirmed, so
 * confirmed commits survive a killed server.
 */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { chmod, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { freePort, load } from "../../packages/core/test/postgres.ts"
import { scratchDirectory } from "../../packages/core/test/scratch.ts"
import { preparePostgres, template } from "../../packages/core/test/templates.ts"
import type { Time } from "./Time.ts"

export interface PostgresServer {
  readonly port: number
  /** Makes a database with that clock, migrated or empty. Answers its address. */
  readonly createDatabase: (
    name: string,
    options: { readonly time: Time; readonly schema: "migrated" | "empty" }
  ) => Promise<URL>
  /** Runs statements in a database. */
  readonly alter: (database: URL, statements: ReadonlyArray<string>) => Promise<void>
  /** Whether the server works at a statement, rather than waits for locks. */
  readonly isWorking: (database: URL) => Promise<boolean>
  /** Sends SIGKILL to the postmaster, whose children notice and end. Then starts the server again. */
  readonly crash: () => Promise<void>
  /** An ordinary restart. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<PostgresServer> => {
  const { directory, port, server } = await prepare()
  const url = (database: string) => new URL(`postgres://postgres:postgres@127.0.0.1:${port}/${database}`)
  let prepared: Promise<void> | undefined
  const oneAtATime = makeQueue()
  await server.start()
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
    isWorking,
    crash: () =>
      oneAtATime(async () => {
        const { process: postmaster } = server as unknown as { readonly process: ChildProcess }
        const ended = once(postmaster, "exit")
        postmaster.kill("SIGKILL")
        await ended
        await startAgain(server)
      }),
    restart: () =>
      oneAtATime(async () => {
        await server.stop()
        await startAgain(server)
      }),
    stop: () =>
      oneAtATime(async () => {
        await server.stop()
        await rm(directory, { recursive: true, force: true })
      })
  }
}

/** A server with an empty data directory, not started yet. */
const prepare = async () => {
  const EmbeddedPostgres = await load()
  const directory = await scratchDirectory("chaos")
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
  await server.initialise()
  return { directory, port, server }
}

/** Tries until it succeeds: children of a killed postmaster may hold its memory for a moment longer. */
const startAgain = async (server: { readonly start: () => Promise<void> }): Promise<void> => {
  for (;;) {
    try {
      await server.start()
      return
    } catch {
      await pause(50)
    }
  }
}

/** Runs one piece of work after the other. */
const makeQueue = () => {
  let last: Promise<void> = Promise.resolve()
  return (work: () => Promise<void>): Promise<void> => {
    last = last.then(work)
    return last
  }
}

const within = <A, E>(database: URL, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, use).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(database.href), maxConnections: 1 })),
    Effect.runPromise
  )

const alter = (database: URL, statements: ReadonlyArray<string>) =>
  within(database, (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true }))

/** A database that cannot be asked counts as working. */
const isWorking = (database: URL): Promise<boolean> =>
  within(
    database,
    (sql) => sql<{ n: number }>`select count(*)::int as n from pg_stat_activity where datname = current_database()
      and pid <> pg_backend_pid() and state = 'active' and wait_event_type is distinct from 'Lock'`
  ).then(
    ([found]) => (found?.n ?? 0) > 0,
    () => true
  )
