import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import { httpProxy, parseExceptions, parseProxy, proxyFor } from "../../src/net/proxies.ts"

const corp = new URL("http://proxy.corp:3128")
const other = new URL("http://other.corp:3128")

const originFor = (url: string, except = "") =>
  proxyFor(
    {
      https: Option.some(httpProxy("HTTPS_PROXY", corp)),
      http: Option.some(httpProxy("HTTP_PROXY", other)),
      except: parseExceptions(except)
    },
    new URL(url)
  )?.origin

describe("the proxy of a request", () => {
  it("is that of the scheme", () => {
    assert.strictEqual(originFor("https://api.github.com/a"), corp.origin)
    assert.strictEqual(originFor("http://ghe.corp/a"), other.origin)
    const onlyHttp = { https: Option.none(), http: Option.some(httpProxy("HTTP_PROXY", other)), except: [] }
    assert.isUndefined(proxyFor(onlyHttp, new URL("https://api.github.com")))
  })

  const direct: ReadonlyArray<readonly [exceptions: string, url: string, isDirect: boolean]> = [
    ["", "http://127.0.0.1:8080", true],
    ["", "http://127.9.9.9", true],
    ["", "http://localhost:8080", true],
    ["", "http://[::1]:8080", true],
    ["", "http://localhost.corp", false],
    ["ghe.corp", "https://ghe.corp", true],
    ["ghe.corp", "https://GHE.corp./api", true],
    ["ghe.corp", "https://a.ghe.corp", true],
    ["ghe.corp", "https://notghe.corp", false],
    ["ghe.corp", "https://ghe.corp.example", false],
    [".corp", "https://ghe.corp", true],
    ["*.corp", "https://ghe.corp", true],
    ["corp.", "https://ghe.corp", true],
    ["a.corp, b.corp c.corp", "https://c.corp", true],
    ["ghe.corp:8443", "https://ghe.corp:8443", true],
    ["ghe.corp:8443", "https://ghe.corp", false],
    ["ghe.corp:443", "https://ghe.corp", true],
    ["ghe.corp:80", "http://ghe.corp", true],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/8", "https://ten.corp", false],
    ["10.1.2.3", "https://10.1.2.3:8443", true],
    ["10.1.2.3:443", "https://10.1.2.3:8443", false],
    ["fd00::/8", "https://[fd00::1]", true],
    ["[fd00::1]:443", "https://[fd00::1]", true],
    ["[fd00::1]:443", "https://[fd00::1]:8443", false],
    ["*", "https://api.github.com", true],
    ["*:8443", "https://api.github.com", false],
    [".", "https://api.github.com", false],
    [",, ,", "https://api.github.com", false]
  ]
  for (const [exceptions, url, isDirect] of direct) {
    it(`is ${isDirect ? "none" : "used"} for ${url} with NO_PROXY=${exceptions}`, () => {
      assert.strictEqual(originFor(url, exceptions) === undefined, isDirect)
    })
  }
})

describe("the address of a proxy", () => {
  for (const [text, origin] of [
    ["http://proxy.corp:3128", "http://proxy.corp:3128"],
    ["proxy.corp:3128", "http://proxy.corp:3128"],
    ["me:pass%40word@proxy.corp:3128/", "http://proxy.corp:3128"],
    ["https://proxy.corp", "https://proxy.corp"],
    ["HTTP://[fd00::1]:3128", "http://[fd00::1]:3128"]
  ] as const) {
    it(`can be ${text}`, () => {
      assert.strictEqual(Result.getOrThrow(parseProxy(text)).origin, origin)
    })
  }

  for (const text of [
    "ftp://proxy.corp",
    "socks5://proxy.corp",
    "http://proxy.corp:99999",
    "http://",
    "http://proxy.corp/path",
    "http://proxy.corp?a",
    "http://me:%zz@proxy.corp",
    "a b"
  ]) {
    it(`cannot be ${text}`, () => {
      assert.isTrue(Result.isFailure(parseProxy(text)))
    })
  }
})
