/** No token is sent to a server whose certificate does not prove who it is. */
import { createServer, request } from "node:https"
import type { AddressInfo } from "node:net"
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { makeGithub, makePipedrive, reasonOf } from "./clients.ts"

/** A self-signed certificate for `localhost` and `127.0.0.1`, used only here. */
const self = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoSselXEJPwp6IO0c
bWCTkfNJGdLYJzspZNVYz2AHhj2hRANCAASu5WOCdkz6YJE5pym+LGhxHG0Ignqf
KKufqRS68MMyVXbwXyDONj3QBk/nx8OsVW1vulyt/zN8GoQK0FaTeDFD
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUS4rvbeimb4hnIQPFYS2vUa4O5fkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA0MTIyMloYDzIxMjYxMDMx
MDQxMjIyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASu5WOCdkz6YJE5pym+LGhxHG0IgnqfKKufqRS68MMyVXbwXyDONj3Q
Bk/nx8OsVW1vulyt/zN8GoQK0FaTeDFDo28wbTAdBgNVHQ4EFgQUtveAcpWLkIFX
BHttQ0xPYKalubcwHwYDVR0jBBgwFoAUtveAcpWLkIFXBHttQ0xPYKalubcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAJaxex++t7RwmT/plVk9v0vftCTmAignkLk05QP0hxLHAiBl
btS41vxAgpKf3XV6EDWH7bZ3yvn1G56a1GK+XsM9kg==
-----END CERTIFICATE-----`
}

/** A server that accepts and counts every request. */
const impostor = Effect.acquireRelease(
  Effect.callback<{ readonly origin: string; readonly requests: Array<unknown>; readonly close: () => void }>(
    (resume) => {
      const requests: Array<unknown> = []
      const server = createServer(self, ({ headers }, response) => {
        requests.push(headers)
        response.setHeader("content-type", "application/json").end("[]")
      })
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ origin: `https://127.0.0.1:${port}`, requests, close }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

it.live("a certificate that nobody vouches for ends the connection before the request", () =>
  Effect.gen(function* () {
    const { origin, requests } = yield* impostor
    const github = yield* makeGithub(origin)
    const pipedrive = yield* makePipedrive(origin)
    assert.strictEqual((yield* reasonOf(github.gists("octocat", Option.none())))._tag, "Unreachable")
    const reason = yield* reasonOf(pipedrive.createDeal({ title: "d" }))
    // Certainly not created, so no lookup is needed before the next attempt.
    assert.strictEqual(reason._tag, "Unreachable")
    assert.include(reason.message, "SELF_SIGNED_CERT")
    assert.deepStrictEqual(requests, [])

    // Only the certificate is the reason: a client that trusts it gets an answer.
    const status = yield* Effect.callback<number>((resume) => {
      request(origin, { ca: self.cert }, (response) => {
        response.resume()
        resume(Effect.succeed(response.statusCode ?? 0))
      }).end()
    })
    assert.strictEqual(status, 200)
  })
)
