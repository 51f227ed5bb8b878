import { assert, describe, it } from "@effect/vitest"
import { Duration, Redacted, Result } from "effect"
import { type Address, parse, shownAddress } from "../../src/database/address.ts"

const plain = { tls: { mode: "prefer" } } as const
const full = { ...plain, host: "db.example.com", port: 5432, database: "gitpip", user: "me", password: "p@ss" }
const base = "postgres://me:p%40ss@db.example.com:5432/gitpip"

const read = (text: string) =>
  Result.map(parse(text), ({ password, ...rest }: Address) =>
    password === undefined ? rest : { ...rest, password: Redacted.value(password) }
  )

describe("an address", () => {
  for (const [what, text, expected] of [
    ["a URI", base, full],
    ["a URI with the longer scheme", base.replace("postgres:", "postgresql:"), full],
    ["a URI in quotes", `"${base}"`, full],
    ["a URI in single quotes, with spaces round it", ` '${base}' `, full],
    ["a host alone", "postgres://db", { ...plain, host: "db" }],
    ["an IPv6 address", "postgres://me@[::1]:5433/x", { ...plain, host: "::1", port: 5433, database: "x", user: "me" }],
    [
      "a Unix socket as a parameter",
      "postgres://me@/db?host=/run/pg",
      { ...plain, host: "/run/pg", database: "db", user: "me" }
    ],
    [
      "a Unix socket as the host",
      "postgres://me@%2Frun%2Fpg/db",
      { ...plain, host: "/run/pg", database: "db", user: "me" }
    ],
    ["nothing but a database", "postgresql:///db", { ...plain, database: "db" }],
    ["a list of names and values", "host=db.example.com port=5432 dbname=gitpip user=me password=p@ss", full],
    [
      "a list with quotes, spaces and backslashes",
      "host = db  password = 'a b\\'c\\\\'",
      { ...plain, host: "db", password: "a b'c\\" }
    ],
    ["a list with an empty password", "host=db password=''", { ...plain, host: "db", password: "" }],
    ["parameters over what stands before them", `${base}?user=you&password=x`, { ...full, user: "you", password: "x" }]
  ] as const) {
    it(`may be ${what}`, () => assert.deepStrictEqual(read(text), Result.succeed(expected as never)))
  }

  for (const [query, expected] of [
    ["sslmode=disable", { tls: { mode: "disable" } }],
    ["sslmode=allow", { tls: { mode: "prefer" } }],
    ["sslmode=require", { tls: { mode: "require" } }],
    ["sslmode=verify-full", { tls: { mode: "verify-full" } }],
    ["ssl=true", { tls: { mode: "require" } }],
    ["sslmode=verify-full&ssl=true", { tls: { mode: "verify-full" } }],
    ["ssl=0", { tls: { mode: "disable" } }],
    ["sslmode=verify-ca&sslrootcert=/ca.pem", { tls: { mode: "verify-ca", rootCertificate: "/ca.pem" } }],
    ["sslmode=require&sslrootcert=/ca.pem", { tls: { mode: "verify-ca", rootCertificate: "/ca.pem" } }],
    ["sslrootcert=system", { tls: { mode: "verify-full", rootCertificate: "system" } }],
    [
      "sslmode=require&sslcert=/c.pem&sslkey=/k.pem",
      { tls: { mode: "require", certificate: "/c.pem", key: "/k.pem" } }
    ],
    ["pgbouncer=true", { prepare: false }],
    ["pgbouncer=0", { prepare: true }],
    ["connection_limit=3", { maxConnections: 3 }],
    ["schema=crm", { options: "-c search_path=crm" }],
    [
      "currentSchema=crm&options=-c%20statement_timeout%3D5s",
      { options: "-c statement_timeout=5s -c search_path=crm" }
    ],
    ["application_name=ours", { applicationName: "ours" }],
    ["connect_timeout=3", { connectTimeout: Duration.seconds(3) }],
    ["connect_timeout=0", { connectTimeout: Duration.infinity }],
    ["keepalives=1", { keepAlive: Duration.minutes(1) }],
    ["keepalives=0", {}],
    ["keepalives_idle=30", { keepAlive: Duration.seconds(30) }],
    ["keepalives_idle=0", { keepAlive: Duration.minutes(1) }],
    ["keepalives=1&keepalives_idle=30", { keepAlive: Duration.seconds(30) }],
    ["keepalives_idle=30&keepalives=1", { keepAlive: Duration.seconds(30) }],
    ["keepalives=0&keepalives_idle=30", {}],
    ["keepalives_idle=30&keepalives=0", {}],
    ["channel_binding=prefer&target_session_attrs=read-write&gssencmode=disable", {}]
  ] as const) {
    it(`obeys ${query}`, () =>
      assert.deepStrictEqual(read(`${base}?${query}`), Result.succeed({ ...full, ...expected } as never)))
  }

  for (const [what, text, reason] of [
    ["nothing", "", /is empty.*unset it/],
    ["quotes round nothing", `""`, /is empty/],
    ["another scheme", "mysql://u:hush@h/d", /must start with postgres:/],
    ["a host and a port", "localhost:5432", /must start with postgres:.*host=/],
    ["a port beyond 65535", "postgres://u:hush@h:99999/d", /cannot be read.*%40/],
    ["a # in the password", "postgres://u:hu#sh@h/d", /cannot be read.*%40/],
    ["a / in the password", "postgres://u:12/hush@h/d", /cannot be read.*%40/],
    ["a ? in the password", "postgres://u:hush?pw@h/d", /cannot be read.*%40/],
    ["several hosts", "postgres://u:hush@a:1,b:2/d", /several hosts. Give one/],
    ["several hosts in a list", "host=a,b", /several hosts. Give one/],
    ["several ports in a list", "host=a port=1,2", /several hosts. Give one/],
    ["a list with a lost quote", "host=db password='hush", /needs single quotes/],
    ["a list with a word too many", "host=db hush", /needs single quotes/],
    ["channel binding", `${base}?channel_binding=require`, /channel_binding=require.*sslmode=verify-full/],
    ["no-verify", `${base}?sslmode=no-verify`, /no-verify.*without checking who answers/],
    ["an unknown mode", `${base}?sslmode=on`, /sslmode=on. It is one of disable, allow/],
    ["an authority's certificate that is missing", `${base}?sslmode=verify-ca`, /verify-ca without sslrootcert/],
    [
      "certificates of the system, unchecked",
      `${base}?sslmode=require&sslrootcert=system`,
      /Write sslmode=verify-full/
    ],
    ["a certificate without its key", `${base}?sslcert=/c.pem`, /one of sslcert and sslkey/],
    ["a standby", `${base}?target_session_attrs=standby`, /target_session_attrs=standby, which Gitpip cannot do/],
    ["a file of passwords", `${base}?passfile=/x`, /the parameter passfile, which Gitpip does not know/],
    ["an inherited name", `${base}?constructor=x`, /the parameter constructor, which/],
    ["several unknown parameters", `${base}?foo=bar&bar=1`, /the parameters foo, bar, which .* Remove foo, bar/],
    ["its own name", "POSTGRES_CONNECTION_STRING=postgres://u:hush@h/d", /begins with the setting's own name/],
    ["a schema that is a statement", `${base}?schema=a%20-c%20x`, /a schema that is not one name/],
    ["an endless number of connections", `${base}?connection_limit=0`, /connection_limit that is not/],
    ["a sign of life that is a word", `${base}?keepalives=off`, /keepalives that is neither 1 nor 0/],
    ["a time without a number", `${base}?connect_timeout=soon`, /connect_timeout that is not a number of seconds/]
  ] as const) {
    it(`is refused when it has ${what}`, () => {
      const failure = Result.getOrThrow(Result.flip(parse(text)))
      assert.match(failure, reason)
      assert.notMatch(failure, /hush|p%40ss|p@ss/)
    })
  }
})

describe("an address for people", () => {
  for (const [given, shown] of [
    [base, "PostgreSQL at db.example.com/gitpip"],
    ["postgres://me:hush@[::1]:5433/x?sslmode=require", "PostgreSQL at [::1]:5433/x"],
    ["host=/run/pg dbname=x user=me password=hush sslpassword=hush", "PostgreSQL at /run/pg/x"],
    ["postgres://me:hush@db", "PostgreSQL at db"],
    ["dbname=x", "PostgreSQL at localhost/x"]
  ] as const) {
    it(`an address for people is ${shown}, without user and password`, () => {
      assert.strictEqual(shownAddress(Result.getOrThrow(parse(given))), shown)
    })
  }
})
