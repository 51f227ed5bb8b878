/** A primary database that is lost while files are published, and a replica that takes its place. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { primaryAndStandby } from "../../core/test/replica.ts"
import { done, freePort, makeWorld, start, withEnv } from "./process.ts"

const files = Array.from({ length: 30 }, (_, n) => `${n}.md`)

/** The leases of what was under way have ended, and lookups are due. */
const later = `create or replace function virtual.clock_timestamp() returns timestamptz language sql volatile
  as $$ select pg_catalog.clock_timestamp() + interval '20 minutes' $$`

it.live("a replica that is promoted while files are published loses none of them, and none is published twice", () =>
  Effect.gen(function* () {
    const { killPrimary, promote, run, showStandby, url } = yield* primaryAndStandby
    const made = yield* makeWorld()
    const port = yield* freePort
    const env = { POSTGRES_CONNECTION_STRING: Redacted.value(url), GITPIP_PORT: String(port) }
    const world = withEnv(made, env)
    world.github.addUser("ann")
    for (const name of files) world.github.addGist("ann", { files: { [name]: name } })
    yield* done(world, "track", "ann")
    const server = yield* start(world, "serve", "--json")
    const creates = (count: number) =>
      world.pipedrive.seen(count, ({ method, route }) => method === "POST" && route === "/api/v2/activities")
    const get = (path: string) =>
      Effect.promise(async () => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`)
        return { status: response.status, text: await response.text() }
      })
    const readyWhen = (holds: (answer: { readonly status: number; readonly text: string }) => boolean) =>
      Effect.repeat(get("/ready"), { until: holds })

    yield* creates(10)
    yield* killPrimary
    yield* readyWhen(({ status }) => status === 503)
    yield* showStandby
    yield* readyWhen(({ status, text }) => status === 503 && text.includes("The database is read-only"))
    yield* promote
    yield* run(later)
    yield* readyWhen(({ status }) => status === 200)
    yield* Effect.repeat(get("/status"), {
      until: ({ text }) => text.includes('"publications":{"pending":0,"sending":0,"failed":0,')
    })
    const { json } = yield* done(world, "latest", "ann", "--json")
    assert.sameMembers(
      json.files.map(({ filename }: { readonly filename: string }) => filename),
      files
    )
    assert.sameMembers(
      world.pipedrive.activities.map(({ subject }) => subject),
      files
    )
    yield* server.signal("SIGTERM")
    assert.strictEqual((yield* server.ended).code, 0)
  }).pipe(Effect.scoped)
)
