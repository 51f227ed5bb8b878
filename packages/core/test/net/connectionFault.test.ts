import { assert, describe, it } from "@effect/vitest"
import { ConnectionFault, explain, isNeverSent } from "../../src/net/connectionFault.ts"

const proxy = (status?: number) => ({ variable: "HTTPS_PROXY", origin: "http://proxy.corp:3128", status })

describe("a connection that fails", () => {
  const table: ReadonlyArray<readonly [what: string, fault: ConnectionFault, neverSent: boolean, says: RegExp]> = [
    ["nothing listens", new ConnectionFault(["ECONNREFUSED"]), true, /^the connection failed \(ECONNREFUSED\)$/],
    ["it breaks", new ConnectionFault(["ECONNRESET"]), false, /^the connection failed \(ECONNRESET\)$/],
    ["one address refuses, another breaks", new ConnectionFault(["ECONNREFUSED", "ECONNRESET"]), false, /ECONNRESET/],
    ["nothing is known", new ConnectionFault([]), false, /^the connection failed$/],
    [
      "the authority is unknown",
      new ConnectionFault(["SELF_SIGNED_CERT_IN_CHAIN"]),
      true,
      /\(SELF_SIGNED_CERT_IN_CHAIN\): no authority trusted here .* private authority, name the file .* in NODE_EXTRA_CA_CERTS$/
    ],
    [
      "the certificate is old",
      new ConnectionFault(["CERT_HAS_EXPIRED"]),
      true,
      /^the connection failed \(CERT_HAS_EXPIRED\)$/
    ],
    [
      "a proxy replaces the certificate",
      new ConnectionFault(["UNABLE_TO_GET_ISSUER_CERT_LOCALLY"], proxy()),
      true,
      /private authority, or that of the proxy http:\/\/proxy\.corp:3128, name the file/
    ],
    [
      "the proxy does not run",
      new ConnectionFault(["ECONNREFUSED"], proxy()),
      true,
      /^the proxy http:\/\/proxy\.corp:3128 cannot be reached \(ECONNREFUSED\)\. Check HTTPS_PROXY and that proxy$/
    ],
    [
      "the proxy hangs up",
      new ConnectionFault(["UND_ERR_PRX_CONN", "UND_ERR_SOCKET"], proxy()),
      true,
      /^the proxy \S+ cannot be reached/
    ],
    [
      "the proxy speaks no TLS",
      new ConnectionFault(["UND_ERR_PRX_CONN", "ERR_SSL_WRONG_VERSION_NUMBER"], {
        ...proxy(),
        origin: "https://proxy.corp:3128"
      }),
      true,
      /^the proxy https:\/\/proxy\.corp:3128 does not answer with TLS \(.+\)\. Set HTTPS_PROXY to http:\/\/proxy\.corp:3128$/
    ],
    [
      "the service behind the proxy speaks no TLS",
      new ConnectionFault(["ERR_SSL_WRONG_VERSION_NUMBER"], proxy()),
      false,
      /^the connection failed \(ERR_SSL_WRONG_VERSION_NUMBER\)$/
    ],
    [
      "the proxy does not answer",
      new ConnectionFault(["UND_ERR_PRX_CONN", "UND_ERR_HEADERS_TIMEOUT"], proxy()),
      true,
      /^the proxy http:\/\/proxy\.corp:3128 does not answer \(.+\)\. Check HTTPS_PROXY and that proxy$/
    ],
    [
      "the proxy's own certificate is of an unknown authority",
      new ConnectionFault(["UND_ERR_PRX_CONN", "DEPTH_ZERO_SELF_SIGNED_CERT"], proxy()),
      true,
      /that of the proxy http:\/\/proxy\.corp:3128, name the file/
    ],
    [
      "the proxy wants a password",
      new ConnectionFault(["UND_ERR_ABORTED"], proxy(407)),
      true,
      /^the proxy \S+ rejects the user and password, or asks for them \(407\)\. Set HTTPS_PROXY to http:\/\/USER:PASSWORD@HOST:PORT$/
    ],
    [
      "the proxy forbids it",
      new ConnectionFault(["UND_ERR_ABORTED"], proxy(403)),
      true,
      /^the proxy \S+ refuses the connection \(403\)\. Allow this address at the proxy, or name its host in NO_PROXY$/
    ],
    [
      "it breaks behind the proxy",
      new ConnectionFault(["UND_ERR_SOCKET"], proxy()),
      false,
      /^the connection failed \(UND_ERR_SOCKET\)$/
    ]
  ]
  for (const [what, fault, neverSent, says] of table) {
    it(`says what to do when ${what}, and whether the request can have left`, () => {
      assert.match(explain(fault), says)
      assert.strictEqual(isNeverSent(fault), neverSent)
    })
  }
})
