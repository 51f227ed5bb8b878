/**
 * Secrets stay out of a command's output, also when the command breaks. `process.ts` and `inProcess.ts` check every output
 * of this package's tests; the tests here break commands in ways that could reveal a secret.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Dispatcher } from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Connections } from "@gitpip/core/testing"
import { Effect } from "effect"
import { done, run, start } from "./inProcess.ts"
import * as Process from "./process.ts"
import { directory, type Environment, makeWorld, withEnv, without } from "./process.ts"

/** An error that holds the request in its message, its cause and its properties. */
const errorOf = (options: Dispatcher.DispatchOptions): Error => {
  const headers = JSON.stringify({ ...options.headers })
  const error = new TypeError(`broken by ${headers}\n\u001b[2J`, { cause: new Error(headers) })
  return Object.assign(error, { headers: options.headers, options })
}

const controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined }

/** Ways in which a request breaks. */
const breaks = {
  "a request is refused with an error that holds it": (options, handler) => {
    handler.onResponseError?.(controller as never, errorOf(options))
    return false
  },
  "a request throws": (options) => {
    throw errorOf(options)
  },
  "an answer cannot be read": (options, handler) => {
    const ownKeys = () => {
      throw errorOf(options)
    }
    handler.onRequestStart?.(controller as never, {})
    handler.onResponseStart?.(controller as never, 200, new Proxy({}, { ownKeys }), "")
    return false
  }
} satisfies Record<string, Dispatcher.Dispatch>

const breaking = (dispatch: Dispatcher.Dispatch) =>
  Effect.map(Connections.defaultValue(), (agent) =>
    agent.compose(() => (options, handler) => dispatch(options, handler))
  )

/** Ways in which a process crashes: a module that is loaded first, and a command that crashes with it. */
const crashes = [
  [
    "nobody awaits a promise",
    `Agent.prototype.dispatch = (options) => { Promise.reject(errorOf(options)); return true }`,
    ["doctor"]
  ],
  [
    "a timer throws",
    `Agent.prototype.dispatch = (options) => { setTimeout(() => { throw errorOf(options) }); return true }`,
    ["track", "ann", "--dry-run"]
  ],
  [
    "the thrown value is not an error",
    `Agent.prototype.dispatch = (options) => { setTimeout(() => { throw { options } }); return true }`,
    ["scan"]
  ]
] as const

const crashing = Effect.fnUntraced(function* (environment: Environment, how: string) {
  const file = join(environment.cwd, "break.mjs")
  const makeError = `import { Agent } from ${JSON.stringify(import.meta.resolve("@effect/platform-node/Undici"))}
  const errorOf = (options) => {
    const headers = JSON.stringify({ ...options.headers })
    return Object.assign(new TypeError("broken by " + headers + "\\n\\u001b[2J", { cause: new Error(headers) }), { headers: options.headers, options })
  }`
  yield* Effect.promise(() => writeFile(file, `${makeError}\n${how}\n`))
  return withEnv(environment, { NODE_OPTIONS: `--import=${file}`, GITPIP_LOG_LEVEL: "All" })
})

const secrets = {
  GITHUB_TOKEN: "hush-github-token",
  PIPEDRIVE_TOKEN: "hush-pipedrive-token",
  GITPIP_API_KEY: "hush-api-key"
}

describe("a command that breaks shows no secret", () => {
  for (const [how, dispatch] of Object.entries(breaks)) {
    it.live(`when ${how}`, () =>
      Effect.gen(function* () {
        const unbroken = withEnv(yield* makeWorld(), { ...secrets, GITPIP_LOG_LEVEL: "All" })
        yield* done(unbroken, "track", "ann")
        const world = { ...unbroken, connections: breaking(dispatch) }
        for (const command of [["scan"], ["doctor"], ["track", "ann", "--dry-run"]]) {
          const ended = yield* Effect.scoped(Effect.flatMap(start(world, ...command), ({ ended }) => ended))
          assert.strictEqual(ended.code, 1, `${command}: ${ended.stdout}${ended.stderr}`)
          assert.isNotEmpty(ended.stderr + ended.stdout)
        }
      })
    )
  }

  for (const format of ["pretty", "json", "logfmt"]) {
    it.live(`in the server's log: ${format}`, () =>
      Effect.gen(function* () {
        const unbroken = withEnv(yield* makeWorld(), {
          ...secrets,
          GITPIP_LOG_FORMAT: format,
          GITPIP_LOG_LEVEL: "All",
          GITPIP_PORT: "0"
        })
        yield* done(unbroken, "track", "ann")
        const world = { ...unbroken, connections: breaking(breaks["an answer cannot be read"]) }
        const server = yield* start(world, "serve")
        yield* server.says("broken by")
        yield* server.stop
      })
    )
  }
})

describe("a process that crashes shows no secret, and says where, for the report", () => {
  for (const [how, module, command] of crashes) {
    it.live(`when ${how}: gitpip ${command.join(" ")}`, () =>
      Effect.gen(function* () {
        const world = withEnv(yield* makeWorld(), secrets)
        yield* done(world, "track", "ann")
        const environment = yield* crashing(world, module)
        const { code, stderr } = yield* Effect.scoped(
          Effect.flatMap(Process.start(environment, ...command), ({ ended }) => ended)
        )
        assert.strictEqual(code, 1, stderr)
        assert.match(stderr, /^Internal error in Gitpip.*report it/m)
        if (how === "the thrown value is not an error") return
        assert.match(stderr, /broken by .*‹secret›/)
        assert.match(stderr, /^ {2} {4}at /m)
      })
    )
  }
})

