/** Each `sslmode` against servers with and without TLS, whose certificate a private authority issued for `localhost`. */
import { chmod, chown, cp, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { afterAll, beforeAll } from "vitest"
import * as Database from "../../src/database/Database.ts"
import { emptyUrl, within } from "../database.ts"
import { type PostgresServer, startPostgres } from "../postgres.ts"

const certificate = (name: string) => fileURLToPath(new URL(`certificates/${name}.pem`, import.meta.url))
const authority = certificate("authority")

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres(["-c", "fsync=off"])
  const [row] = await Effect.runPromise(
    within(Redacted.make(server.url), (sql) => sql<{ data_directory: string }>`show data_directory`)
  )
  const data = row?.data_directory ?? ""
  const { gid, uid } = await stat(data)
  // PostgreSQL takes a key that only its own user can read.
  for (const name of ["server", "server.key", "authority"]) {
    const file = join(data, `${name}.pem`)
    await cp(certificate(name), file)
    await chmod(file, 0o600)
    if (process.getuid?.() === 0) await chown(file, uid, gid)
  }
  await Effect.runPromise(
    within(Redacted.make(server.url), (sql) =>
      Effect.forEach(
        [
          "alter system set ssl_cert_file = 'server.pem'",
          "alter system set ssl_key_file = 'server.key.pem'",
          "alter system set ssl_ca_file = 'authority.pem'",
          "alter system set ssl = on",
          "select pg_reload_conf()"
        ],
        (statement) => sql.unsafe(statement)
      )
    )
  )
  // The server reads its configuration some time after it said that it would.
  await Effect.runPromise(
    within(Redacted.make(server.url), (sql) => sql<{ ssl: string }>`show ssl`).pipe(
      Effect.repeat({ until: ([row]) => row?.ssl === "on" })
    )
  )
}, 0)
afterAll(async () => {
  await server.stop()
}, 0)

/** How this connection is encrypted, by PostgreSQL's own account. */
const encryption = (url: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ ssl: boolean; clientDn: string | null }>`
      select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()`
  ).pipe(
    Effect.map(([row]) => row),
    Effect.provide(Layer.fresh(Database.layerServer(Redacted.make(url))))
  )

const at = (host: string, query: string) => `${server.url.replace("127.0.0.1", host)}?${query}`

describe("a server with TLS", () => {
  for (const [host, query] of [
    ["127.0.0.1", ""],
    ["127.0.0.1", "sslmode=prefer"],
    ["127.0.0.1", "sslmode=require"],
    ["127.0.0.1", "ssl=true"],
    ["127.0.0.1", `sslmode=verify-ca&sslrootcert=${authority}`],
    ["localhost", `sslmode=verify-full&sslrootcert=${authority}`]
  ] as const) {
    it.live(`is talked to in TLS on ${host} with ${query === "" ? "no parameter" : query.replace(/=\/.*/, "=…")}`, () =>
      Effect.map(encryption(at(host, query)), (row) => assert.deepStrictEqual(row, { ssl: true, clientDn: null }))
    )
  }

  it.live("is talked to in plain text with sslmode=disable", () =>
    Effect.map(encryption(at("localhost", "sslmode=disable")), (row) => assert.isFalse(row?.ssl))
  )

  it.live("is shown the client's certificate", () =>
    Effect.map(
      encryption(
        at("localhost", `sslmode=require&sslcert=${certificate("client")}&sslkey=${certificate("client.key")}`)
      ),
      (row) => assert.deepStrictEqual(row, { ssl: true, clientDn: "/CN=gitpip" })
    )
  )

  for (const [host, query, reason] of [
    ["localhost", "sslmode=verify-full", /not issued by an authority that is trusted here. Name .* in sslrootcert/],
    ["127.0.0.1", `sslmode=verify-full&sslrootcert=${authority}`, /names another host/],
    [
      "localhost",
      "sslmode=verify-full&sslrootcert=/none.pem",
      /The file of sslrootcert, \/none.pem, cannot be read \(ENOENT\)/
    ]
  ] as const) {
    it.live(`is refused on ${host} with ${query.replace(/=\/(?!none).*/, "=…")}, with what to do`, () =>
      Effect.map(Effect.flip(encryption(at(host, query))), (error) => assert.match(error.message, reason))
    )
  }
})

describe("a server without TLS", () => {
  const withQuery = (query: string) =>
    Effect.flatMap(emptyUrl, (url) => encryption(`${Redacted.value(url)}?${query}`)).pipe(Effect.scoped)

  it.live("is talked to in plain text when TLS is only preferred", () =>
    Effect.map(withQuery("sslmode=prefer"), (row) => assert.isFalse(row?.ssl))
  )

  it.live("is refused when TLS is required, with what to do", () =>
    Effect.map(Effect.flip(withQuery("sslmode=require")), (error) =>
      assert.match(error.message, /does not offer TLS.*Switch TLS on at the server/)
    )
  )
})
