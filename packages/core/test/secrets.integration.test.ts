/** Tokens and passwords reach nothing that is logged, traced, counted, stored or shown: not when all goes well, nor when it does not. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, Redacted, References, Tracer } from "effect"
import type { HttpClient } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { SqlClient } from "effect/sql"
import * as Database from "../src/database/Database.ts"
import { Gitpip } from "../src/Gitpip.ts"
import { Github } from "../src/github/Github.ts"
import { noProxies } from "../src/net/proxies.ts"
import { Connections, direct, layerThrough } from "../src/net/transport.ts"
import { freshUrl, layerPostgres } from "./database.ts"
import { everything, makeWorld, name } from "./world.ts"

const secrets = ["github-secret", "pipedrive-secret", "key-secret", "hush-postgres-password"]

/** Every form in which programs show an error. */
const shown = (value: unknown): string =>
  [
    String(value),
    JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)),
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    value instanceof Error ? String(value.stack) : ""
  ].join("\n")

/** A world at work with this transport. Answers all that it emitted and stored. */
const emittedBy = Effect.fnUntraced(function* (transport: Layer.Layer<HttpClient.HttpClient>) {
  const emitted: Array<string> = []
  const capture = Logger.make(({ cause, fiber, message }) => {
    emitted.push(shown([message, fiber.getRef(References.CurrentLogAnnotations), cause]), Cause.pretty(cause))
  })
  const { github, pipedrive, settings } = yield* makeWorld({
    env: { GITPIP_API_KEY: "key-secret", GITHUB_TOKEN: "github-secret" }
  })
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (endTime, exit) => {
        emitted.push(span.name, ...[...span.attributes].flat().map(String), shown(span.events), shown(exit))
        if (Exit.isFailure(exit)) emitted.push(Cause.pretty(exit.cause))
        end(endTime, exit)
      }
      return span
    }
  })
  const program = Effect.gen(function* () {
    const gitpip = yield* Gitpip
    const sql = yield* SqlClient.SqlClient
    const collect = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.map(Effect.exit(effect), (exit) => {
        emitted.push(shown(exit))
        if (Exit.isFailure(exit)) emitted.push(Cause.pretty(exit.cause), shown(Cause.squash(exit.cause)))
      })
    for (const login of ["ann", "bob", "cy", "missing"]) {
      if (login !== "missing") github.addUser(login)
      if (login !== "missing") github.addGist(login, { files: { "a.md": "" } })
      yield* gitpip.track(name(login))
    }
    github.injectFault({ kind: "status", status: 401 })
    yield* collect(gitpip.scan())
    yield* collect(gitpip.scan())
    yield* collect(gitpip.preview(name("ann")))
    const { batch, texts } = yield* Github
    for (const fault of [{ kind: "reset" }, { kind: "html", status: 502 }, { kind: "status", status: 401 }] as const) {
      github.injectFault(fault, { when: ({ route }) => route === "/graphql" })
      yield* collect(batch(["ann", "missing"]))
      yield* collect(texts([{ node: "ann" }]))
    }
    for (const fault of [
      { kind: "status", status: 500 },
      { kind: "reset" },
      { kind: "status", status: 401 }
    ] as const) {
      pipedrive.injectFault(fault)
    }
    yield* collect(gitpip.publish)
    yield* collect(gitpip.status)
    yield* collect(gitpip.publications(everything))
    yield* collect(gitpip.scans(everything))
    yield* collect(gitpip.user(name("nobody")))
    // A fault of the database: the statement is part of the error.
    yield* sql`alter table visits rename to gone`
    yield* collect(gitpip.latest(name("ann")))
    const tables = yield* sql<{
      name: string
    }>`select table_name as name from information_schema.tables where table_schema = 'public'`
    for (const { name } of tables) emitted.push(JSON.stringify(yield* sql`select t::text from ${sql(name)} t`))
    emitted.push(yield* PrometheusMetrics.format())
  })
  yield* program.pipe(
    Effect.provide(
      Gitpip.layerWithDatabase.pipe(
        Layer.provide(settings),
        Layer.provide(transport),
        Layer.provideMerge(layerPostgres),
        Layer.provideMerge(Logger.layer([capture])),
        Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "All")),
        Layer.provideMerge(Layer.succeed(Tracer.Tracer, tracer))
      )
    )
  )
  return { all: emitted.join("\n"), github, pipedrive }
})

