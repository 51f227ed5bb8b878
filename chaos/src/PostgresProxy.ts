/**
 * A proxy between one server process and PostgreSQL that understands as much of the wire protocol as it takes to see
 * every statement, and to fail between any two of them.
 *
 * One cycle is everything up to a `Sync` or a simple query. PostgreSQL answers cycles in order, each with a
 * `ReadyForQuery`, after the implicit commit; so a cycle whose answer is withheld has happened, and its client cannot
 * know. https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import { createHash } from "node:crypto"
import type { AddressInfo } from "node:net"
import { connect, createServer, type Socket } from "node:net"

/** What is about to happen, or has happened. */
export interface Step {
  /** The statement in short: the same for the same text. A commit is named with what it commits. */
  readonly name: string
  readonly statement: string
}

/** `reset` cuts the connection. */
export type Verdict = "pass" | "reset"

interface Hooks {
  /** Before PostgreSQL sees it. */
  readonly before?: (step: Step) => Verdict | Promise<Verdict>
  /** When PostgreSQL has done it, and before the client hears of it. */
  readonly after?: (step: Step) => Verdict | Promise<Verdict>
}

/** How connections are met. */
type Mode = "open" | "refuse" | "too-many"

export interface PostgresProxy {
  readonly port: number
  hooks: Hooks
  mode: Mode
  /** How much has come through. */
  readonly seen: () => number
  /** Cycles that PostgreSQL is at. */
  readonly underWay: () => number
  /** Connections that are being made. */
  readonly starting: () => number
  /** Resets every connection. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

export const make = async (target: { readonly port: number }): Promise<PostgresProxy> => {
  const open = new Set<Socket>()
  const proxy = { hooks: {} as Hooks, mode: "open" as Mode, traffic: { seen: 0, underWay: 0, starting: 0 } }
  const server = createServer((client) => {
    client.on("error", () => undefined)
    if (proxy.mode === "refuse") client.resetAndDestroy()
    else if (proxy.mode === "too-many") client.once("data", () => client.end(tooManyClients))
    else {
      open.add(client)
      client.once("close", () => open.delete(client))
      couple(client, connect(target.port, "127.0.0.1"), proxy)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const cut = () => {
    for (const client of open) client.resetAndDestroy()
  }
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    seen: () => proxy.traffic.seen,
    underWay: () => proxy.traffic.underWay,
    starting: () => proxy.traffic.starting,
    cut,
    close: () => {
      cut()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    }
  })
}

interface Traffic {
  seen: number
  underWay: number
  starting: number
}

const couple = (client: Socket, server: Socket, proxy: { readonly hooks: Hooks; readonly traffic: Traffic }): void => {
  const { traffic } = proxy
  const part = () => {
    client.destroy()
    server.destroy()
  }
  for (const socket of [client, server]) {
    socket.setNoDelay(true)
    socket.on("error", part)
    socket.on("close", part)
  }
  traffic.starting++
  server.once("close", () => {
    traffic.seen++
    if (!started) traffic.starting--
    traffic.underWay -= underWay.length
    underWay.length = 0
    hasEnded = true
  })
  const statements = new Map<string, string>()
  const portals = new Map<string, string>()
  /** Cycles that PostgreSQL is at, in order. */
  const underWay: Array<Step | undefined> = []
  let lastStatement = ""
  let started = false
  let hasEnded = false
  let toServer: Promise<void> = Promise.resolve()
  let toClient: Promise<void> = Promise.resolve()

  const decide = async (hook: Hooks["before"], step: Step | undefined): Promise<boolean> => {
    if (step === undefined || hook === undefined) return true
    if ((await hook(step)) === "pass") return !client.destroyed
    client.resetAndDestroy()
    server.destroy()
    return false
  }
  const forward = (frames: ReadonlyArray<Buffer>, step: Step | undefined, ends: boolean) => {
    toServer = toServer.then(async () => {
      if (!(await decide(proxy.hooks.before, step))) return
      traffic.seen++
      if (ends && !hasEnded) {
        underWay.push(step)
        traffic.underWay++
      }
      server.write(Buffer.concat(frames))
    })
  }

  let cycle: Array<Buffer> = []
  let executed: string | undefined
  const fromClient = frames(true, (type, frame) => {
    if (type === undefined || type === "p" || type === "X") return forward([frame], undefined, false)
    const body = frame.subarray(5)
    if (type === "P") {
      const [name, text] = strings(body, 2)
      statements.set(name as string, text as string)
    } else if (type === "B") {
      const [portal, name] = strings(body, 2)
      portals.set(portal as string, statements.get(name as string) ?? "")
    } else if (type === "E") executed = portals.get(strings(body, 1)[0] as string)
    else if (type === "Q") executed = strings(body, 1)[0]
    cycle.push(frame)
    if (type !== "S" && type !== "Q") return
    const step = executed === undefined ? undefined : named(executed, lastStatement)
    if (step !== undefined && !isBracket(step.statement)) lastStatement = step.name
    forward(cycle, step, true)
    cycle = []
    executed = undefined
  })

  let answer: Array<Buffer> = []
  const fromServer = frames(false, (type, frame) => {
    traffic.seen++
    if (!started || underWay.length === 0) {
      // The first one ends the start-up; what comes between cycles is news that belongs to none.
      if (type === "Z" && !started) {
        started = true
        traffic.starting--
      }
      toClient = toClient.then(() => void client.write(frame))
      return
    }
    answer.push(frame)
    if (type !== "Z") return
    const whole = Buffer.concat(answer)
    const step = underWay.shift()
    traffic.underWay--
    answer = []
    toClient = toClient.then(async () => {
      if (await decide(proxy.hooks.after, step)) client.write(whole)
    })
  })

  client.on("data", fromClient)
  server.on("data", fromServer)
}

/** Cuts a stream into messages: a type and a length, but for the very first one of a client. */
const frames = (client: boolean, onFrame: (type: string | undefined, frame: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  let first = client
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const head = first ? 0 : 1
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      const frame = rest.subarray(0, length)
      rest = rest.subarray(length)
      const type = first ? undefined : String.fromCharCode(frame[0] as number)
      first = false
      onFrame(type, frame)
    }
  }
}

const strings = (body: Buffer, count: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let at = 0; found.length < count; ) {
    const end = body.indexOf(0, at)
    found.push(body.toString("utf8", at, end))
    at = end + 1
  }
  return found
}

const isBracket = (statement: string) => /^(begin|commit|rollback|savepoint|release)\b/i.test(statement)

const named = (text: string, last: string): Step => {
  const statement = text.replace(/\s+/g, " ").trim()
  if (/^begin/i.test(statement)) return { name: "begin", statement }
  if (isBracket(statement)) return { name: `${statement.toLowerCase().replace(/\d+/g, "")} ← ${last}`, statement }
  const hash = createHash("sha256").update(statement).digest("hex").slice(0, 6)
  return { name: `${statement.slice(0, 60)} #${hash}`, statement }
}

/** https://www.postgresql.org/docs/18/protocol-error-fields.html */
const tooManyClients = (() => {
  const fields = Buffer.from("SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0")
  const head = Buffer.alloc(5)
  head.write("E")
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
})()
