/**
 * Reads the address of a PostgreSQL server, in both forms that libpq knows: a URI (`postgres://…`) and
 * `host=… user=…`. Pure: no file is read and no connection is made.
 *
 * Guarantee: every parameter is obeyed, or refused by its name. None is ignored.
 *
 * Hazard: no error holds the address, since the address holds the password.
 *
 * Forms and meanings: https://www.postgresql.org/docs/18/libpq-connect.html (34.1.1 and 34.1.2)
 */
import { Duration, Redacted, Result } from "effect"
import { parse as parseUri } from "pg-connection-string"

/** How a connection is encrypted, in libpq's words: https://www.postgresql.org/docs/18/libpq-ssl.html */
type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full"

/** Paths of PEM files; `rootCertificate` may be `system`, the certificates that Node.js trusts. */
export interface Tls {
  readonly mode: TlsMode
  readonly rootCertificate?: string
  readonly certificate?: string
  readonly key?: string
  readonly passphrase?: Redacted.Redacted
}

/** The address of a server. What is missing has libpq's default. */
export interface Address {
  /** A host name, an IP address, or the directory of a Unix socket. */
  readonly host?: string
  readonly port?: number
  readonly database?: string
  readonly user?: string
  readonly password?: Redacted.Redacted
  readonly tls: Tls
  readonly applicationName?: string
  readonly connectTimeout?: Duration.Duration
  /** Command-line options of the session, as `-c name=value`. */
  readonly options?: string
  readonly keepAlive?: Duration.Duration
  /** Whether statements are prepared by name. Missing: they are, unless a pooler stands before the server. */
  readonly prepare?: boolean
  readonly maxConnections?: number
}

/** Reads an address; the failure says what is wrong, and what to write in its place. */
export const parse = (given: string): Result.Result<Address, string> => {
  const text = unquoted(given.trim())
  if (text === "") return Result.fail(emptyAddress)
  // A line of an env file, pasted whole.
  if (/^(export\s+)?[A-Z][A-Z_]+\s*=\s*["']?postgres(ql)?:\/\//.test(text)) {
    return Result.fail("begins with the setting's own name. Leave the name out")
  }
  const parameters = /^postgres(ql)?:\/\//.test(text)
    ? uriParameters(text)
    : /^\w+\s*=/.test(text)
      ? keywordParameters(text)
      : Result.fail("must start with postgres:// or postgresql://, or be a list of `host=… dbname=… user=…`")
  return Result.flatMap(parameters, read)
}

/** The address for people: host and database alone, without user and password. */
export const shownAddress = ({ database, host = "localhost", port = 5432 }: Address): string => {
  const shownHost = host.includes(":") ? `[${host}]` : host
  return `PostgreSQL at ${shownHost}${port === 5432 ? "" : `:${port}`}${database === undefined ? "" : `/${database}`}`
}

/** Why an address without content is refused. */
export const emptyAddress = "is empty. Give the address of a server, or unset it to use the embedded database"

/** `docker --env-file` and systemd keep quotes that a shell would have removed. */
const unquoted = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2]?.trim() ?? text

type Parameters = ReadonlyMap<string, string>

const cannotBeRead =
  "cannot be read: it is postgres://user:password@host:5432/database, with special characters of the password written as %40 for @, %2F for /, %23 for # and so on"

const uriParameters = (text: string): Result.Result<Parameters, string> => {
  const [base = "", ...queries] = text.split("?")
  if (queries.length > 1 || text.includes("#")) return Result.fail(cannotBeRead)
  const authority = base.slice(base.indexOf("//") + 2).split("/")[0] ?? ""
  if (authority.slice(authority.lastIndexOf("@") + 1).includes(",")) return Result.fail(severalHosts)
  return Result.try({ try: () => parseUri(base), catch: () => cannotBeRead }).pipe(
    Result.flatMap((uri) => {
      // A `/` or `@` of a password moves the rest of the password into the database's name.
      if (uri.database?.includes("@")) return Result.fail(cannotBeRead)
      const inBase: ReadonlyArray<readonly [string, string | null | undefined]> = [
        ["host", uri.host],
        ["port", uri.port],
        ["dbname", uri.database],
        ["user", uri.user],
        ["password", uri.password]
      ]
      return Result.succeed(
        new Map([
          ...inBase.flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
          ...new URLSearchParams(queries[0] ?? "")
        ])
      )
    })
  )
}

