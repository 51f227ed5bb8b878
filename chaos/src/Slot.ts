/** The place of one server in a world: whenever a process ends there, another one starts. */
import * as PostgresProxy from "./PostgresProxy.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import type { Random } from "./random.ts"
import * as ServerProcess from "./ServerProcess.ts"
import type { Time } from "./Time.ts"

/** Something that is to happen once, at a statement of one server. */
interface Trigger {
  readonly phase: PostgresProxy.Phase
  readonly matches: (step: PostgresProxy.Step) => boolean
  readonly act: (slot: Slot) => PostgresProxy.Verdict | Promise<PostgresProxy.Verdict>
}

/** One server's place: its present process, its way to the database, and what is to happen to it. */
export interface Slot {
  readonly index: number
  readonly proxy: PostgresProxy.PostgresProxy | undefined
  server: ServerProcess.ServerProcess
  readonly triggers: Array<Trigger>
  /** Milliseconds by which each statement is delayed. */
  slowness: number
  /** No further process starts here. */
  closed: boolean
}

export interface SlotOptions {
  readonly time: Time
  readonly random: Random
  readonly postgres: PostgresServer | undefined
  /** The database of all servers; absent with the embedded one. */
  readonly database: URL | undefined
  readonly env: Readonly<Record<string, string>>
  readonly rulesOff?: ReadonlyArray<string> | undefined
  /** Sees each line that a server prints. */
  readonly onLine: (line: string) => void
}

/** Starts the first process. */
export const make = async (index: number, options: SlotOptions): Promise<Slot> => {
  const { postgres, random, time } = options
  const proxy = postgres === undefined ? undefined : await PostgresProxy.make({ port: postgres.port })
  const launch = () => ServerProcess.start({ ...options, env: { ...options.env, ...databaseEnv(options, proxy) } })
  const slot: Slot = { index, proxy, server: launch(), triggers: [], slowness: 0, closed: false }
  if (proxy !== undefined) proxy.hooks = { before: hook(slot, "before", options), after: hook(slot, "after", options) }
  const supervise = async (): Promise<void> => {
    await slot.server.exited
    // As a service manager would.
    await time.sleep(random.int(10, 100))
    if (slot.closed) return
    slot.server = launch()
    return supervise()
  }
  void supervise()
  return slot
}

/** The database's address, through the slot's own proxy. */
const databaseEnv = ({ database }: SlotOptions, proxy: PostgresProxy.PostgresProxy | undefined) => {
  if (database === undefined) return {}
  const url = new URL(database)
  url.port = String(proxy?.port)
  return { POSTGRES_CONNECTION_STRING: url.href }
}

const hook =
  (slot: Slot, phase: PostgresProxy.Phase, { time }: SlotOptions) =>
  async (step: PostgresProxy.Step) => {
    if (slot.slowness > 0 && phase === "before") await time.sleep(slot.slowness)
    const at = slot.triggers.findIndex((trigger) => trigger.phase === phase && trigger.matches(step))
    return at === -1 ? "pass" : (slot.triggers.splice(at, 1)[0] as Trigger).act(slot)
  }

/** Ends the process for good. */
export const close = async (slot: Slot): Promise<void> => {
  slot.closed = true
  await slot.server.kill()
}
