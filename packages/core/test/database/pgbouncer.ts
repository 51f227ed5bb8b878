/** A real PgBouncer before the run's PostgreSQL server, where the machine has one. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { freePort } from "../postgres.ts"

export const hasPgBouncer = spawnSync("pgbouncer", ["--version"]).status === 0

/** PgBouncer refuses to run as root. */
const nobody = 65_534

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("close", () => undefined).once("connect", () => socket.destroy())
  })

/** The address of `server`, by way of a PgBouncer in this mode. Transactions share fewer sessions than Gitpip has connections. */
export const pooled = (server: string, mode: "transaction" | "session") =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const directory = await mkdtemp(join(tmpdir(), "gitpip-pgbouncer-"))
        const port = await freePort()
        const { hostname, password, port: serverPort, username } = new URL(server)
        await writeFile(
          join(directory, "pgbouncer.ini"),
          `[databases]
* = host=${hostname} port=${serverPort} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${mode === "transaction" ? 4 : 20}
server_round_robin = 1
`
        )
        await chmod(directory, 0o755)
        const process = spawn("pgbouncer", [join(directory, "pgbouncer.ini")], {
          stdio: "ignore",
          ...(globalThis.process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {})
        })
        const ended = once(process, "exit")
        while (!(await listens(port))) {
          if (process.exitCode !== null) throw new Error(`PgBouncer ended with ${process.exitCode}`)
        }
        return { directory, ended, port, process }
      }),
      stop
    ),
    ({ port }) => {
      const url = new URL(server)
      url.port = String(port)
      return url.href
    }
  )

const stop = (running: { directory: string; ended: Promise<unknown>; process: ChildProcess }) =>
  Effect.promise(async () => {
    running.process.kill("SIGKILL")
    await running.ended
    await rm(running.directory, { recursive: true, force: true })
  })