const assertSecret = (text: string): void => {
  for (const secret of secrets) {
    const at = text.indexOf(secret)
    assert.strictEqual(at, -1, `${secret}: …${text.slice(Math.max(0, at - 300), at + 100)}…`)
  }
}

describe("no secret is logged, traced, counted, stored or part of an error", () => {
  it.live("when services refuse, break off and answer", () =>
    Effect.gen(function* () {
      const { all, github, pipedrive } = yield* emittedBy(layerThrough(noProxies))
      // The searched texts are not empty.
      for (const seen of [
        "GITHUB_TOKEN",
        "Github.batch",
        "PIPEDRIVE_TOKEN",
        "Pipedrive.searchDeals",
        "gitpip_",
        "DatabaseError"
      ]) {
        assert.include(all, seen)
      }
      for (const { headers } of [...github.requests, ...pipedrive.requests]) {
        assert.notProperty(headers, "traceparent")
        assert.notProperty(headers, "b3")
      }
      assertSecret(all)
    })
  )

  it.live("when the transport's errors hold the whole request, as those of some proxies and agents do", () =>
    Effect.gen(function* () {
      let asked = 0
      const careless = Effect.map(direct, (agent) =>
        agent.compose((dispatch) => (options, handler) => {
          // A copy: Effect's own headers hide secrets in JSON.
          const headers = JSON.stringify({ ...options.headers })
          if (headers.includes("-secret")) asked++
          if (asked % 3 === 0) return dispatch(options, handler)
          const cause = Object.assign(new Error(`socket: ${headers}`), { code: "ECONNRESET", request: { headers } })
          const error = Object.assign(new TypeError(`request failed: ${headers}`, { cause }), { options, headers })
          if (asked % 3 === 2) throw error
          const controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined }
          handler.onResponseError?.(controller as never, error)
          return false
        })
      )
      const { all } = yield* emittedBy(
        layerThrough(noProxies).pipe(Layer.provide(Layer.succeed(Connections, careless)))
      )
      assert.isAbove(asked, 5)
      assert.include(all, "the connection failed")
      assertSecret(all)
    })
  )
})

describe("no password of the database is part of an error", () => {
  const failure = (url: string) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Database.layerServer(Redacted.make(url)))))
      assert.isTrue(Exit.isFailure(exit), url)
      return Exit.isFailure(exit) ? `${shown(exit)}${Cause.pretty(exit.cause)}${shown(Cause.squash(exit.cause))}` : ""
    })

  for (const [what, url] of [
    ["an address that cannot be read", "postgres://me:hush-pass@host:99999/db"],
    ["a port that is not a number", "postgres://me:hush-pass@host:port/db"],
    ["a slash in the password", "postgres://me:hush-pass/word@host/db"],
    ["brackets", "postgres://me:hush-pass@[host/db"],
    ["a percent sign that escapes nothing", "postgres://me:hush-pass%zz@127.0.0.1:1/db"],
    ["nobody there", "postgres://me:hush-pass@127.0.0.1:1/db"],
    ["no such host", "postgres://me:hush-pass@gitpip.invalid/db"],
    ["another protocol", "mysql://me:hush-pass@127.0.0.1/db"],
    ["no address at all", "hush-pass"]
  ] as const) {
    it.live(what, () => Effect.map(failure(url), (text) => assert.notInclude(text, "hush-pass")))
  }

  it.live("a wrong one", () =>
    Effect.gen(function* () {
      const url = new URL(Redacted.value(yield* freshUrl))
      url.password = "hush-wrong-pass"
      const text = yield* failure(url.href)
      assert.include(text, "refuses the user")
      assert.notInclude(text, "hush-wrong-pass")
    })
  )
})
