/**
 * Which requests go through which proxy, by the variables that curl, Go and Node.js read. PostgreSQL is never proxied.
 *
 * Hazard: the address of a proxy can hold a password. Messages show `origin`.
 */
import { Option, Redacted, Result } from "effect"
import { IpInterface, IpNetwork, NetAddress } from "effect/net"

/** The setting for a proxy. */
export type ProxyVariable = "HTTPS_PROXY" | "HTTP_PROXY"

/** A proxy for one scheme of addresses. */
export interface HttpProxy {
  /** The variable that was read, in the case in which it was set. */
  readonly variable: ProxyVariable | Lowercase<ProxyVariable>
  /** With user and password, when it has them. */
  readonly address: Redacted.Redacted
  /** Scheme, host and port. */
  readonly origin: string
}

/** The proxies of a process, and the addresses that are reached without one. */
export interface Proxies {
  /** For requests to `http://` addresses. */
  readonly http: Option.Option<HttpProxy>
  /** For requests to `https://` addresses. */
  readonly https: Option.Option<HttpProxy>
  /** The hosts, domains and subnets of NO_PROXY as written there. */
  readonly except: ReadonlyArray<string>
}

export const noProxies: Proxies = { http: Option.none(), https: Option.none(), except: [] }

const form =
  "must be the address of a proxy: `http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`, with special characters of the password written as `%XX`"

/** The address of a proxy, or what is wrong with the text. An address without a scheme is HTTP's, as in curl. */
export const parseProxy = (text: string): Result.Result<URL, string> => {
  const written = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (/^socks/i.test(written)) return Result.fail("names a SOCKS proxy. Give the address of an HTTP proxy")
  const url = URL.canParse(written) ? new URL(written) : undefined
  const isProxy =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.pathname}${url.search}${url.hash}` === "/" &&
    isEncoded(url.username) &&
    isEncoded(url.password)
  return isProxy ? Result.succeed(url) : Result.fail(form)
}

const isEncoded = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

export const httpProxy = (variable: HttpProxy["variable"], url: URL): HttpProxy => ({
  variable,
  address: Redacted.make(url.href),
  origin: url.origin
})

/** The entries of NO_PROXY, between commas or spaces. */
export const parseExceptions = (text: string): ReadonlyArray<string> =>
  text.split(/[\s,]+/).filter((part) => part !== "")

/** The proxy for a request to this address; undefined when the request goes to the service itself. */
export const proxyFor = ({ except, http, https }: Proxies, url: URL): HttpProxy | undefined => {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, "")
  const port = url.port === "" ? defaultPorts[url.protocol] : url.port
  // A proxy's loopback is another machine's. https://pkg.go.dev/golang.org/x/net/http/httpproxy#FromEnvironment
  const isDirect = [...loopback, ...except].some((entry) => matches(entry, { host, port }))
  return isDirect ? undefined : Option.getOrUndefined(url.protocol === "https:" ? https : http)
}

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

const loopback = ["localhost", "127.0.0.0/8", "::1"]

/** `*`, a domain and all below it, an address or a subnet; each also with a port after it. */
const matches = (entry: string, { host, port }: { readonly host: string; readonly port: string | undefined }) => {
  const [, ipv6, domain, entryPort] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? []
  if (entryPort !== undefined && entryPort !== port) return false
  const name = (ipv6 ?? domain ?? entry).toLowerCase()
  if (name === "*") return true
  const subnet = Result.map(IpInterface.fromString(name), IpNetwork.fromInterface)
  const address = NetAddress.ipFromString(host)
  if (Result.isSuccess(subnet)) return Result.isSuccess(address) && IpNetwork.contains(subnet.success, address.success)
  const suffix = name.replace(/^\*?\./, "").replace(/\.$/, "")
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`))
}
