/** Requests that a proxy and the server could understand differently, as bytes on a connection. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { bytes, parse } from "./raw.ts"
import { layerRunning, Running } from "./server.ts"

/** One request, whose connection the server closes by its own account or because `connection` asks for it. */
const send = Effect.fnUntraced(function* (line: string, headers: ReadonlyArray<string>) {
  const { origin } = yield* Running
  return parse(yield* bytes(origin, `${[line, ...headers].join("\r\n")}\r\n\r\n`))
})

const ask = (method: string, target: string) =>
  send(`${method} ${target} HTTP/1.1`, ["host: localhost", "connection: close"])

const isTracked = Effect.map(
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`select 1 from users where username = 'user-9'`),
  (rows) => rows.length === 1
)

const tracked = Effect.flatMap(Running, ({ call }) => call("POST", "/users/user-9/9"))

const isBadRequest = (answer: { readonly status: number; readonly text: string }, shown: string) => {
  assert.strictEqual(answer.status, 400, `${shown}: ${answer.text}`)
  const { detail, status, title } = JSON.parse(answer.text)
  assert.deepStrictEqual([status, title, typeof detail], [400, "Bad Request", "string"], shown)
}

layer(layerRunning(), { excludeTestServices: true })("an ambiguous address", (it) => {
  it.effect("is refused, and never means the address that the router would cut out of it", () =>
    Effect.gen(function* () {
      yield* tracked
      for (const path of [
        "/users/user-9;x",
        "/users/user-9;",
        "/users/user-9;x=1?y=2",
        "/users/user-9#x",
        "/users/user-9/",
        "//users/user-9",
        "/users//user-9",
        "/users/./user-9",
        "/x/../users/user-9",
        "/x/%2e%2e/users/user-9",
        "/users/user-9/.",
        "/users/user-9\\",
        "/users/user-9%",
        "/users/%",
        "/users/user-9%ff",
        "*users/user-9"
      ]) {
        isBadRequest(yield* ask("DELETE", path), path)
        if (path.startsWith("/")) isBadRequest(yield* ask("DELETE", `http://localhost${path}`), `absolute ${path}`)
      }
      for (const path of ["/publications/;", "/publications;", "/users/;", "/;", "/users/", "*"])
        isBadRequest(yield* ask("GET", path), path)
      assert.isTrue(yield* isTracked)
    })
  )

  it.effect("with an empty part tracks nobody under an id that the caller did not name", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      isBadRequest(yield* ask("POST", "/users/no-id/"), "an empty id")
      isBadRequest(yield* ask("POST", "/users//7"), "an empty name")
      assert.strictEqual((yield* call("GET", "/users/no-id")).status, 404)
    })
  )

  it.effect("is no other spelling of a call", () =>
    Effect.gen(function* () {
      yield* tracked
      for (const path of [
        "/USERS/user-9",
        "/users%2Fuser-9",
        "/users/user-9%2F",
        "/users/user-9%00",
        "/users/user-9."
      ]) {
        const { status } = yield* ask("DELETE", path)
        assert.isTrue(status === 404 || status === 400, `${path}: ${status}`)
      }
      assert.isTrue(yield* isTracked)
      assert.strictEqual((yield* ask("OPTIONS", "*")).status, 204)
      assert.strictEqual((yield* ask("GET", "http://localhost/users/user-9")).status, 200)
      assert.strictEqual((yield* ask("GET", "/users/%75ser-9?_=a;b//")).status, 200)
    })
  )
})

layer(layerRunning(), { excludeTestServices: true })("a badly framed request", (it) => {
  it.effect("with two hosts, keys or origins is refused, and its connection ends", () =>
    Effect.gen(function* () {
      yield* tracked
      for (const headers of [
        ["host: localhost", "host: localhost"],
        ["host: localhost", "Host: evil.example"],
        ["host: localhost", "authorization: Bearer a", "authorization: Bearer b"],
        ["host: localhost", "origin: http://localhost", "origin: http://evil.example"],
        []
      ]) {
        const answer = yield* send("DELETE /users/user-9 HTTP/1.1", headers)
        isBadRequest(answer, headers.join())
        assert.strictEqual(answer.headers["content-type"], "application/problem+json")
      }
      assert.isTrue(yield* isTracked)
      assert.strictEqual((yield* send("GET /health HTTP/1.0", [])).status, 200)
    })
  )

  it.effect("with a transfer coding other than chunked is refused at once, and its connection ends", () =>
    Effect.gen(function* () {
      yield* tracked
      for (const coding of [
        "transfer-encoding: xchunked",
        "transfer-encoding: gzip",
        "transfer-encoding: identity",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: \u000bchunked",
        "transfer-encoding:"
      ]) {
        isBadRequest(yield* send("DELETE /users/user-9 HTTP/1.1", ["host: localhost", coding]), coding)
      }
      isBadRequest(
        yield* send("DELETE /users/user-9 HTTP/1.0", ["host: localhost", "transfer-encoding: chunked"]),
        "a transfer coding of HTTP/1.0"
      )
      assert.isTrue(yield* isTracked)
      assert.strictEqual(
        (yield* send("GET /users/user-9 HTTP/1.1", [
          "host: localhost",
          "transfer-encoding: Chunked",
          "connection: close",
          "",
          "0"
        ])).status,
        200
      )
    })
  )

  it.effect("with an expectation that nobody can meet gets a problem", () =>
    Effect.gen(function* () {
      const answer = yield* send("GET /health HTTP/1.1", ["host: localhost", "expect: tea"])
      assert.strictEqual(answer.status, 417)
      assert.strictEqual(answer.headers["content-type"], "application/problem+json")
      assert.strictEqual(JSON.parse(answer.text).status, 417)
    })
  )
})
