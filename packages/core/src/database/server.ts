/** Connections to a PostgreSQL server, as its address (`address.ts`) asks for them. */
import { readFile } from "node:fs/promises"
import type { ConnectionOptions } from "node:tls"
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Duration, Effect, Redacted } from "effect"
import { codeOf } from "../net/causes.ts"
import type { Address, Tls } from "./address.ts"
import { planning } from "./planning.ts"

/** A file that the address names cannot be read. */
export interface UnreadableFile {
  readonly _tag: "UnreadableFile"
  readonly message: string
}

type Ssl = boolean | ConnectionOptions

/** The driver's configuration for an address. One connection finds out what the address leaves open. */
export const clientConfig = (address: Address): Effect.Effect<PgClient.PgPoolConfig, UnreadableFile> =>
  Effect.map(
    Effect.flatMap(sslOf(address), (ssl) => explore(address, ssl)),
    ({ isDirect, ssl }) => ({
      ...connectionOf(address),
      ssl,
      prepare: address.prepare ?? isDirect,
      // PgBouncer refuses parameters that it does not know. `docs/databases.md` says how to set these beside it.
      startupParameters: isDirect ? parametersBeside(address.options ?? "") : {},
      maxConnections: address.maxConnections ?? 10
    })
  )

/** What is missing has the driver's default, which is libpq's. */
const connectionOf = (address: Address): PgConnection.Config => ({
  host: address.host,
  port: address.port,
  username: address.user,
  database: address.database,
  password: address.password,
  applicationName: address.applicationName ?? "gitpip",
  connectTimeout: address.connectTimeout ?? Duration.seconds(10),
  startupOptions: address.options,
  keepAlive: address.keepAlive
})

const sslOf = (address: Address): Effect.Effect<Ssl, UnreadableFile> =>
  // A Unix socket is never encrypted, as in libpq.
  address.tls.mode === "disable" || address.host?.startsWith("/") ? Effect.succeed(false) : tlsOptions(address.tls)

/**
 * A process that is stopped in the midst of a transaction holds its locks. PostgreSQL ends the transaction of such a
 * process, and others wait for locks a little longer than that.
 */
const sessionLimits = { idle_in_transaction_session_timeout: "20s", lock_timeout: "30s" }

/**
 * Whether options of the address set a parameter: `-c name=value` or `--name=value`, also with dashes, in any case. A space
 * behind a backslash belongs to a value: https://www.postgresql.org/docs/current/app-postgres.html
 */
const sets = (options: string, name: string): boolean =>
  new RegExp(`(?<!\\\\)(?:^|\\s)(?:-c\\s*|--)${name.replaceAll("_", "[-_]")}=`, "i").test(options)

/** The limits and the planning that the address does not set itself. */
const parametersBeside = (options: string) =>
  Object.fromEntries(Object.entries({ ...sessionLimits, ...planning }).filter(([name]) => !sets(options, name)))

interface Found {
  readonly ssl: Ssl
  readonly isDirect: boolean
}

/** Every failure but "no TLS" is left to the connections that follow, which then ask for nothing beyond the address. */
const explore = (address: Address, ssl: Ssl): Effect.Effect<Found> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* PgConnection.make({ ...connectionOf(address), ssl, prepare: false })
      const { rows } = yield* connection.query("select pg_backend_pid() as pid")
      return { ssl, isDirect: isOwn(connection.processId, rows) }
    })
  ).pipe(
    Effect.catch((error) =>
      // The driver's own `prefer` checks certificates, and would refuse a self-made one, as Debian installs it.
      ssl !== false && address.tls.mode === "prefer" && isPlainServer(error.reason.cause)
        ? explore(address, false)
        : Effect.succeed({ ssl, isDirect: false })
    )
  )

/**
 * A pooler such as PgBouncer makes up the process id that it sends when a connection starts. It may give each transaction
 * another session, where statements that were prepared by name are missing.
 */
const isOwn = (processId: number, rows: ReadonlyArray<object>): boolean =>
  rows.some((row) => "pid" in row && row.pid === processId)

/** The driver's words for a server that answers a request for TLS with no: `PgConnection.ts`. */
const isPlainServer = (cause: unknown): boolean =>
  cause instanceof Error && cause.message === "The server does not support TLS"

const tlsOptions = (tls: Tls): Effect.Effect<ConnectionOptions, UnreadableFile> =>
  Effect.gen(function* () {
    const { certificate, key, mode, passphrase, rootCertificate } = tls
    const checks = mode === "verify-ca" || mode === "verify-full"
    return {
      rejectUnauthorized: checks,
      ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
      ...(checks && rootCertificate !== undefined && rootCertificate !== "system"
        ? { ca: yield* contentOf("sslrootcert", rootCertificate) }
        : {}),
      ...(certificate === undefined ? {} : { cert: yield* contentOf("sslcert", certificate) }),
      ...(key === undefined ? {} : { key: yield* contentOf("sslkey", key) }),
      ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) })
    }
  })

const contentOf = (parameter: string, path: string): Effect.Effect<string, UnreadableFile> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (error): UnreadableFile => ({
      _tag: "UnreadableFile",
      message: `The file of ${parameter}, ${path}, cannot be read (${codeOf(error) ?? "unknown error"}). Check the path and its permissions`
    })
  })

/** What a failed connection says of TLS, and what to do; undefined for other failures. */
export const tlsFault = (code: string | undefined, cause: unknown): string | undefined => {
  if (isPlainServer(cause)) {
    return "The database's server does not offer TLS, which sslmode asks for. Switch TLS on at the server, or write sslmode=disable if the network is trusted"
  }
  return code === undefined ? undefined : tlsFaults[code]
}

const unknownAuthority =
  "The database's certificate was not issued by an authority that is trusted here. Name the authority's certificate in sslrootcert, or in NODE_EXTRA_CA_CERTS"

/** Codes of Node.js and OpenSSL: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const tlsFaults: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: "The database's certificate has expired. Renew the certificate at the server",
  CERT_NOT_YET_VALID: "The database's certificate is not valid yet. Check the clocks of the server and of this machine",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "The database's certificate names another host. Write the host that the certificate names, or sslmode=verify-ca to accept any host of that authority"
}
