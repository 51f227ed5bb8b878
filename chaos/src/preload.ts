/**
 * Loaded into a server process before anything else (`node --import`): makes its clocks run fast, and obeys the harness
 * over the process's message channel. The program itself is not changed, unless `CHAOS_MUTATIONS` says so.
 */
import dns from "node:dns"
import fs from "node:fs"
import { flushCompileCache, registerHooks, syncBuiltinESMExports } from "node:module"
import { resolve } from "node:path"
import type { Mutation, Order } from "./orders.ts"

const speed = Number(process.env.CHAOS_SPEED)
const start = Number(process.env.CHAOS_START)

// ------------------------------------------------------------------------------------------------------------------
// Time
// ------------------------------------------------------------------------------------------------------------------

const RealDate = Date
const realHrtime = process.hrtime.bigint.bind(process.hrtime)
const realSetTimeout = globalThis.setTimeout
const realSetInterval = globalThis.setInterval
/** Jumps of the wall clock, as by a time server. Monotonic clocks know nothing of them. */
let skew = Number(process.env.CHAOS_SKEW)
const now = () => Math.floor(start + (RealDate.now() - start) * speed + skew)
const hrtime = () => realHrtime() * BigInt(speed)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver))
})
performance.now = () => Number(hrtime()) / 1e6
process.hrtime.bigint = hrtime

const scaled = (delay: number | undefined) => (delay !== undefined && delay > 0 ? Math.max(delay / speed, 1) : delay)
globalThis.setTimeout = Object.assign(
  (run: (...args: Array<unknown>) => void, delay?: number, ...args: Array<unknown>) =>
    realSetTimeout(run, scaled(delay), ...args),
  realSetTimeout
) as typeof setTimeout
globalThis.setInterval = ((run: (...args: Array<unknown>) => void, delay?: number, ...args: Array<unknown>) =>
  realSetInterval(run, scaled(delay), ...args)) as typeof setInterval

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
// The program's text
// ------------------------------------------------------------------------------------------------------------------

const mutations = JSON.parse(process.env.CHAOS_MUTATIONS ?? "[]") as ReadonlyArray<Mutation>
const applied = new Set<Mutation>()

const broken = (mutation: Mutation, why: string): never => {
  process.stderr.write(`chaos: ${mutation.file}: ${why}: ${mutation.from}\n`)
  process.exit(70)
}

if (mutations.length > 0) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      let text: string | undefined
      for (const mutation of mutations) {
        if (!url.endsWith(mutation.file)) continue
        text ??= String(loaded.source)
        const parts: Array<string> = text.split(mutation.from)
        if (parts.length !== 2) broken(mutation, `the text occurs ${parts.length - 1} times instead of once`)
        text = parts.join(mutation.to)
        applied.add(mutation)
      }
      return text === undefined ? loaded : { ...loaded, source: text }
    }
  })
  process.on("exit", () => {
    for (const mutation of mutations) if (!applied.has(mutation)) broken(mutation, "the file was never loaded")
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

const report = () => {
  const { heapUsed, rss } = process.memoryUsage()
  const handles: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
  return { heapUsed, rss, handles, refused }
}
