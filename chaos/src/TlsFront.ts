/**
 * TLS in front of a fake, as of a service on the internet. Its certificate can be swapped for one that callers do not
 * trust.
 */
import { readFileSync } from "node:fs"
import { type AddressInfo, connect, type Socket } from "node:net"
import { createServer, type TLSSocket } from "node:tls"
import { fileURLToPath } from "node:url"

/** Both are signed by nobody but themselves, for `localhost`, and of no use but here. */
const certificate = (name: "trusted" | "untrusted") => ({
  key: readFileSync(new URL(`../certificates/${name}.key.pem`, import.meta.url)),
  cert: readFileSync(new URL(`../certificates/${name}.pem`, import.meta.url))
})

/** For `NODE_EXTRA_CA_CERTS`: a process with it trusts the right certificate. */
export const authority = fileURLToPath(new URL("../certificates/trusted.pem", import.meta.url))

/** The front's address, and the certificate that it presents. */
export interface TlsFront {
  readonly origin: string
  /** From now on the certificate is another, and each client has to connect again. */
  readonly present: (name: "trusted" | "untrusted") => void
  /** How often a caller did not accept the certificate. */
  readonly refusals: () => number
  /** How many pieces of data have come through. */
  readonly seen: () => number
  /** Connections whose handshake is under way, which `seen` does not count. */
  readonly starting: () => number
  readonly close: () => Promise<void>
}

export const make = async (target: URL): Promise<TlsFront> => {
  const open = new Set<TLSSocket>()
  // Otherwise the kernel holds small writes back for 40 ms, during which all servers seem to be at rest.
  const server = createServer({ ...certificate("trusted"), noDelay: true }, (client) => {
    const service = connect({ port: Number(target.port), host: "127.0.0.1", noDelay: true })
    open.add(client)
    client.on("error", () => service.destroy())
    service.on("error", () => client.destroy())
    client.once("close", () => {
      open.delete(client)
      service.destroy()
    })
    service.once("close", () => client.destroy())
    for (const socket of [client, service]) socket.on("data", () => seen++)
    client.pipe(service).pipe(client)
  })
  let refusals = 0
  let seen = 0
  /** By the caller's port. */
  const starting = new Set<number | undefined>()
  server.on("connection", (socket: Socket) => {
    seen++
    const port = socket.remotePort
    starting.add(port)
    socket.once("close", () => starting.delete(port))
  })
  server.on("secureConnection", ({ remotePort }) => starting.delete(remotePort))
  server.on("tlsClientError", () => refusals++)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const cut = () => {
    for (const client of open) client.destroy()
  }
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    present: (name) => {
      server.setSecureContext(certificate(name))
      cut()
    },
    refusals: () => refusals,
    seen: () => seen,
    starting: () => starting.size,
    close: () => {
      cut()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }
}
