import { fileURLToPath } from "node:url"
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { done, run } from "./inProcess.ts"
import * as Process from "./process.ts"
import { type Ended, freePort, TheWorld, withEnv, without } from "./process.ts"

const states = ({ json }: Ended) =>
  Object.fromEntries(json.map(({ name, state }: { name: string; state: string }) => [name, state]))

layer(TheWorld.layer, { excludeTestServices: true })("doctor", (it) => {
  it.effect("reports ok for everything that works", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const { stdout } = yield* done(world, "doctor")
      assert.deepStrictEqual(
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.split(/ +/).slice(0, 2)),
        [
          ["ok", "settings"],
          ["ok", "database"],
          ["ok", "github"],
          ["ok", "pipedrive"]
        ]
      )
      assert.deepStrictEqual(states(yield* done(world, "doctor", "--json")), {
        settings: "ok",
        database: "ok",
        github: "ok",
        pipedrive: "ok"
      })
    })
  )

  it.effect("reports each fault by itself, and how to fix it", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* TheWorld, {
        GITHUB_TOKEN: "wrong-github",
        PIPEDRIVE_TOKEN: "wrong-pipedrive",
        POSTGRES_CONNECTION_STRING: "postgres://me:hunter2@127.0.0.1:1/none"
      })
      const { code, stderr, stdout } = yield* run(world, "doctor")
      assert.strictEqual(code, 1)
      assert.match(stdout, /^failed +database +/m)
      assert.match(stdout, /^failed +github +.*Set GITHUB_TOKEN/m)
      assert.match(stdout, /^failed +pipedrive +.*Set PIPEDRIVE_TOKEN/m)
      for (const fix of [
        /→ Fix what the message names, in POSTGRES/,
        /→ Set GITHUB_TOKEN to/,
        /→ Set PIPEDRIVE_TOKEN to/
      ]) {
        assert.match(stdout, fix)
      }
      assert.include(stderr, "3 checks failed")
      for (const secret of ["wrong-github", "wrong-pipedrive", "hunter2"]) assert.notInclude(stdout + stderr, secret)
    })
  )

  it.effect("names the proxies without their passwords, and the authorities that are trusted in addition", () =>
    Effect.gen(function* () {
      const authority = fileURLToPath(new URL("../../../chaos/certificates/trusted.pem", import.meta.url))
      const world = withEnv(yield* TheWorld, {
        HTTPS_PROXY: "http://me:hush-password@proxy.test:3128",
        no_proxy: ".corp 10.0.0.0/8",
        NODE_EXTRA_CA_CERTS: authority
      })
      // Node.js reads the file when a process starts.
      const { json, stdout } = yield* Process.done(world, "doctor", "--json")
      assert.deepStrictEqual(json[0].message.split("\n"), [
        "all are valid",
        "https:// addresses are asked through the proxy http://proxy.test:3128 of HTTPS_PROXY",
        "without a proxy, by NO_PROXY: .corp, 10.0.0.0/8",
        `the authorities of NODE_EXTRA_CA_CERTS are trusted: ${authority}`
      ])
      assert.notInclude(stdout, "hush-password")
    })
  )

  it.effect("names a proxy that cannot be reached, and a file of authorities that cannot be used", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* TheWorld, {
        HTTP_PROXY: `http://127.0.0.1:${yield* freePort}`,
        GITHUB_API_URL: "http://github.test"
      })
      const { stdout } = yield* run(world, "doctor")
      assert.match(stdout, /^failed +github +.*the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/m)
      const wrong = yield* run(withEnv(world, { NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" }), "doctor")
      assert.match(
        wrong.stdout,
        /^failed +settings +.*\n +- NODE_EXTRA_CA_CERTS: the file "\/nowhere\/ca.pem" cannot be read/m
      )
    })
  )

  it.effect("names the settings of the address when Pipedrive redirects", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      world.pipedrive.injectFault({ kind: "redirect", location: "https://example.com/" })
      const { stdout } = yield* run(world, "doctor")
      world.pipedrive.clearFaults()
      assert.match(stdout, /^failed +pipedrive +.*redirects.*\n +→ Set PIPEDRIVE_ORG, and PIPEDRIVE_API_URL/m)
    })
  )

  it.effect("reports a database that takes no writes as failed, with what to do", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      yield* done(world, "doctor")
      const url = new URL(world.env.POSTGRES_CONNECTION_STRING ?? "")
      url.searchParams.set("options", "-c default_transaction_read_only=on")
      const { code, stdout } = yield* run(withEnv(world, { POSTGRES_CONNECTION_STRING: url.href }), "doctor")
      assert.strictEqual(code, 1)
      assert.match(stdout, /^failed +database +The database is read-only: .*\n +→ Name the primary server/m)
    })
  )

  it.effect("names what could not be deleted in Pipedrive, why, and what to do", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      yield* done(world, "doctor")
      const url = Redacted.make(world.env.POSTGRES_CONNECTION_STRING ?? "")
      const stored = (change: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>) =>
        Effect.flatMap(SqlClient.SqlClient, change).pipe(Effect.provide(PgClient.layer({ url })))
      yield* stored(
        (sql) =>
          sql`insert into duplicates (remote_id, found_at, error_message) values ('activity:7', now(), 'Not allowed')`
      )
      const { stdout } = yield* done(world, "doctor")
      yield* stored((sql) => sql`delete from duplicates`)
      assert.match(
        stdout,
        /1 item that .* could not delete, such as activity:7: Not allowed\. Delete .*, or let the token/
      )
    })
  )

  it.effect("names the embedded database when it is in use", () =>
    Effect.gen(function* () {
      const world = withEnv(without(yield* TheWorld, "POSTGRES_CONNECTION_STRING"), { GITPIP_DATA_DIR: "/dev/null" })
      const { code, stdout } = yield* run(world, "doctor")
      assert.strictEqual(code, 1)
      assert.match(stdout, /^failed +database +The data directory .*\n +→ Set GITPIP_DATA_DIR to/m)
    })
  )

  it.effect("knows the company's activity types", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* TheWorld, { GITPIP_ACTIVITY_TYPE: "gist" })
      const failed = yield* run(world, "doctor")
      assert.strictEqual(failed.code, 1)
      assert.match(
        failed.stdout,
        /^failed +pipedrive +.*\n +GITPIP_ACTIVITY_TYPE: .*no activity type `gist`.* The types are: .*task.*\n +→ Set each to one of/m
      )
      // Deals have no activity type.
      const deals = yield* done(withEnv(world, { GITPIP_PUBLISH_AS: "deal" }), "doctor")
      assert.notInclude(deals.stdout, "activity type")
    })
  )

  it.effect("names what does not fit leads, and the settings that do not count for them", () =>
    Effect.gen(function* () {
      const asLeads = withEnv(yield* TheWorld, { GITPIP_PUBLISH_AS: "lead", GITPIP_DEAL_OWNER: "nobody" })
      const fits = yield* done(withEnv(asLeads, { GITPIP_LEAD_LABELS: "hot", GITPIP_LEAD_OWNER: "Fake" }), "doctor")
      assert.match(fits.stdout, /GITPIP_DEAL_OWNER does not count with GITPIP_PUBLISH_AS=lead, but with `activity`/)
      assert.notInclude(fits.stdout, "activity type")
      const { code, stdout } = yield* run(withEnv(asLeads, { GITPIP_LEAD_LABELS: "Lukewarm" }), "doctor")
      assert.strictEqual(code, 1)
      assert.match(stdout, /GITPIP_LEAD_LABELS: Pipedrive has no label of leads "Lukewarm"\..* Warm \(f08b42a1-/)
      const alone = yield* run(withEnv(asLeads, { GITPIP_PERSON: "off" }), "doctor")
      assert.strictEqual(alone.code, 1)
      assert.match(alone.stdout, /^failed +settings +.*\n.*GITPIP_PERSON: must be `create` or `link` with/m)
    })
  )

  it.effect("names each setting that does not fit Pipedrive, with the choices", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* TheWorld, {
        GITPIP_DEAL_PIPELINE: "Pipelin",
        GITPIP_DEAL_OWNER: "nobody@example.com",
        GITPIP_DEAL_LABELS: "Hot, Lukewarm",
        GITPIP_DEAL_VISIBILITY: "Everyone",
        GITPIP_ACTIVITY_PRIORITY: "Highest"
      })
      const { code, stdout } = yield* run(world, "doctor")
      assert.strictEqual(code, 1)
      for (const line of [
        /GITPIP_DEAL_PIPELINE: Pipedrive has no pipeline "Pipelin"\. Did you mean "Pipeline"\? The pipelines are: Pipeline \(1\)/,
        /GITPIP_DEAL_OWNER: .* The active users are: Fake \(11\)/,
        /GITPIP_DEAL_LABELS: .*"Lukewarm".* Hot \(21\), Warm \(22\), Cold \(23\)/,
        /GITPIP_DEAL_VISIBILITY: .* Item owner \(1\), All users \(3\)/,
        /GITPIP_ACTIVITY_PRIORITY: .* High \(401\), Medium \(402\), Low \(403\)/
      ]) {
        assert.match(stdout.replace(/\n +/g, " "), line)
      }
      const fits = withEnv(yield* TheWorld, { GITPIP_DEAL_PIPELINE: "pipeline", GITPIP_DEAL_OWNER: "Fake" })
      yield* done(fits, "doctor")
    })
  )

  it.effect("treats a Pipedrive that is not set up as a choice, and wrong settings as a fault", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const off = yield* done(without(world, "PIPEDRIVE_TOKEN", "PIPEDRIVE_API_URL"), "doctor", "--json")
      assert.strictEqual(states(off).pipedrive, "off")
      const wrong = yield* run(withEnv(world, { GITPIP_PORT: "x", GITPIP_BACKFILL: "x" }), "doctor", "--json")
      assert.strictEqual(wrong.code, 1)
      assert.deepStrictEqual(states(wrong), {
        settings: "failed",
        database: "skipped",
        github: "skipped",
        pipedrive: "skipped"
      })
      assert.match(wrong.json[0].message, /GITPIP_BACKFILL/)
      assert.match(wrong.json[0].message, /GITPIP_PORT/)
      // The fix says what to do; the message does not say it a second time.
      assert.notMatch(wrong.json[0].message, /run the command again/i)
      for (const { name, fix } of wrong.json) assert.isAbove(fix.length, 10, name)
      assert.match(off.json[3].fix, /Set PIPEDRIVE_TOKEN and PIPEDRIVE_ORG/)
    })
  )

  it.effect("checks the server that GITPIP_URL names, and nothing else", () =>
    Effect.gen(function* () {
      const url = `http://127.0.0.1:${yield* freePort}`
      const world = withEnv(yield* TheWorld, { GITPIP_URL: url })
      const { code, json } = yield* run(world, "doctor", "--json")
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(
        json.map(({ name, state }: { name: string; state: string }) => [name, state]),
        [
          ["settings", "ok"],
          ["server", "failed"]
        ]
      )
      assert.include(json[1].message, `${url} cannot be reached`)
    })
  )
})
