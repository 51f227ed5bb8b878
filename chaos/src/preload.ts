/**
 * Loaded into a server process before anything else (`node --import`): its clocks are the harness's (see `Time.ts`), and it
 * obeys the harness over the process's message channel. The program itself is not changed, but for the rules that
 * `CHAOS_RULES_OFF` names.
 */
import dns from "node:dns"
import fs from "node:fs"
import { flushCompileCache, registerHooks, syncBuiltinESMExports } from "node:module"
import { resolve } from "node:path"
import { promisify } from "node:util"
import type { Order, Report } from "./orders.ts"
import * as Timers from "./timers.ts"

// ------------------------------------------------------------------------------------------------------------------
// Time
// ------------------------------------------------------------------------------------------------------------------

const RealDate = Date
const realHrtime = process.hrtime.bigint.bind(process.hrtime)
const realPerformance = performance.now.bind(performance)
const { clearInterval: realClearInterval, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = globalThis
const realSetTimeout = globalThis.setTimeout

const elapsed = RealDate.now() - Number(process.env.CHAOS_STARTED)
const timersBegin = realPerformance()
const timers = Timers.make({
  now: () => realPerformance() - timersBegin,
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout
})
const begin = Number(process.env.CHAOS_NOW) + elapsed
let skew = 0
let advanced = 0
/** How often anything ran. */
let turns = 0
const now = () => Math.floor(begin + timers.now() + skew)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver))
})
performance.now = () => realPerformance() + advanced
process.hrtime.bigint = () => realHrtime() + BigInt(Math.round(advanced * 1e6))

/** What `setTimeout` and `setInterval` answer. */
class Timeout {
  readonly #run: () => void
  readonly #delay: number
  readonly #isRepeated: boolean
  #timer: Timers.Timer | undefined
  #isHeld = true
  constructor(run: () => void, delay: number | undefined, isRepeated: boolean) {
    this.#run = run
    this.#delay = delay !== undefined && delay >= 1 && delay < 2 ** 31 ? delay : 1
    this.#isRepeated = isRepeated
    this.refresh()
  }
  refresh() {
    this.close()
    this.#timer = timers.add(this.#delay, () => {
      turns++
      this.#timer = undefined
      if (this.#isRepeated) this.refresh()
      this.#run()
    })
    return this.#hold(this.#isHeld)
  }
  close() {
    if (this.#timer !== undefined) timers.remove(this.#timer)
    this.#timer = undefined
    return this
  }
  ref() {
    return this.#hold(true)
  }
  unref() {
    return this.#hold(false)
  }
  hasRef() {
    return this.#isHeld
  }
  #hold(isHeld: boolean) {
    this.#isHeld = isHeld
    if (this.#timer !== undefined) this.#timer.isHeld = isHeld
    timers.hold()
    return this
  }
  [Symbol.dispose]() {
    this.close()
  }
}

type Callback = (...args: Array<unknown>) => void
globalThis.setTimeout = Object.assign(
  (run: Callback, delay?: number, ...args: Array<unknown>) => new Timeout(() => run(...args), delay, false),
  {
    [promisify.custom]: (delay?: number, value?: unknown) => new Promise((done) => setTimeout(() => done(value), delay))
  }
) as unknown as typeof setTimeout
globalThis.setInterval = ((run: Callback, delay?: number, ...args: Array<unknown>) =>
  new Timeout(() => run(...args), delay, true)) as unknown as typeof setInterval
const clear = (real: typeof clearTimeout) => (timeout: Parameters<typeof clearTimeout>[0]) => {
  if (timeout instanceof Timeout) timeout.close()
  else real(timeout)
}
globalThis.clearTimeout = clear(realClearTimeout)
globalThis.clearInterval = clear(realClearInterval)
globalThis.setImmediate = Object.assign(
  (run: Callback, ...args: Array<unknown>) =>
    realSetImmediate(() => {
      turns++
      run(...args)
    }),
  realSetImmediate
) as typeof setImmediate