/** `name = value` pairs; a value in single quotes may hold spaces, and `\` takes the next character as it is. */
const keywordParameters = (text: string): Result.Result<Parameters, string> => {
  const pair = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy
  const found = new Map<string, string>()
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text)
    if (match === null) {
      return Result.fail("cannot be read: a value with spaces needs single quotes, as in `password='a b'`")
    }
    found.set(match[1] ?? "", (match[2] ?? match[3] ?? "").replace(/\\(.)/gs, "$1"))
  }
  return Result.succeed(found)
}

const severalHosts = "names several hosts. Give one, such as the address that always leads to the primary server"

/** What one parameter sets, or the reason why it is refused. */
type Reader = (value: string, name: string) => Partial<Flat> | string

interface Flat extends Omit<Address, "tls" | "keepAlive"> {
  readonly keepAlives?: boolean
  readonly keepAliveIdle?: Duration.Duration
  readonly mode?: TlsMode
  /** Of `ssl`. `sslmode` comes first wherever it stands, so that `ssl=true` never weakens `verify-full`. */
  readonly modeOfSsl?: TlsMode
  readonly rootCertificate?: string
  readonly certificate?: string
  readonly key?: string
  readonly passphrase?: Redacted.Redacted
  readonly schema?: string
}

const isYes = (value: string): boolean => /^(true|1|yes|on)$/i.test(value)
const isNo = (value: string): boolean => /^(false|0|no|off)$/i.test(value)

const wholeNumber = (value: string, max: number): number | undefined =>
  /^\d{1,9}$/.test(value) && Number(value) <= max ? Number(value) : undefined

/** Obeys some values, because they ask for what happens anyway, and refuses the others. */
const only =
  (...values: ReadonlyArray<string>): Reader =>
  (value, name) =>
    values.includes(value) ? {} : `has ${name}=${shown(value)}, which Gitpip cannot do. Remove ${name}`

/** Values are shown only where they cannot be a part of a password that was cut at a `?` or `&`. */
const shown = (value: string): string => (/^[a-z-]{1,20}$/.test(value) ? value : "…")

const seconds =
  (set: (duration: Duration.Duration) => Partial<Flat>): Reader =>
  (value, name) => {
    const number = wholeNumber(value, 2_147_483)
    return number === undefined ? `has a ${name} that is not a number of seconds` : set(Duration.seconds(number))
  }

const tlsModes: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  // The driver asks for TLS first in both.
  allow: "prefer",
  prefer: "prefer",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full"
}

/** All parameters that are known. A parameter that is not here is refused. */
const readers: Readonly<Record<string, Reader>> = {
  host: (value) => (value.includes(",") ? severalHosts : { host: value }),
  port: (value) => {
    const port = wholeNumber(value, 65_535)
    if (value.includes(",")) return severalHosts
    return port === undefined || port === 0 ? "has a port that is not a number from 1 to 65535" : { port }
  },
  dbname: (value) => ({ database: value }),
  user: (value) => ({ user: value }),
  password: (value) => ({ password: Redacted.make(value) }),
  application_name: (value) => ({ applicationName: value }),
  fallback_application_name: () => ({}),
  options: (value) => ({ options: value }),
  client_encoding: (value) =>
    /^(utf-?8|auto)$/i.test(value) ? {} : "has a client_encoding other than UTF8. Remove client_encoding",
  // Zero waits for ever in libpq.
  connect_timeout: seconds((connectTimeout) => ({
    connectTimeout: Duration.isZero(connectTimeout) ? Duration.infinity : connectTimeout
  })),
  keepalives: (value) =>
    value === "0" || value === "1" ? { keepAlives: value === "1" } : "has a keepalives that is neither 1 nor 0",
  // Zero is the operating system's time in libpq, which the driver cannot ask for.
  keepalives_idle: seconds((idle) => ({ keepAliveIdle: Duration.isZero(idle) ? defaultIdle : idle })),

  sslmode: (value) => {
    const mode = Object.hasOwn(tlsModes, value) ? tlsModes[value] : undefined
    if (mode !== undefined) return { mode }
    return value === "no-verify"
      ? "has sslmode=no-verify, which is not a mode of PostgreSQL: it encrypts without checking who answers. Write verify-full to check, or require if the network is trusted"
      : `has sslmode=${shown(value)}. It is one of ${Object.keys(tlsModes).join(", ")}`
  },
  // libpq reads `ssl=true` as `sslmode=require`, for addresses that were written for JDBC.
  ssl: (value) =>
    isYes(value)
      ? { modeOfSsl: "require" }
      : isNo(value)
        ? { modeOfSsl: "disable" }
        : "has an ssl that is neither true nor false",
  sslrootcert: (value) => ({ rootCertificate: value }),
  sslcert: (value) => ({ certificate: value }),
  sslkey: (value) => ({ key: value }),
  sslpassword: (value) => ({ passphrase: Redacted.make(value) }),
  sslnegotiation: only("postgres"),
  sslcompression: only("0"),
  sslsni: only("1"),
  gssencmode: only("disable", "prefer"),
  channel_binding: (value) =>
    value === "require"
      ? "has channel_binding=require, which Gitpip cannot do. Write sslmode=verify-full in its place, which also keeps others from answering as the server"
      : only("disable", "prefer")(value, "channel_binding"),
  // Gitpip writes, and says so when the server is read-only.
  target_session_attrs: only("any", "read-write", "primary"),
  load_balance_hosts: only("disable"),

  // Of Prisma and other programs, in addresses that providers show.
  pgbouncer: (value) =>
    isYes(value)
      ? { prepare: false }
      : isNo(value)
        ? { prepare: true }
        : "has a pgbouncer that is neither true nor false",
  schema: (value) => schema(value),
  currentSchema: (value) => schema(value),
  connection_limit: (value) => {
    const maxConnections = wholeNumber(value, 100)
    return maxConnections === undefined || maxConnections === 0
      ? "has a connection_limit that is not a number from 1 to 100"
      : { maxConnections }
  }
}

