/**
 * Secrets stay out of what the process says, also when it breaks. That no output of any process of this package's tests
 * holds a secret of its environment, or a control character, `process.ts` looks at by itself; here it is made hard.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { directory, done, type Environment, freePort, makeWorld, run, start, withEnv } from "./process.ts"

/** An error that holds all of a request, in each way in which errors do. */
const careless = `
  const describe = (init) => JSON.stringify([...new Headers(init.headers)])
  const errorOf = (init) => Object.assign(
    new TypeError("broken by " + describe(init) + "\\n\\u001b[2J", { cause: new Error(describe(init)) }),
    { headers: init.headers, init }
  )`

/** Ways in which a process breaks, as a module that is loaded before everything else. */
const breaks = {
  "a request is refused with an error that holds it": `globalThis.fetch = async (url, init) => { throw errorOf(init) }`,
  "a request throws": `globalThis.fetch = (url, init) => { throw errorOf(init) }`,
  "an answer cannot be looked at": `globalThis.fetch = async (url, init) => ({ get status() { throw errorOf(init) }, headers: new Headers() })`,
  "nobody awaits a promise": `globalThis.fetch = (url, init) => { Promise.reject(errorOf(init)); return new Promise(() => {}) }`,
  "a timer throws": `globalThis.fetch = (url, init) => { setTimeout(() => { throw errorOf(init) }); return new Promise(() => {}) }`,
  "what is thrown is no error": `globalThis.fetch = (url, init) => { setTimeout(() => { throw { init } }); return new Promise(() => {}) }`
} as const

const broken = Effect.fnUntraced(function* (environment: Environment, how: keyof typeof breaks) {
  const file = join(environment.cwd, "break.mjs")
  yield* Effect.promise(() => writeFile(file, `${careless}\n${breaks[how]}\n`))
  return withEnv(environment, { NODE_OPTIONS: `--import=${file}`, GITPIP_LOG_LEVEL: "All" })
})

const secrets = {
  GITHUB_TOKEN: "hush-github-token",
  PIPEDRIVE_TOKEN: "hush-pipedrive-token",
  GITPIP_API_KEY: "hush-api-key"
}

describe("a process that breaks shows no secret", () => {
  for (const how of Object.keys(breaks) as Array<keyof typeof breaks>) {
    it.live(`when ${how}`, () =>
      Effect.gen(function* () {
        const world = withEnv(yield* makeWorld(), secrets)
        yield* done(world, "track", "ann")
        const environment = yield* broken(world, how)
        for (const command of [["scan"], ["doctor"], ["track", "ann", "--dry-run"]]) {
          const ended = yield* Effect.scoped(Effect.flatMap(start(environment, ...command), ({ ended }) => ended))
          assert.strictEqual(ended.code, 1, `${command}: ${ended.stdout}${ended.stderr}`)
          assert.isNotEmpty(ended.stderr + ended.stdout)
        }
      })
    )
  }

  it.live("and says where, for the report", () =>
    Effect.gen(function* () {
      const environment = yield* broken(withEnv(yield* makeWorld(), secrets), "nobody awaits a promise")
      const { code, stderr } = yield* Effect.scoped(Effect.flatMap(start(environment, "doctor"), ({ ended }) => ended))
      assert.strictEqual(code, 1)
      assert.match(stderr, /^Gitpip came upon a fault of its own.*report it/m)
      assert.match(stderr, /broken by .*‹secret›/)
      assert.match(stderr, /^ {2} {4}at /m)
    })
  )

  for (const format of ["pretty", "json", "logfmt"]) {
    it.live(`in the server's log: ${format}`, () =>
      Effect.gen(function* () {
        const world = withEnv(yield* makeWorld(), { ...secrets, GITPIP_LOG_FORMAT: format })
        yield* done(world, "track", "ann")
        const port = String(yield* freePort)
        const environment = withEnv(yield* broken(world, "an answer cannot be looked at"), { GITPIP_PORT: port })
        const server = yield* start(environment, "serve")
        yield* server.says("broken by")
        yield* server.signal("SIGTERM")
        yield* server.ended
      })
    )
  }
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
    // No process can be given a variable with this character.
    ...odd
      .filter((text) => !text.includes("\0"))
      .flatMap((text) => [
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
      yield* Effect.forEach(
        environments,
        (env) =>
          Effect.gen(function* () {
            const all = { POSTGRES_CONNECTION_STRING: "postgres://me@127.0.0.1:1/db", GITPIP_PORT: "1", ...env }
            const { stderr, stdout } = yield* run({ cwd, env: all }, "status")
            assert.notInclude(stderr + stdout, "hush", JSON.stringify(env).slice(0, 100))
            assert.isNotEmpty(stderr)
          }),
        { concurrency: 2, discard: true }
      )
    })
  )

  it.live("nor does doctor", () =>
    Effect.gen(function* () {
      const cwd = yield* directory
      const env = {
        POSTGRES_CONNECTION_STRING: "postgres://me:hush-pass@127.0.0.1:1/db",
        GITHUB_API_URL: "http://127.0.0.1:1",
        GITHUB_TOKEN: "hush-token-of-github",
        PIPEDRIVE_API_URL: "http://127.0.0.1:1",
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
      assert.notMatch(help.stdout, /--\S*(token|key|secret|password|postgres|url|env|org)/i, command)
    }
  })
)