// Node writes its cache at an orderly end, which few of these processes come to.
realSetTimeout(flushCompileCache, 2_000).unref()

// ------------------------------------------------------------------------------------------------------------------
// Disk and names
// ------------------------------------------------------------------------------------------------------------------

let full = false
let nameless = false
const refused = { disk: 0, dns: 0 }
const directory = process.env.GITPIP_DATA_DIR === undefined ? undefined : resolve(process.env.GITPIP_DATA_DIR)

const noSpace = (call: string) => {
  refused.disk++
  return Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), {
    code: "ENOSPC",
    errno: -28,
    syscall: call
  })
}

/** Whether a file descriptor belongs to the embedded database. */
const ours = (fd: number): boolean => {
  if (!full || directory === undefined) return false
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
  } catch {
    return false
  }
}

const realWriteSync = fs.writeSync
fs.writeSync = ((fd: number, data: NodeJS.ArrayBufferView, offset?: number, length?: number, position?: number) => {
  if (ours(fd)) {
    const end = (position ?? 0) + (length ?? data.byteLength)
    if (end > fs.fstatSync(fd).size) throw noSpace("write")
  }
  return realWriteSync(fd, data, offset, length, position)
}) as typeof fs.writeSync

const realWriteFileSync = fs.writeFileSync
fs.writeFileSync = ((path: fs.PathOrFileDescriptor, ...rest: [string]) => {
  if (full && directory !== undefined && String(path).startsWith(directory)) throw noSpace("open")
  return realWriteFileSync(path, ...rest)
}) as typeof fs.writeFileSync

const realLookup = dns.lookup
dns.lookup = ((host: string, ...rest: Array<unknown>): void => {
  const callback = rest.at(-1)
  if (!nameless || typeof callback !== "function") {
    Reflect.apply(realLookup, dns, [host, ...rest])
    return
  }
  refused.dns++
  const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: "EAI_AGAIN", syscall: "getaddrinfo" })
  setImmediate(() => callback(error))
}) as unknown as typeof dns.lookup
syncBuiltinESMExports()

// ------------------------------------------------------------------------------------------------------------------
// Rules
// ------------------------------------------------------------------------------------------------------------------

const rulesOff = (process.env.CHAOS_RULES_OFF ?? "").split(",").filter((rule) => rule !== "")

if (rulesOff.length > 0) {
  let isReplaced = false
  registerHooks({
    load: (url, context, next) => {
      if (!url.endsWith("/core/dist/domain/rules.js")) return next(url, context)
      isReplaced = true
      const { source } = next(url, context)
      const names = [...String(source).matchAll(/^export const (\w+)/gm)].map(([, name = ""]) => name)
      const unknown = rulesOff.filter((rule) => !names.includes(rule))
      if (unknown.length > 0) {
        process.stderr.write(`chaos: rules.ts has no rule ${unknown}\n`)
        process.exit(70)
      }
      return {
        format: "module",
        shortCircuit: true,
        source: names.map((name) => `export const ${name} = ${!rulesOff.includes(name)}`).join("\n")
      }
    }
  })
  process.on("exit", () => {
    if (!isReplaced) process.stderr.write("chaos: rules.js was never loaded\n")
  })
}

// ------------------------------------------------------------------------------------------------------------------
// Orders
// ------------------------------------------------------------------------------------------------------------------

process.on("message", (order: Order) => {
  switch (order.type) {
    case "skew":
      skew += order.millis
      break
    case "advance":
      advanced += order.millis
      timers.advance(order.millis)
      return
    case "disk":
      full = order.full
      break
    case "dns":
      nameless = order.broken
      break
  }
  process.send?.({ id: order.id, ...report() })
})
process.channel?.unref()

const report = (): Report => {
  const wait = timers.wait()
  return {
    refused,
    turns,
    isBusy: process.getActiveResourcesInfo().some((kind) => /Req|ConnectWrap|WriteWrap|Zlib/.test(kind)),
    wait: Number.isFinite(wait) ? wait : null
  }
}
