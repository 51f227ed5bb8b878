/**
 * The real server on a real port, between a fresh PostgreSQL database and the GitHub fake.
 *
 * In every test, no answer and no log line of a server may hold a secret of its settings.
 */
import { inspect } from "node:util"
import { Database, Gitpip, layerTransport, type Services, Settings, Username, Worker } from "@gitpip/core"
import { FakeGithub } from "@gitpip/core/testing"
import { Cause, ConfigProvider, Context, DateTime, Effect, Layer, Logger, Redacted, References } from "effect"
import { HttpServer } from "effect/http"
import { freshUrl as freshDatabase } from "../../core/test/database.ts"
import { secretsOf } from "../../core/test/secrets.ts"
import type { ConnectionLimits } from "../src/Connections.ts"
import { layerListenerWith } from "../src/Listener.ts"
import { layerServing } from "../src/main.ts"

/** Secrets of all servers of this test file. */
const secrets = new Set<string>()
const leaks: Array<string> = []

/** Records a text that holds a secret, so that the test fails. */
export const watch = (where: string, text: string): void => {
  for (const secret of secrets) if (text.includes(secret)) leaks.push(`${where} shows ${secret}: ${text}`)
}

/** The log lines of the servers of this test. */
export const logged: Array<string> = []

/** Clears the log lines of a test, and fails when one held a secret: for `leaks.setup.ts`. */
export const assertNoLeaks = (): void => {
  logged.length = 0
  const found = leaks.splice(0)
  if (found.length > 0) throw new Error(found.join("\n"))
}

/** A new database on the run's PostgreSQL, migrated, dropped when the scope ends. */
export const freshUrl = Effect.map(freshDatabase, Redacted.value)

/** Settings from these variables, with any free port. */
export const settingsOf = (env: Record<string, string>) => {
  for (const secret of secretsOf(env)) secrets.add(secret)
  return Layer.effect(
    Settings,
    Effect.map(Settings, (settings) => ({ ...settings, port: 0 }))
  ).pipe(
    Layer.provide(Settings.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))),
    Layer.orDie
  )
}

/** An idle worker, so that tests decide what happens when. */
const layerIdle = Layer.effect(
  Worker,
  Effect.map(DateTime.now, (startedAt) => Worker.of({ dead: Effect.succeed([]), startedAt }))
)

/** Collects all log lines of every level, and prints none. */
export const silent = Layer.merge(
  Logger.layer([
    Logger.make(({ cause, fiber, message }) => {
      const annotations = fiber.getRef(References.CurrentLogAnnotations)
      logged.push(`${message} ${JSON.stringify(annotations)}`)
      watch("a log line", `${inspect([message, annotations, cause], { depth: 8 })} ${Cause.pretty(cause)}`)
    })
  ]),
  Layer.succeed(References.MinimumLogLevel, "All")
)

export class Running extends Context.Service<
  Running,
  {
    readonly origin: string
    readonly github: FakeGithub
    readonly call: (method: string, path: string, init?: RequestInit) => Effect.Effect<Answer>
  }
>()("gitpip/test/Running") {}

// biome-ignore lint/suspicious/noExplicitAny: tests read bodies member by member
export type Json = any

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body. */
  readonly json: Json
}

export const callAt = (origin: string) => (method: string, path: string, init?: RequestInit) =>
  Effect.promise(async (): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`, { ...init, method })
    const text = await response.text()
    watch(`${method} ${path}`, `${[...response.headers].flat().join("\n")}\n${text}`)
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text)
      }
    }
  })

/** The services of one process on a database of its own. */
export const layerServices = (
  env: Record<string, string> = {},
  worker: Layer.Layer<Worker, never, Services> = layerIdle
) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const github = yield* FakeGithub.make()
      const settings = settingsOf({ GITHUB_API_URL: github.url.origin, ...env })
      const database = Layer.unwrap(
        Effect.map(freshUrl, (url) => {
          for (const secret of secretsOf({ POSTGRES_CONNECTION_STRING: url })) secrets.add(secret)
          return Database.layerServer(Redacted.make(url))
        })
      )
      return Layer.succeed(Github, github).pipe(
        Layer.merge(worker),
        Layer.provideMerge(Gitpip.layerWithDatabase),
        Layer.provide(layerTransport),
        Layer.provideMerge(Layer.merge(settings, database)),
        Layer.provideMerge(silent)
      )
    })
  ).pipe(Layer.fresh)

class Github extends Context.Service<Github, FakeGithub>()("gitpip/test/Github") {}

/** A server of its own for each suite. */
export const layerRunning = (
  env: Record<string, string> = {},
  limits: Partial<ConnectionLimits> = {},
  worker: Layer.Layer<Worker, never, Services> = layerIdle
) =>
  Layer.effect(
    Running,
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      const origin = HttpServer.formatAddress(address)
      return Running.of({ origin, github: yield* Github, call: callAt(origin) })
    })
  ).pipe(
    Layer.provide(layerServing.pipe(Layer.provideMerge(layerListenerWith(limits)))),
    Layer.provideMerge(layerServices(env, worker)),
    Layer.orDie
  )

/** Asserts that an answer is a problem of this status, and gives its body. */
export const problem = (answer: Answer, status: number) => {
  if (answer.status !== status || answer.headers.get("content-type") !== "application/problem+json") {
    throw new Error(
      `wanted problem ${status}, got ${answer.status} ${answer.headers.get("content-type")} ${answer.text}`
    )
  }
  if (answer.json.status !== status || typeof answer.json.title !== "string")
    throw new Error(`odd problem ${answer.text}`)
  return answer.json
}

/** Follows `Link: rel="next"` to the end, and gives every page's body. */
export const allPages = Effect.fnUntraced(function* (path: string, pages = 100) {
  const { call } = yield* Running
  const bodies: Array<ReadonlyArray<Json>> = []
  for (let next: string | undefined = path; next !== undefined; ) {
    if (bodies.length === pages) throw new Error(`more than ${pages} pages`)
    const answer: Answer = yield* call("GET", next)
    if (answer.status !== 200) throw new Error(`${next}: ${answer.status} ${answer.text}`)
    bodies.push(answer.json)
    const link: string = answer.headers.get("link") ?? ""
    next = /^<([^>]+)>; rel="next"$/.exec(link)?.[1]
    if (link !== "" && next === undefined) throw new Error(`odd Link: ${link}`)
  }
  return bodies
})

/** Tracks a user, and scans that many gists of the user. */
export const found = Effect.fnUntraced(function* (login: string, files: number) {
  const { github } = yield* Running
  const gitpip = yield* Gitpip
  github.addUser(login)
  for (let n = 0; n < files; n++) {
    github.addGist(login, { files: { [`${login}-${n}.txt`]: `${n}` }, createdAt: 1_000_000_000_000 + n * 1_000 })
  }
  yield* gitpip.track(Username.make(login))
  return yield* gitpip.scan({ username: Username.make(login) })
})
