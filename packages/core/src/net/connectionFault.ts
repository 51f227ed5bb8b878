/** Why no connection came about: what the transport knows of a failure, without the request, and what to do. */

/** A failure of the transport. It holds codes and addresses only: errors of transports can quote headers. */
export class ConnectionFault extends Error {
  readonly codes: ReadonlyArray<string>
  /** The proxy between, when there is one. */
  readonly proxy: ProxyFault | undefined

  constructor(codes: ReadonlyArray<string>, proxy?: ProxyFault) {
    super("the connection failed")
    this.codes = codes
    this.proxy = proxy
  }
}

/** The proxy that did not let a request through. */
export interface ProxyFault {
  readonly variable: string
  /** Without user and password. */
  readonly origin: string
  /** The status with which the proxy refused the request, if it did. */
  readonly status: number | undefined
}

/** Codes of a certificate that is not accepted: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE"
])

/** Of these, the certificate of an authority is what misses. */
const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** No connection to the first host: to the proxy when there is one. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

/** The code of a tunnel that the proxy did not open. */
export const noTunnel = "UND_ERR_PRX_CONN"

/** The proxy did not open the tunnel, or has the certificate of another host. */
const BY_PROXY = new Set([noTunnel, "UND_ERR_PRX_TLS"])

/** A plain HTTP server answered a TLS handshake. */
const NO_TLS = "ERR_SSL_WRONG_VERSION_NUMBER"

const BEFORE_SENDING = [UNREACHABLE, CERTIFICATE, UNKNOWN_AUTHORITY]

/** Whether the request certainly never reached the service. */
export const isNeverSent = ({ codes, proxy }: Pick<ConnectionFault, "codes" | "proxy">): boolean =>
  proxy?.status !== undefined ||
  codes.some((code) => BY_PROXY.has(code)) ||
  (codes.length > 0 && codes.every((code) => BEFORE_SENDING.some((known) => known.has(code))))

/** What happened, by its codes, and what to do. Messages of transports themselves can hold credentials. */
export const explain = ({ codes, proxy }: Pick<ConnectionFault, "codes" | "proxy">): string => {
  const others = codes.filter((code) => code !== noTunnel)
  const shown = codes.length > 0 ? ` (${[...new Set(others.length > 0 ? others : codes)].join(", ")})` : ""
  if (proxy?.status !== undefined) return refusalOf(proxy, proxy.status)
  if (codes.some((code) => UNKNOWN_AUTHORITY.has(code)))
    return `the connection failed${shown}: no authority trusted here issued the certificate. For a private authority${proxy === undefined ? "" : `, or that of the proxy ${proxy.origin}`}, name the file of its certificate in NODE_EXTRA_CA_CERTS`
  if (proxy !== undefined && codes.some((code) => UNREACHABLE.has(code) || BY_PROXY.has(code)))
    return proxyFault(proxy, codes, shown)
  return `the connection failed${shown}`
}

const proxyFault = ({ origin, variable }: ProxyFault, codes: ReadonlyArray<string>, shown: string): string => {
  if (codes.includes(NO_TLS))
    return `the proxy ${origin} does not answer with TLS${shown}. Set ${variable} to ${origin.replace("https:", "http:")}`
  return codes.includes("UND_ERR_HEADERS_TIMEOUT")
    ? `the proxy ${origin} does not answer${shown}. Check ${variable} and that proxy`
    : `the proxy ${origin} cannot be reached${shown}. Check ${variable} and that proxy`
}

const refusalOf = ({ origin, variable }: ProxyFault, status: number): string =>
  status === 407
    ? `the proxy ${origin} rejects the user and password, or asks for them (407). Set ${variable} to http://USER:PASSWORD@HOST:PORT`
    : `the proxy ${origin} refuses the connection (${status}). Allow this address at the proxy, or name its host in NO_PROXY`