const schema = (name: string): Partial<Flat> | string =>
  /^\w{1,63}$/.test(name) ? { schema: name } : "has a schema that is not one name of letters, digits and _"

const read = (parameters: Parameters): Result.Result<Address, string> => {
  let flat: Flat = {}
  const unknown = [...parameters.keys()].filter((name) => !Object.hasOwn(readers, name))
  if (unknown.length > 0) return Result.fail(unknownParameters(unknown))
  for (const [name, value] of parameters) {
    const set = readers[name]?.(value, name) ?? {}
    if (typeof set === "string") return Result.fail(set)
    flat = { ...flat, ...set }
  }
  return Result.map(tlsOf(flat), (tls) => addressOf(flat, tls))
}

/** Hazard: what does not have the form of a name may be a part of the password, and is not shown. */
const unknownParameters = (names: ReadonlyArray<string>): string => {
  if (!names.every((name) => /^\w{1,40}$/.test(name))) return cannotBeRead
  const all = names.join(", ")
  return `has the parameter${names.length > 1 ? "s" : ""} ${all}, which Gitpip does not know. Remove ${all}`
}

const addressOf = (flat: Flat, tls: Tls): Address => {
  const {
    certificate,
    keepAliveIdle = flat.keepAlives === true ? defaultIdle : undefined,
    keepAlives,
    key,
    mode,
    modeOfSsl,
    passphrase,
    rootCertificate,
    schema,
    ...rest
  } = flat
  const options = schema === undefined ? [] : [rest.options, `-c search_path=${schema}`].filter(Boolean)
  return {
    ...rest,
    tls,
    ...(options.length > 0 ? { options: options.join(" ") } : {}),
    // `keepalives=0` comes first wherever it stands, as in libpq.
    ...(keepAlives === false || keepAliveIdle === undefined ? {} : { keepAlive: keepAliveIdle })
  }
}

/** Until the first sign of life, when the address asks for signs and not for their time. */
const defaultIdle = Duration.minutes(1)

/** The rules that libpq has for parameters that depend on each other. */
const tlsOf = ({
  certificate,
  key,
  mode: given,
  modeOfSsl,
  passphrase,
  rootCertificate
}: Flat): Result.Result<Tls, string> => {
  const mode = given ?? modeOfSsl ?? (rootCertificate === "system" ? "verify-full" : "prefer")
  if (rootCertificate === "system" && mode !== "verify-full") {
    return Result.fail(`has sslrootcert=system with sslmode=${mode}. Write sslmode=verify-full`)
  }
  if (mode === "verify-ca" && rootCertificate === undefined) {
    return Result.fail(
      "has sslmode=verify-ca without sslrootcert. Name the certificate authority's file in sslrootcert, or write sslmode=verify-full"
    )
  }
  if ((certificate === undefined) !== (key === undefined)) {
    return Result.fail("has one of sslcert and sslkey. Give both")
  }
  return Result.succeed({
    // With a certificate authority, `require` checks it, as libpq does for compatibility.
    mode: mode === "require" && rootCertificate !== undefined ? "verify-ca" : mode,
    ...(rootCertificate === undefined ? {} : { rootCertificate }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase })
  })
}
