/** What the benchmarks share: a real PostgreSQL, the services in child processes, Gitpip between them, and measuring. */
import { type ChildProcess, fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { ConfigProvider, Effect, Layer, Logger, Redacted, References } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerTransport } from "../../src/net/transport.ts"
import { Settings } from "../../src/Settings.ts"
import { startPostgres } from "../../test/postgres.ts"
import type { Calls } from "./services.ts"

export const print = (line = ""): void => void process.stdout.write(`${line}\n`)

/** A PostgreSQL server with these flags, stopped when the scope ends. Answers a maker of fresh databases. */
export const postgresWith = Effect.fnUntraced(function* (flags: ReadonlyArray<string>) {
  const server = yield* Effect.acquireRelease(
    Effect.promise(() => startPostgres(flags)),
    ({ stop }) => Effect.promise(stop)
  )
  const url = (name: string) => new URL(name, server.url).href
  const admin = yield* Layer.build(Database.layerServer(Redacted.make(url("postgres"))))
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const name = `bench_${randomBytes(6).toString("hex")}`
    yield* sql.unsafe(`create database ${name}`)
    return url(name)
  }).pipe(Effect.provide(admin))
})

/** The same with PostgreSQL's default settings. */
export const postgres = postgresWith([])

export interface Service {
  readonly url: string
  readonly call: <K extends keyof Calls>(name: K, ...input: Parameters<Calls[K]>) => Effect.Effect<ReturnType<Calls[K]>>
}

/** A service in a child process, stopped when the scope ends. */
export const service = Effect.fnUntraced(function* (
  kind: "github" | "pipedrive" | "unchanged" | "accepting",
  options: object = {}
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      fork(new URL("./services.ts", import.meta.url), [kind, JSON.stringify(options)], { execArgv: [] })
    ),
    (child: ChildProcess) => Effect.sync(() => child.kill())
  )
  const answers = new Map<number, (output: unknown) => void>()
  const { url } = yield* Effect.callback<{ readonly url: string }>((resume) => {
    child.once("message", (message) => resume(Effect.succeed(message as { readonly url: string })))
    child.once("exit", (code) => resume(Effect.die(new Error(`The ${kind} service ended with ${code}`))))
  })
  child.on("message", ({ id, output }: { id: number; output: unknown }) => answers.get(id)?.(output))
  let last = 0
  const call: Service["call"] = (name, ...[input]) =>
    Effect.callback((resume) => {
      const id = ++last
      answers.set(id, (output) => {
        answers.delete(id)
        resume(Effect.succeed(output as ReturnType<Calls[typeof name]>))
      })
      child.send({ id, name, input })
    })
  return { url, call } satisfies Service
})

/** Gitpip as the server runs it, without logs, and without spans as where nobody reads them. */
export const gitpip = (env: Record<string, string>) => {
  const settings = Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
  const database = Database.layerServer(Redacted.make(env.POSTGRES_CONNECTION_STRING ?? ""))
  return Layer.fresh(
    Gitpip.layerWithDatabase.pipe(
      Layer.provide(layerTransport),
      Layer.provideMerge(Layer.mergeAll(settings, database)),
      Layer.provideMerge(Layer.mergeAll(Logger.layer([]), noSpans))
    )
  )
}

const noSpans = Layer.mergeAll(
  Layer.succeed(References.TracerEnabled, false),
  Layer.succeed(References.DisablePropagation, true)
)

/** Tracks `user-FROM` to `user-(FROM + users - 1)` in one statement; with a validator, as if each had been checked. */
export const trackUsers = Effect.fnUntraced(function* (from: number, users: number, etag: string | null = null) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into users (id, username, tracked_at, etag, listed_at, baselined_at)
    select n, 'user-' || n, now(), ${etag}::text,
      case when ${etag}::text is null then null else now() end, case when ${etag}::text is null then null else now() end
    from generate_series(${from}::bigint, ${from + users - 1}::bigint) n`
  yield* sql`analyze`
})

export interface Measured {
  /** Seconds of this process's CPU, user and system. */
  readonly cpu: number
  /** Seconds that passed. */
  readonly wall: number
}

export const measure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    globalThis.gc?.()
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = yield* effect
    const wall = (performance.now() - start) / 1_000
    const { system, user } = process.cpuUsage(cpu)
    return { result, cpu: (user + system) / 1e6, wall }
  })

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export const rounded = (value: number, digits = 0): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** Runs `work` for each item, that many at a time, like a hand-written loop. */
export const eachOf = async <A>(items: ReadonlyArray<A>, concurrency: number, work: (item: A) => Promise<void>) => {
  let next = 0
  const worker = async () => {
    for (;;) {
      const item = items[next++]
      if (item === undefined) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}