describe("secrets in files", () => {
  it.live("work as those in the environment do, and a process that crashes does not show them", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      yield* done(world, "track", "ann")
      const names = ["GITHUB_TOKEN", "PIPEDRIVE_TOKEN", "POSTGRES_CONNECTION_STRING"] as const
      const inFiles: Record<string, string> = {}
      for (const name of names) {
        inFiles[`${name}_FILE`] = join(world.cwd, name)
        yield* Effect.promise(() => writeFile(join(world.cwd, name), `${world.env[name]}\n`))
      }
      const environment = withEnv(without(world, ...names), inFiles)
      assert.include((yield* done(environment, "users")).stdout, "ann")
      assert.strictEqual((yield* run(environment, "doctor")).code, 0)
      const hushed = join(world.cwd, "GITHUB_TOKEN")
      yield* Effect.promise(() => writeFile(hushed, "hush-github-token\n"))
      const [, module, command] = crashes[1]
      const { code, stderr } = yield* Effect.scoped(
        Effect.flatMap(Process.start(yield* crashing(environment, module), ...command), ({ ended }) => ended)
      )
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, /broken by .*‹secret›/)
      assert.notInclude(stderr, "hush-github-token")
    })
  )

  it.live("are not shown when one of them cannot be used, and exit code 2 says that a setting is wrong", () =>
    Effect.gen(function* () {
      const cwd = yield* directory
      const file = join(cwd, "token")
      yield* Effect.promise(() => writeFile(file, "hush hush"))
      const { code, stderr, stdout } = yield* run({ cwd, env: { GITHUB_TOKEN_FILE: file } }, "status")
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "GITHUB_TOKEN_FILE: must be printable ASCII on one line, without spaces")
      assert.notInclude(stderr, "hush")
    })
  )
})

describe("settings that are wrong show no secret", () => {
  const odd = [
    "two hush words",
    "hush\u001b[31m",
    "hush\nhush",
    "hüsh",
    "\u0000hush",
    `hush"'\\$&\`%s%o{}`,
    "hush".repeat(5_000)
  ]
  const addresses = [
    "postgres://me:hush/pass@127.0.0.1:1/db",
    "postgres://me:hush@pass@127.0.0.1:1/db",
    "postgres://me:hush#pass@127.0.0.1:1/db",
    "postgres://me:hush?pass@127.0.0.1:1/db",
    "postgres://me:hush%pass@127.0.0.1:1/db",
    "postgres://me:hush%20%40pass@127.0.0.1:1/db",
    "postgres://me:hush pass@127.0.0.1:1/db",
    "postgres://me:hush-pass@127.0.0.1:99999/db",
    "postgres://me:hush-pass@127.0.0.1:1/db?sslmode=odd",
    "postgresql://me@127.0.0.1:1/db?password=hush-pass",
    "mysql://me:hush-pass@127.0.0.1:1/db",
    "me:hush-pass@127.0.0.1"
  ]
  const environments: ReadonlyArray<Record<string, string>> = [
    ...odd.flatMap((text) => [
      { GITHUB_TOKEN: text },
      { PIPEDRIVE_TOKEN: text, PIPEDRIVE_ORG: "acme" },
      { GITPIP_API_KEY: text }
    ]),
    ...addresses.map((text) => ({ POSTGRES_CONNECTION_STRING: text })),
    { GITHUB_API_URL: "https://me:hush-pass@127.0.0.1:1/" },
    { GITHUB_API_URL: "https://me:hush-pass@127.0.0.1:99999/" },
    { PIPEDRIVE_API_URL: "https://me:hush-pass@127.0.0.1:1/", PIPEDRIVE_TOKEN: "hush-token" }
  ]

  it.live("whatever is wrong with them", () =>
    Effect.gen(function* () {
      const cwd = yield* directory
      for (const env of environments) {
        const all = { POSTGRES_CONNECTION_STRING: "postgres://me@127.0.0.1:1/db", GITPIP_PORT: "1", ...env }
        const { stderr, stdout } = yield* run({ cwd, env: all }, "status")
        assert.notInclude(stderr + stdout, "hush", JSON.stringify(env).slice(0, 100))
        assert.isNotEmpty(stderr)
      }
    })
  )

  it.live("in the output of doctor", () =>
    Effect.gen(function* () {
      const cwd = yield* directory
      const env = {
        POSTGRES_CONNECTION_STRING: "postgres://me:hush-pass@127.0.0.1:1/db",
        GITHUB_API_URL: "http://127.0.0.1:2",
        GITHUB_TOKEN: "hush-token-of-github",
        PIPEDRIVE_API_URL: "http://127.0.0.1:2",
        PIPEDRIVE_TOKEN: "hush-token-of-pipedrive"
      }
      for (const args of [["doctor"], ["doctor", "--json"]]) {
        const { code, stderr, stdout } = yield* run({ cwd, env }, ...args)
        assert.strictEqual(code, 1)
        assert.notInclude(stderr + stdout, "hush")
      }
    })
  )
})

it.live("no command takes a secret as an argument, where every user of the machine could read it", () =>
  Effect.gen(function* () {
    const cwd = yield* directory
    const { stdout } = yield* done({ cwd, env: {} }, "--help")
    const commands = [...(stdout.split("SUBCOMMANDS")[1] ?? "").matchAll(/^ {2}([a-z]+) /gm)].map(
      ([, name = ""]) => name
    )
    assert.isAbove(commands.length, 10)
    for (const command of commands) {
      const help = yield* done({ cwd, env: {} }, command, "--help")
      assert.notMatch(help.stdout, /--\S*(token|key|secret|password|postgres|url|env)|--pipedrive-/i, command)
    }
  })
)
