/** A primary PostgreSQL server and its synchronous standby, behind one address that the test switches. */
import { execFile } from "node:child_process"
import { chmod, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, Redacted } from "effect"
import { within } from "./database.ts"
import { type PostgresServer, startPostgres } from "./postgres.ts"
import { scratchDirectory } from "./scratch.ts"
import { preparePostgres, searchPath, template } from "./templates.ts"

const flags = ["-c", "fsync=off"]
const database = "gitpip"

const at = (server: PostgresServer, name: string): Redacted.Redacted => {
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return Redacted.make(url.href)
}

/** Runs statements in Gitpip's database on one of the servers. */
const run = (server: PostgresServer, ...statements: ReadonlyArray<string>) =>
  within(at(server, database), (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement)))

/** A migrated database in these files. The standby begins as a copy of them. */
const prepare = async (kept: string): Promise<void> => {
  const server = await startPostgres(flags, { kept })
  await preparePostgres(server.url)
  await Effect.runPromise(
    within(at(server, "postgres"), (sql) =>
      Effect.andThen(
        sql.unsafe(`create database ${database} template ${template}`),
        sql.unsafe(`alter database ${database} set ${searchPath}`)
      )
    )
  )
  await server.stop()
}

/** Starts a standby from a copy of the primary's files: https://www.postgresql.org/docs/18/warm-standby.html */
const startStandby = async (primary: PostgresServer, kept: string): Promise<PostgresServer> => {
  const { hostname, password, port, username } = new URL(primary.url)
  const connection = `host=${hostname} port=${port} user=${username} password=${password}`
  await writeFile(join(kept, "data/standby.signal"), "")
  return startPostgres([...flags, "-c", `primary_conninfo=${connection}`], { kept })
}

/** One address whose connections lead to one server after the other. */
const makeSwitch = (first: PostgresServer) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const open = new Set<Socket>()
      let target = Number(new URL(first.url).port)
      const server = createServer((client) => {
        const onward = connect(target, "127.0.0.1")
        for (const [from, to] of [
          [client, onward],
          [onward, client]
        ] as const) {
          open.add(from)
          from
            .on("error", () => undefined)
            .once("close", () => {
              open.delete(from)
              to.destroy()
            })
          from.pipe(to)
        }
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const cut = () => {
        for (const socket of open) socket.destroy()
      }
      const to = (server: PostgresServer) => {
        target = Number(new URL(server.url).port)
        cut()
      }
      return {
        port: (server.address() as AddressInfo).port,
        to,
        close: () => new Promise((done) => server.close(done)),
        cut
      }
    }),
    ({ close, cut }) =>
      Effect.promise(() => {
        const closed = close()
        cut()
        return closed
      })
  ).pipe(Effect.map(({ port, to }) => ({ port, to })))

/**
 * The address of a migrated database by the switch. `killPrimary`: ends the primary as a lost machine does.
 * `showStandby`: leads the address to the standby, which is read-only until `promote`.
 */
export const primaryAndStandby = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const path = await scratchDirectory("replica")
      // When this process is root, the servers run as another user, who must be able to enter.
      await chmod(path, 0o755)
      return path
    }),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const [first, second] = [join(folder, "first"), join(folder, "second")]
  const primary = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      await prepare(first)
      // With their owner, who need not be this process's user.
      await promisify(execFile)("cp", ["--archive", first, second])
      return startPostgres([...flags, "-c", "synchronous_standby_names=*"], { kept: first })
    }),
    (server) => Effect.promise(() => server.stop())
  )
  const standby = yield* Effect.acquireRelease(
    Effect.promise(() => startStandby(primary, second)),
    (server) => Effect.promise(() => server.stop())
  )
  yield* within(at(primary, "postgres"), (sql) => sql`select from pg_stat_replication where sync_state = 'sync'`).pipe(
    Effect.repeat({ until: (rows) => rows.length > 0 })
  )
  const address = yield* makeSwitch(primary)
  const url = new URL(Redacted.value(at(primary, database)))
  url.port = String(address.port)
  return {
    url: Redacted.make(url.href),
    killPrimary: Effect.promise(() => primary.kill()),
    showStandby: Effect.sync(() => address.to(standby)),
    promote: run(standby, "select pg_promote()"),
    /** Runs statements on the standby once it is promoted. */
    run: (...statements: ReadonlyArray<string>) => run(standby, ...statements)
  }
})
