import { assert, describe, it } from "@effect/vitest"
import { isLoopback, listenError, refusal, unbracketed, urlOnThisMachine } from "../src/Address.ts"

describe("isLoopback", () => {
  for (const host of [
    "127.0.0.1",
    "127.0.0.0",
    "127.255.255.255",
    "127.8.9.10",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "localhost",
    "LocalHost"
  ]) {
    it(`${host} is`, () => assert.isTrue(isLoopback(host)))
  }
  for (const host of [
    "0.0.0.0",
    "::",
    "[::]",
    "",
    "128.0.0.1",
    "126.255.255.255",
    "10.0.0.1",
    "192.168.1.1",
    "::2",
    "fe80::1",
    "::ffff:10.0.0.1",
    "example.com",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "127.1",
    "0x7f000001"
  ]) {
    it(`${host === "" ? "an empty host" : host} is not`, () => assert.isFalse(isLoopback(host)))
  }
})

describe("refusal", () => {
  it("lets a server listen on loopback without a key, and anywhere with one", () => {
    assert.isUndefined(refusal({ host: "127.0.0.1", hasKey: false }))
    assert.isUndefined(refusal({ host: "0.0.0.0", hasKey: true }))
  })
  it("says what to do", () => {
    const message = refusal({ host: "0.0.0.0", hasKey: false })?.message ?? ""
    assert.include(message, "0.0.0.0")
    assert.include(message, "GITPIP_API_KEY")
    assert.include(message, "GITPIP_HOST")
    assert.include(message, "--host")
  })
  it("is a fault of the settings, as other wrong settings are", () => {
    assert.strictEqual(refusal({ host: "0.0.0.0", hasKey: false })?._tag, "SettingsError")
  })
})

describe("listenError", () => {
  const at = { host: "127.0.0.1", port: 8080 }
  const failure = (code: string) => Object.assign(new Error(`listen ${code}`), { code })
  it("puts codes into words", () => {
    assert.include(listenError(failure("EADDRINUSE"), at).message, "GITPIP_PORT")
    assert.include(listenError(failure("EADDRNOTAVAIL"), at).message, "GITPIP_HOST")
    assert.include(listenError(failure("EACCES"), at).message, "above 1023")
    assert.include(listenError(failure("EADDRINUSE"), at).message, "--port")
    assert.include(listenError(failure("ENOTFOUND"), at).message, "--host")
  })
  it("repeats what it does not know", () => {
    assert.include(listenError(failure("EODD"), at).message, "listen EODD")
    assert.include(listenError("odd", at).message, "odd")
  })
})

it("takes the brackets off an IPv6 address", () => {
  assert.strictEqual(unbracketed("[::1]"), "::1")
  assert.strictEqual(unbracketed("127.0.0.1"), "127.0.0.1")
})

describe("a server on this machine", () => {
  it("is reached under an address that this machine has", () => {
    assert.strictEqual(urlOnThisMachine("http://0.0.0.0:8080"), "http://127.0.0.1:8080")
    assert.strictEqual(urlOnThisMachine("http://[::]:8080"), "http://[::1]:8080")
    for (const same of ["http://127.0.0.1:8080", "http://[::1]:8080", "http://192.0.2.1:80"]) {
      assert.strictEqual(urlOnThisMachine(same), same)
    }
  })
})
