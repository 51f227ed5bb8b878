/** A PostgreSQL of one's own, to be killed and restarted. Durable: what it has confirmed survives its death. */
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
import type { Time } from "./Time.ts"

export interface PostgresServer {
  readonly port: number
  /** A new database that lives in that time. Answers its address. */
  readonly createDatabase: (name: string, time: Time) => Promise<URL>
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
    postgresFlags: ["-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    onLog: () => undefined,
    onError: () => undefined
  })
  const url = (database: string) => new URL(`postgres://postgres:postgres@127.0.0.1:${port}/${database}`)
  const run = (database: string, statements: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const statement of statements) yield* sql.unsafe(statement)
    }).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(url(database).href), maxConnections: 1 })),
      Effect.scoped,
      Effect.runPromise
    )
  /** Children of a killed postmaster may hold its memory for a moment longer. */
  const startAgain = async () => {
    for (let tries = 0; ; tries++) {
      try {
        return await server.start()
      } catch (error) {
        if (tries === 100) throw new Error("PostgreSQL does not start again after it was killed", { cause: error })
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
    createDatabase: async (name, time) => {
      await run("postgres", [`create database ${name}`])
      await run(name, time.sql(name))
      return url(name)
    },
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
