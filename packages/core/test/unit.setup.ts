/** Unit tests stay pure: a test that opens a socket, a process or a database fails here, and belongs to another project. */
import childProcess from "node:child_process"
import { syncBuiltinESMExports } from "node:module"
import net from "node:net"
import { vi } from "vitest"

const refuse = (what: string) => () => {
  throw new Error(`A unit test must not ${what}. Name its file *.integration.test.ts`)
}

net.Server.prototype.listen = refuse("open a port") as typeof net.Server.prototype.listen
net.Socket.prototype.connect = refuse("open a connection") as typeof net.Socket.prototype.connect
for (const name of ["spawn", "spawnSync", "fork", "exec", "execSync", "execFile", "execFileSync"] as const) {
  childProcess[name] = refuse("start a process") as never
}
syncBuiltinESMExports()

vi.mock("@electric-sql/pglite", () => {
  throw new Error("A unit test must not start a database. Name its file *.integration.test.ts")
})
