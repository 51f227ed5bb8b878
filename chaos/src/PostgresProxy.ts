/**
 * A proxy between one server process and PostgreSQL that reads the wire protocol, to see every statement and to fail
 * between any two of them.
 *
 * One cycle is everything up to a `Sync` or a simple query. PostgreSQL answers cycles in order, each with a `ReadyForQuery`
 * after the implicit commit. So a cycle whose answer the proxy holds back has happened, and the client cannot know.
 * https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { AddressInfo } from "node:net"
import { connect, createServer, type Socket } from "node:net"
import { frames, isBracket, isEncryptionRequest, type Step, stepOf, strings, tooManyClients } from "./postgresWire.ts"

export type { Step }

/** Before PostgreSQL sees a cycle, or after PostgreSQL is done and before the client hears of the result. */
export type Phase = "before" | "after"

/** `reset` cuts the connection. */
export type Verdict = "pass" | "reset"

type Hooks = { readonly [P in Phase]?: (step: Step) => Verdict | Promise<Verdict> }

/** What happens to new connections. */
type Mode = "open" | "refuse" | "no-connections-left"

/** The proxy of one server: its port, what it does with connections, and the hooks around each cycle. */
export interface PostgresProxy {
  readonly port: number
  hooks: Hooks
  mode: Mode
  /** How much has come through. */
  readonly seen: () => number
  /** Cycles that PostgreSQL has not answered. */
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
    else if (proxy.mode === "no-connections-left") client.once("data", () => client.end(tooManyClients))
    else {
      open.add(client)
      client.once("close", () => open.delete(client))
      couple({
        client,
        server: connect(target.port, "127.0.0.1"),
        proxy,
        underWay: [],
        isStarted: false,
        hasEnded: false
      })
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

/** One connection of a client, and its counterpart at PostgreSQL. */
interface Session {
  readonly client: Socket
  readonly server: Socket
  readonly proxy: { readonly hooks: Hooks; readonly traffic: Traffic }
  /** Cycles that PostgreSQL has not answered, in order. */
  readonly underWay: Array<Step | undefined>
  isStarted: boolean
  hasEnded: boolean
}

const couple = (session: Session): void => {
  const { client, proxy, server, underWay } = session
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
    if (!session.isStarted) traffic.starting--
    traffic.underWay -= underWay.length
    underWay.length = 0
    session.hasEnded = true
  })
  client.on("data", frames(true, fromClient(session)))
  server.on("data", frames(false, fromServer(session)))
}

/** Whether the connection goes on. */
const decide = async (session: Session, phase: Phase, step: Step | undefined): Promise<boolean> => {
  const { client, proxy, server } = session
  const hook = proxy.hooks[phase]
  if (step === undefined || hook === undefined) return true
  if ((await hook(step)) === "pass") return !client.destroyed
  client.resetAndDestroy()
  server.destroy()
  return false
}

/** Forwards a client's messages cycle by cycle, each with the statement that it executes. */
const fromClient = (session: Session) => {
  const { proxy, server, underWay } = session
  const statements = new Map<string, string>()
  const portals = new Map<string, string>()
  let toServer: Promise<void> = Promise.resolve()
  let lastStatement = ""
  let cycle: Array<Buffer> = []
  let executed: string | undefined

  const forward = (frames: ReadonlyArray<Buffer>, cycleOf?: { readonly step: Step | undefined }) => {
    toServer = toServer.then(async () => {
      if (!(await decide(session, "before", cycleOf?.step))) return
      proxy.traffic.seen++
      if (cycleOf !== undefined && !session.hasEnded) {
        underWay.push(cycleOf.step)
        proxy.traffic.underWay++
      }
      server.write(Buffer.concat(frames))
    })
  }

  return (type: string | undefined, frame: Buffer): void => {
    // Refuses encryption, as a server without TLS. The answer is one byte and no message.
    if (type === undefined && isEncryptionRequest(frame)) {
      session.client.write("N")
      return
    }
    if (type === undefined || type === "p" || type === "X") {
      forward([frame])
      return
    }
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
    const step = executed === undefined ? undefined : stepOf(executed, lastStatement)
    if (step !== undefined && !isBracket(step.statement)) lastStatement = step.name
    forward(cycle, { step })
    cycle = []
    executed = undefined
  }
}

/** Forwards PostgreSQL's answers, each once it is whole. */
const fromServer = (session: Session) => {
  const { client, proxy, underWay } = session
  const { traffic } = proxy
  let toClient: Promise<void> = Promise.resolve()
  let answer: Array<Buffer> = []

  return (type: string | undefined, frame: Buffer): void => {
    traffic.seen++
    if (!session.isStarted || underWay.length === 0) {
      // The first `ReadyForQuery` ends the start. Messages between cycles are notices that belong to no cycle.
      if (type === "Z" && !session.isStarted) {
        session.isStarted = true
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
      if (await decide(session, "after", step)) client.write(whole)
    })
  }
}
