/** The addresses that the server may listen on. */
import { BlockList, isIP } from "node:net"
import { codeOf, SettingsError } from "@gitpip/core"
import { Schema } from "effect"

/** The server cannot listen. The message says why and what to do. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

/** Whether only this machine can reach a host. Names other than `localhost` may lead anywhere, so they do not count. */
export const isLoopback = (host: string): boolean => {
  const address = unbracketed(host)
  const family = isIP(address)
  if (family === 0) return address.toLowerCase() === "localhost"
  return loopback.check(address, family === 4 ? "ipv4" : "ipv6")
}

/** `[::1]`, as addresses write it, is `::1` to the operating system. */
export const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, "$1")

/** Whether a `Host` header names this machine in a way that no name server can turn elsewhere. */
export const isOwnHost = (header: string): boolean => {
  const [, host] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header) ?? []
  return host !== undefined && isLoopback(host)
}

/** The address by which this machine reaches a server that listens at this address. */
export const urlOnThisMachine = (listening: string): string =>
  listening.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")

/** The reason why the server must not listen there; undefined when it may. */
export const refusal = (options: { readonly host: string; readonly hasKey: boolean }): SettingsError | undefined =>
  options.hasKey || isLoopback(options.host)
    ? undefined
    : new SettingsError({
        faults: [
          `Anybody who reaches ${options.host} could use this server. Set GITPIP_API_KEY, or listen on this machine alone with GITPIP_HOST=127.0.0.1 or --host 127.0.0.1`
        ]
      })

/** The operating system's error in words. */
export const listenError = (
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number }
): ListenError => {
  const say = reasons[codeOf(cause) ?? ""]
  return new ListenError({
    message: `The server cannot listen on ${host}, port ${port}: ${say ?? (cause instanceof Error ? cause.message : String(cause))}`,
    cause
  })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "another program, perhaps another Gitpip, listens there. Stop it, or choose another GITPIP_PORT or --port",
  EACCES: "it is not allowed to. Choose a GITPIP_PORT or --port above 1023",
  EADDRNOTAVAIL: "this machine does not have that address. Choose another GITPIP_HOST or --host",
  ENOTFOUND: "that name is not known. Choose another GITPIP_HOST or --host"
}
