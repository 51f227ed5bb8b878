/** The real server as a process: started, killed, paused, and ordered to suffer faults. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Order, Report } from "./orders.ts"
import type { Time } from "./Time.ts"

/** The bundle of a test run, see `program.ts`; `npm run chaos` starts the program's own files. */
const program = process.env.CHAOS_PROGRAM ?? fileURLToPath(new URL("../../packages/cli/bin/gitpip.js", import.meta.url))
const preload = new URL("preload.ts", import.meta.url).href

/** Beside the bundle, which is another one in each run. */
const compileCache =
  process.env.CHAOS_PROGRAM === undefined
    ? fileURLToPath(new URL("../../node_modules/.cache/gitpip-chaos", import.meta.url))
    : join(dirname(process.env.CHAOS_PROGRAM), "code")

/** A start makes much garbage. This room for it saves a fifth of a start's processor time. */
const heap = ["--min-semi-space-size=32", "--max-semi-space-size=64"]

/** Characters of a process's output that are kept. */
const kept = 1024 * 1024

export interface ServerOptions {
  readonly time: Time
  readonly env: Readonly<Record<string, string>>
  /** Rules of the program that are switched off, by their names in `core/src/domain/rules.ts`. */
  readonly rulesOff?: ReadonlyArray<string> | undefined
  /** Sees each line that the process prints. */
  readonly onLine?: ((line: string) => void) | undefined
}

type Instruction = Order extends infer One ? (One extends Order ? Omit<One, "id"> : never) : never

/** One process of the server, from its start to its end. */
export interface ServerProcess {
  readonly pid: number
  /** The server's address. Rejects when the process ends before it listens. */
  readonly address: Promise<URL>
  /** How the process ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  readonly alive: () => boolean
  readonly listens: () => boolean
  readonly paused: () => boolean
  /** SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>
  /** SIGTERM, and waits for the end. */
  readonly stop: () => Promise<void>
  /** SIGSTOP. */
  readonly pause: () => void
  /** SIGCONT. */
  readonly resume: () => void
  /** Sends an order. Answers the report, or nothing when the process ends before. */
  readonly order: (order: Instruction) => Promise<Report | undefined>
  /** Moves the process's clock, also of a paused process. */
  readonly advance: (millis: number) => void
  readonly output: () => string
}

export const start = (options: ServerOptions): ServerProcess => {
  const child = spawnServer(options)
  const said = listen(child, options.onLine)
  const exited = once(child, "close").then(([code, signal]) => {
    said.ended(code ?? signal)
    return { code: code as number | null, signal: signal as NodeJS.Signals | null }
  })
  const channel = makeChannel(child)
  void exited.then(channel.dropAll)
  child.on("error", () => undefined)
  let paused = false
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    // A paused process receives no signal but SIGKILL.
    if (paused && signal !== "SIGKILL") child.kill("SIGCONT")
    await exited
  }
  return {
    pid: child.pid ?? 0,
    address: said.address,
    exited,
    alive: () => child.exitCode === null && child.signalCode === null,
    listens: said.listens,
    paused: () => paused,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    pause: () => {
      paused = child.kill("SIGSTOP")
      channel.dropAll()
    },
    resume: () => {
      child.kill("SIGCONT")
      paused = false
    },
    order: (order) => (paused ? Promise.resolve(undefined) : channel.order(order)),
    advance: channel.advance,
    output: said.output
  }
}

const spawnServer = ({ env, rulesOff = [], time }: ServerOptions): ChildProcess =>
  spawn(process.execPath, [...heap, "--import", preload, program, "serve"], {
    env: {
      PATH: process.env.PATH,
      GITPIP_PORT: "0",
      GITPIP_LOG_FORMAT: "json",
      // Servers start all the time here: a quarter of a start is saved.
      NODE_COMPILE_CACHE: compileCache,
      ...time.env(),
      CHAOS_RULES_OFF: rulesOff.join(),
      ...env
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })

/** Reads a process's output, and finds the address in it. */
const listen = (child: ChildProcess, onLine: ServerOptions["onLine"]) => {
  let output = ""
  let rest = ""
  let listens = false
  const { promise: address, reject, resolve } = Promise.withResolvers<URL>()
  address.catch(() => undefined)
  const read = (text: string) => {
    output = (output + text).slice(-kept)
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const found = /http\.listening\b.*?(http:\/\/[^\s"]+)/.exec(line)?.[1]
      if (found !== undefined) {
        listens = true
        resolve(new URL(found))
      }
      onLine?.(line)
    }
  }
  child.stdout?.setEncoding("utf8").on("data", read)
  child.stderr?.setEncoding("utf8").on("data", read)
  return {
    address,
    listens: () => listens,
    output: () => output,
    ended: (how: unknown) => reject(new Error(`The server ended (${how}) before it listened:\n${output.slice(-2_000)}`))
  }
}

/** Orders to a process, and the reports that answer them. */
const makeChannel = (child: ChildProcess) => {
  const answers = new Map<number, (report: Report | undefined) => void>()
  let orders = 0
  child.on("message", ({ id, ...report }: { readonly id: number } & Report) => {
    answers.get(id)?.(report)
    answers.delete(id)
  })
  return {
    order: (order: Instruction): Promise<Report | undefined> => {
      if (!child.connected) return Promise.resolve(undefined)
      const id = ++orders
      const { promise, resolve } = Promise.withResolvers<Report | undefined>()
      answers.set(id, resolve)
      child.send({ id, ...order }, (error) => {
        if (error !== null) resolve(undefined)
      })
      return promise
    },
    advance: (millis: number): void => {
      if (child.connected) child.send({ id: 0, type: "advance", millis }, () => undefined)
    },
    /** Answers all orders without a report. */
    dropAll: (): void => {
      for (const answer of answers.values()) answer(undefined)
      answers.clear()
    }
  }
}
