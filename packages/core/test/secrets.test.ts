/** Tokens and passwords reach nothing that is logged, traced, stored or shown: not when all goes well, nor when it does not. */
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Layer, Logger, References, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import { layerTransport } from "../src/internal/exchange.ts"
import { layerPostgres } from "./database.ts"
import { everything, makeWorld, name } from "./world.ts"

const secrets = ["github-secret", "pipedrive-secret", "key-secret"]

it.live(
  "no secret is logged, traced, stored or part of an error",
  () =>
    Effect.gen(function* () {
      const emitted: Array<string> = []
      const capture = Logger.make(({ cause, message }) => {
        emitted.push(JSON.stringify(message), Cause.pretty(cause))
      })
      const { github, pipedrive, settings } = yield* makeWorld({ env: { GITPIP_API_KEY: "key-secret" } })
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          const end = span.end.bind(span)
          span.end = (endTime, exit) => {
            emitted.push(span.name, ...[...span.attributes].flat().map(String), JSON.stringify(exit))
            end(endTime, exit)
          }
          return span
        }
      })
      const program = Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        for (const login of ["ann", "bob", "cy", "missing"]) {
          if (login !== "missing") github.addUser(login)
          if (login !== "missing") github.addGist(login, { files: { "a.md": "" } })
          yield* gitpip.track(name(login))
        }
        github.misbehave({ kind: "status", status: 401 })
        yield* gitpip.scan()
        yield* gitpip.scan()
        for (const fault of [
          { kind: "status", status: 500 },
          { kind: "reset" },
          { kind: "status", status: 401 }
        ] as const) {
          pipedrive.misbehave(fault)
        }
        yield* gitpip.publish
        emitted.push(
          JSON.stringify([
            yield* gitpip.status,
            yield* gitpip.publications(everything),
            yield* gitpip.scans(everything)
          ])
        )
        emitted.push(String(yield* Effect.flip(gitpip.user(name("nobody")))))
        const tables = yield* sql<{
          name: string
        }>`select table_name as name from information_schema.tables where table_schema = 'public'`
        for (const { name } of tables) emitted.push(JSON.stringify(yield* sql`select t::text from ${sql(name)} t`))
      })
      yield* program.pipe(
        Effect.provide(
          Gitpip.layerWithDatabase.pipe(
            Layer.provide(settings),
            Layer.provide(layerTransport),
            Layer.provideMerge(layerPostgres),
            Layer.provideMerge(Logger.layer([capture])),
            Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "All")),
            Layer.provideMerge(Layer.succeed(Tracer.Tracer, tracer))
          )
        )
      )
      const all = emitted.join("\n")
      assert.include(all, "PIPEDRIVE_TOKEN")
      assert.include(all, "Pipedrive.searchDeals")
      for (const { headers } of [...github.requests, ...pipedrive.requests]) {
        assert.notProperty(headers, "traceparent")
        assert.notProperty(headers, "b3")
      }
      for (const secret of secrets) assert.notInclude(all, secret)
    }),
  60_000
)
