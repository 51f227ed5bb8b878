/** The process's resolution of names, which an order breaks. */
import dns from "node:dns"
import { syncBuiltinESMExports } from "node:module"

/** Changed by orders. */
export const names = { areBroken: false, refused: 0 }

const realLookup = dns.lookup
dns.lookup = ((host: string, ...rest: Array<unknown>): void => {
  const callback = rest.at(-1)
  if (!names.areBroken || typeof callback !== "function") {
    Reflect.apply(realLookup, dns, [host, ...rest])
    return
  }
  names.refused++
  const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: "EAI_AGAIN", syscall: "getaddrinfo" })
  setImmediate(() => callback(error))
}) as unknown as typeof dns.lookup
syncBuiltinESMExports()
