import { assert, describe, it } from "@effect/vitest"
import { IpInterface, IpNetwork } from "effect/net"
import { clientBehind, clientOf } from "../src/Client.ts"

describe("a client", () => {
  it("is an IPv4 address, in whichever form it comes", () => {
    assert.strictEqual(clientOf("192.0.2.7"), "192.0.2.7")
    assert.strictEqual(clientOf("::ffff:192.0.2.7"), "192.0.2.7")
    assert.notStrictEqual(clientOf("192.0.2.7"), clientOf("192.0.2.8"))
  })

  it("is the first half of an IPv6 address", () => {
    const client = clientOf("2001:db8:1:2:3:4:5:6")
    for (const same of ["2001:db8:1:2::", "2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::1%eth0"]) {
      assert.strictEqual(clientOf(same), client, same)
    }
    for (const other of ["2001:db8:1:3:3:4:5:6", "2001:db8::1:2:3", "::1"]) {
      assert.notStrictEqual(clientOf(other), client, other)
    }
  })

  it("is whatever it is called when that is no address", () => {
    assert.strictEqual(clientOf("@socket"), "@socket")
  })
})

describe("a client behind proxies", () => {
  const behind = clientBehind(
    ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map((text) => IpNetwork.fromInterface(IpInterface.fromStringUnsafe(text)))
  )

  it("is the last one that a trusted proxy saw", () => {
    assert.strictEqual(behind("127.0.0.1", "198.51.100.1"), "198.51.100.1")
    assert.strictEqual(behind("::ffff:127.0.0.1", "198.51.100.1"), "198.51.100.1")
    assert.strictEqual(behind("127.0.0.1", "198.51.100.1, 10.2.3.4"), "198.51.100.1")
    assert.strictEqual(behind("fd00::1", "2001:db8:1:2::9"), clientOf("2001:db8:1:2::"))
    assert.strictEqual(behind("10.0.0.1", "198.51.100.1:4711"), "198.51.100.1")
    assert.strictEqual(behind("10.0.0.1", "[2001:db8:1:2::9]:4711"), clientOf("2001:db8:1:2::"))
  })

  it("is not who it says it is", () => {
    assert.strictEqual(behind("127.0.0.1", "203.0.113.9, 198.51.100.1"), "198.51.100.1")
    assert.strictEqual(behind("127.0.0.1", "127.0.0.1, 198.51.100.1"), "198.51.100.1")
    assert.strictEqual(behind("127.0.0.1", "garbage, 198.51.100.1"), "198.51.100.1")
  })

  it("is the connection's own address when that is no trusted proxy's", () => {
    assert.strictEqual(behind("198.51.100.7", "203.0.113.9"), "198.51.100.7")
    assert.strictEqual(clientBehind([])("127.0.0.1", "203.0.113.9"), "127.0.0.1")
    assert.strictEqual(behind("198.51.100.7", undefined), "198.51.100.7")
  })

  it("is the proxy itself when what it says makes no sense", () => {
    for (const header of ["", "unknown", "198.51.100.1, unknown", ", ", "198.51.100.1 198.51.100.2", "1.2.3.4.5"]) {
      assert.strictEqual(behind("127.0.0.1", header), "127.0.0.1", header)
    }
  })

  it("is the first proxy when there is nobody else", () => {
    assert.strictEqual(behind("127.0.0.1", "10.0.0.9, 10.0.0.8"), "10.0.0.9")
  })
})
