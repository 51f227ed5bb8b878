/** The image's health check asks the address on which the server in its container listens. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { root } from "./image.ts"

describe("the health check of the image", () => {
  for (const [what, listens, host, expected] of [
    ["asks 127.0.0.1 when GITPIP_HOST is missing", "127.0.0.1", undefined, 0],
    ["asks 127.0.0.1 when the server listens on all addresses", "127.0.0.1", "0.0.0.0", 0],
    ["asks the one address that GITPIP_HOST names", "127.0.0.2", "127.0.0.2", 0],
    ["fails when nothing answers there", "127.0.0.1", "127.0.0.2", 1]
  ] as const) {
    it(`the health check of the image ${what}`, async () => {
      const server = createServer((_, response) => response.end("Alive"))
      await once(server.listen(0, listens), "listening")
      const { port } = server.address() as AddressInfo
      const env = { GITPIP_PORT: String(port), ...(host === undefined ? {} : { GITPIP_HOST: host }) }
      const child = spawn(process.execPath, [`${root}deploy/healthcheck.js`], { env, stdio: "inherit" })
      const [code] = await once(child, "exit")
      server.close()
      assert.strictEqual(code, expected)
    })
  }
})
