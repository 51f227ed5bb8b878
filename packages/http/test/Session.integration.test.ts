/** A browser sends the key once. Its session is not the key, ends, and counts only for requests of the page itself. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { makeSessions } from "../src/Session.ts"
import { layerRunning, problem, Running } from "./server.ts"

const key = "a-long-and-secret-key"
const authorization = `Bearer ${key}`

const signIn = (headers: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const { call } = yield* Running
    const answer = yield* call("POST", "/session", { headers: { authorization, ...headers } })
    assert.strictEqual(answer.status, 204)
    const setCookie = answer.headers.get("set-cookie") ?? ""
    return { setCookie, cookie: setCookie.split(";")[0] ?? "" }
  })

layer(layerRunning({ GITPIP_API_KEY: key }), { excludeTestServices: true })("a session", (it) => {
  it.effect("is given for the key, out of reach of scripts and of other sites", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { cookie, setCookie } = yield* signIn()
      assert.match(setCookie, /^gitpip_session=\d+\.[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/)
      assert.notInclude(setCookie, key)
      for (const path of ["/status", "/users", "/metrics"]) {
        assert.strictEqual((yield* call("GET", path, { headers: { cookie } })).status, 200, path)
        const among = `a=b; ${cookie}; gitpip_visitor=x`
        assert.strictEqual((yield* call("GET", path, { headers: { cookie: among } })).status, 200, path)
      }
      assert.match(
        (yield* signIn({ origin: "https://127.0.0.1", "sec-fetch-site": "same-origin" })).setCookie,
        /; Secure; SameSite=Strict$/
      )
    })
  )

  it.effect("cannot be had without the key, nor forged", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { cookie } = yield* signIn()
      const [until, signature] = cookie.split("=")[1]?.split(".") ?? []
      problem(yield* call("POST", "/session"), 401)
      for (const value of [
        "",
        "x",
        `${until}.`,
        `${Number(until) + 1}.${signature}`,
        `${until}.${"A".repeat(43)}`,
        key
      ]) {
        problem(yield* call("GET", "/status", { headers: { cookie: `gitpip_session=${value}` } }), 401)
      }
      // A request with a key is judged by the key alone.
      problem(yield* call("GET", "/status", { headers: { cookie, authorization: "Bearer wrong" } }), 401)
    })
  )

  it.effect("changes something only for a request that says it comes from the page", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const { cookie } = yield* signIn()
      const ask = (headers: Record<string, string>) => call("POST", "/scans", { headers: { cookie, ...headers } })
      for (const headers of [
        {},
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "http://evil.example" },
        { origin: "null" }
      ]) {
        problem(yield* ask(headers), 403)
      }
      problem(yield* call("GET", "/status", { headers: { cookie, "sec-fetch-site": "same-site" } }), 403)
      assert.strictEqual((yield* ask({ origin })).status, 202)
      assert.strictEqual((yield* ask({ "sec-fetch-site": "same-origin" })).status, 202)
      // Browsers never send the key by themselves.
      assert.strictEqual((yield* call("POST", "/scans", { headers: { authorization } })).status, 202)
    })
  )

  it.effect("ends when its bearer signs out", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const { cookie } = yield* signIn()
      const answer = yield* call("DELETE", "/session", { headers: { cookie, origin } })
      assert.strictEqual(answer.status, 204)
      assert.strictEqual(
        answer.headers.get("set-cookie"),
        "gitpip_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
      )
    })
  )
})

describe("sessions", () => {
  const sessions = (secret: string) => makeSessions(Option.some(Redacted.make(secret)))
  const now = Date.UTC(2026, 0, 1)
  const day = 86_400_000

  it("end after seven days", () => {
    const value = sessions(key).open(now)
    assert.isTrue(sessions(key).isValid(value, now + 6.9 * day))
    assert.isFalse(sessions(key).isValid(value, now + 7.1 * day))
  })

  it("end with the key that they were opened with", () => {
    assert.isFalse(sessions("another-long-key").isValid(sessions(key).open(now), now))
  })

  it("are none where there is no key", () => {
    const none = makeSessions(Option.none())
    assert.isFalse(none.isValid(none.open(now), now))
    assert.isFalse(none.isValid(sessions(key).open(now), now))
  })
})
