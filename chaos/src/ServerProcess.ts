/** The real server as a process: started, killed, paused, and told what to suffer. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Order, Report } from "./orders.ts"
import type { Time } from "./Time.ts"

/** The bundle of a test run, see `program.ts`; `npm run chaos` starts the program's own files. */
const program = process.env.CHAOS_PROGRAM ?? fileURLToPath(new URL("../../packages/cli/bin/gitpip.js", import.meta.url))
const preload = new URL("preload.ts", import.meta.url).href

/** Beside a bundle, which is another one in each run. */
const compileCache =
  process.env.CHAOS_PROGRAM === undefined
    ? fileURLToPath(new URL("../../node_modules/.cache/gitpip-chaos", import.meta.url))
    : join(dirname(process.env.CHAOS_PROGRAM), "code")

/** A start makes much garbage: with room for it, a fifth of a start's processor time is saved. */
const heap = ["--min-semi-space-size=32", "--max-semi-space-size=64"]

/** As much of what a process said as is kept. */
const kept = 1024 * 1024

export interface ServerOptions {
  readonly time: Time
  readonly env: Readonly<Record<string, string>>
  /** Rules of the program that are switched off, by their names in `core/src/domain/rules.ts`. */
  readonly rulesOff?: ReadonlyArray<string> | undefined
  /** Every line that it says. */
  readonly onLine?: ((line: string) => void) | undefined
}

type Instruction = Order extends infer One ? (One extends Order ? Omit<One, "id"> : never) : never

export interface ServerProcess {
  readonly pid: number
  /** Where it listens; rejects when it ends before it does. */
  readonly address: Promise<URL>
  /** How it ended. */
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
  /** Has it suffer something. Answers what it reports, or nothing when it ends before. */
  readonly order: (order: Instruction) => Promise<Report | undefined>
  /** So much time has passed, also for one that is paused. */
  readonly advance: (millis: number) => void
  readonly output: () => string
}

export const start = ({ env, onLine, rulesOff = [], time }: ServerOptions): ServerProcess => {
  const child: ChildProcess = spawn(process.execPath, [...heap, "--import", preload, program, "serve"], {
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
  let output = ""
  let rest = ""
  let paused = false
  let listens = false
  const addressed = Promise.withResolvers<URL>()
  addressed.promise.catch(() => undefined)
  const say = (text: string) => {
    output = (output + text).slice(-kept)
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const address = /http\.listening\b.*?(http:\/\/[^\s"]+)/.exec(line)?.[1]
      if (address !== undefined) {
        listens = true
        addressed.resolve(new URL(address))
      }
      onLine?.(line)
    }
  }
  child.stdout?.setEncoding("utf8").on("data", say)
  child.stderr?.setEncoding("utf8").on("data", say)
  const exited = once(child, "close").then(([code, signal]) => {
    addressed.reject(new Error(`The server ended (${code ?? signal}) before it listened:\n${output.slice(-2_000)}`))
    return { code: code as number | null, signal: signal as NodeJS.Signals | null }
  })

  const answers = new Map<number, (report: Report | undefined) => void>()
  let orders = 0
  child.on("message", ({ id, ...report }: { readonly id: number } & Report) => {
    answers.get(id)?.(report)
    answers.delete(id)
  })
  child.on("error", () => undefined)
  void exited.then(() => {
    for (const answer of answers.values()) answer(undefined)
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    // Whoever is paused hears nothing but SIGKILL.
    if (paused && signal !== "SIGKILL") child.kill("SIGCONT")
    await exited
  }

  return {
    pid: child.pid ?? 0,
    address: addressed.promise,
    exited,
    alive: () => child.exitCode === null && child.signalCode === null,
    listens: () => listens,
    paused: () => paused,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    pause: () => {
      paused = child.kill("SIGSTOP")
      for (const answer of answers.values()) answer(undefined)
      answers.clear()
    },
    resume: () => {
      child.kill("SIGCONT")
      paused = false
    },
    order: (order) => {
      if (!child.connected || paused) return Promise.resolve(undefined)
      const id = ++orders
      const { promise, resolve } = Promise.withResolvers<Report | undefined>()
      answers.set(id, resolve)
      child.send({ id, ...order }, (error) => {
        if (error !== null) resolve(undefined)
      })
      return promise
    },
    advance: (millis) => {
      if (child.connected) child.send({ id: 0, type: "advance", millis }, () => undefined)
    },
    output: () => output
  }
}
