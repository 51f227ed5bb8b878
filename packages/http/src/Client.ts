/** The client of a request, by which limits count: an IPv4 address, or the /64 of an IPv6 address. */
import { isIPv4 } from "node:net"
import { Result } from "effect"
import { IpNetwork, NetAddress } from "effect/net"

/** The client of an address. The owner of one IPv6 address commonly has all 2^64 addresses of its /64. */
export const clientOf = (address: string): string => {
  // The parser takes as long as the rest of a request's checks.
  if (isIPv4(address)) return address
  const parsed = parse(address)
  return parsed === undefined ? address : nameOf(parsed)
}

/**
 * The client behind a connection. The header of a trusted proxy is read from its end, because each proxy appends the
 * address that it saw; everything before the first untrusted address is the caller's own text. With an unreadable header,
 * the proxy is the client.
 */
export const clientBehind =
  (trusted: ReadonlyArray<IpNetwork.IpNetwork>) =>
  (peer: string, forwardedFor: string | undefined): string => {
    if (forwardedFor === undefined || !isTrusted(trusted, peer)) return clientOf(peer)
    const hops = forwardedFor.split(",").map((hop) => parse(hop.trim()))
    for (let index = hops.length - 1; index >= 0; index--) {
      const hop = hops[index]
      if (hop === undefined) return clientOf(peer)
      if (index === 0 || !trusted.some((network) => IpNetwork.contains(network, hop))) return nameOf(hop)
    }
    return clientOf(peer)
  }

/** Whether a connection comes from one of these. */
export const isTrusted = (trusted: ReadonlyArray<IpNetwork.IpNetwork>, peer: string): boolean => {
  if (trusted.length === 0) return false
  const address = parse(peer)
  return address !== undefined && trusted.some((network) => IpNetwork.contains(network, address))
}

const parse = (address: string): NetAddress.IpAddress | undefined => {
  // A link-local address has a zone, `fe80::1%eth0`, which does not identify the client. Some proxies add the port.
  const bare = address.replace(/%.*$/, "").replace(/^\[(.*)\](:\d+)?$/, "$1")
  const parsed = NetAddress.ipFromString(bare.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1"))
  return Result.isSuccess(parsed) ? NetAddress.toCanonical(parsed.success) : undefined
}

const nameOf = (address: NetAddress.IpAddress): string =>
  NetAddress.isIpv4Address(address)
    ? NetAddress.formatIp(address)
    : IpNetwork.format(IpNetwork.fromAddressUnsafe(address, 64))
