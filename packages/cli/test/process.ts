/**
 * Runs the command as a process, in an empty directory, with its own environment.
 *
 * In every test, no process may print a secret of its environment, or a control character.
 */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { FakeGithub, FakePipedrive, type FakePipedriveOptions } from "@gitpip/core/testing"
import { Context, Effect, Layer, Redacted } from "effect"
import { freshUrl } from "../../core/test/database.ts"
import { secretsOf } from "../../core/test/secrets.ts"

export const bin = fileURLToPath(new URL("../bin/gitpip.js", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Stdout parsed as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read documents of many shapes, and a wrong path fails them.
  readonly json: any
}

interface Running {
  /** Waits until stdout or stderr holds the text. Dies with the output when the process ends first. */
  readonly says: (text: string | RegExp) => Effect.Effect<void>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended>
}

export interface Environment {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Asserts that output holds no secret of the environment, and no control character. */
export const assertHarmless = (what: string, said: string, env: Environment["env"]): void => {
  for (const secret of secretsOf(env)) assert.notInclude(said, secret, `${what} shows a secret`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
  assert.notMatch(said, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/, what)
}

/** The lines of a log in JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests read documents of many shapes, and a wrong path fails them.
export const linesOf = ({ stdout }: Pick<Ended, "stdout">): ReadonlyArray<any> =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

/** Starts a command line. It is killed when the scope closes. */
export const start = Effect.fnUntraced(function* ({ cwd, env }: Environment, ...args: ReadonlyArray<string>) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const watcher of watchers) watcher()
  }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    changed()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
    changed()
  })
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve)).finally(changed)
  // Checks all output, also of a process that is killed.
  yield* Effect.addFinalizer(() =>
    Effect.promise(async () => {
      child.kill("SIGKILL")
      await closed
      assertHarmless(`gitpip ${args.join(" ")}`, stdout + stderr, env)
    })
  )
  const ended = Effect.map(
    Effect.promise(() => closed),
    (code) => endedOf({ code, stdout, stderr })
  )
  const says = (text: string | RegExp) =>
    Effect.callback<void>((resume) => {
      const watcher = () => {
        const said = stdout + stderr
        if (typeof text === "string" ? said.includes(text) : text.test(said)) resume(Effect.void)
        else if (child.exitCode !== null)
          resume(Effect.die(new Error(`Ended (${child.exitCode}) without saying ${text}:\n${said}`)))
      }
      watchers.add(watcher)
      watcher()
      return Effect.sync(() => void watchers.delete(watcher))
    })
  return { ended, says, signal: (signal) => Effect.sync(() => void child.kill(signal)) } satisfies Running
})

/** Runs a command line to its end, in a process or without one. */
export type Run<E extends Environment> = (environment: E, ...args: ReadonlyArray<string>) => Effect.Effect<Ended>

export const endedOf = ({ code, stderr, stdout }: Omit<Ended, "json">): Ended => ({
  code,
  stdout,
  stderr,
  get json() {
    return JSON.parse(stdout)
  }
})

export const assertNoTrace =
  (args: ReadonlyArray<string>) =>
  ({ stderr, stdout }: Ended): Effect.Effect<void> =>
    Effect.sync(() => assert.notMatch(stdout + stderr, /^\s+at .*[:(]/m, `a stack trace: gitpip ${args.join(" ")}`))

/** The same, for a command line that is to succeed. */
export const succeeding =
  <E extends Environment>(run: Run<E>): Run<E> =>
  (environment, ...args) =>
    Effect.tap(run(environment, ...args), ({ code, stderr }) =>
      Effect.sync(() => assert.strictEqual(code, 0, `gitpip ${args.join(" ")}: ${stderr}`))
    )

/** Runs a command line to its end. It must not print a stack trace. */
export const run: Run<Environment> = (environment, ...args) =>
  Effect.scoped(
    Effect.tap(
      Effect.flatMap(start(environment, ...args), ({ ended }) => ended),
      assertNoTrace(args)
    )
  )

export const done: Run<Environment> = succeeding(run)

/** An empty directory, removed when the scope closes. */
export const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-cli-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

export interface World extends Environment {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
}

/** Both services as fakes, and a database of PostgreSQL. */
export const makeWorld = Effect.fnUntraced(function* (options: FakePipedriveOptions = {}) {
  const github = yield* FakeGithub.make({ token: "github-token" })
  const pipedrive = yield* FakePipedrive.make({ burst: false, ...options })
  const url = yield* freshUrl
  return {
    github,
    pipedrive,
    cwd: yield* directory,
    env: {
      GITHUB_TOKEN: "github-token",
      GITHUB_API_URL: github.url.href,
      PIPEDRIVE_TOKEN: pipedrive.token,
      PIPEDRIVE_API_URL: pipedrive.url.href,
      POSTGRES_CONNECTION_STRING: Redacted.value(url)
    }
  } satisfies World
})

export class TheWorld extends Context.Service<TheWorld, World>()("gitpip/cli/test/World") {
  static readonly layer = Layer.effect(TheWorld, makeWorld())
}

/** Without some variables of the environment. */
export const without = <A extends Environment>(environment: A, ...names: ReadonlyArray<string>): A => ({
  ...environment,
  env: Object.fromEntries(Object.entries(environment.env).filter(([name]) => !names.includes(name)))
})

/** With other variables. */
export const withEnv = <A extends Environment>(environment: A, env: Readonly<Record<string, string>>): A => ({
  ...environment,
  env: { ...environment.env, ...env }
})

/** A port that is free right now. Hazard: a fake that starts later may get it, so ask for one after all fakes have started. */
export const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() =>
      resume(address !== null && typeof address === "object" ? Effect.succeed(address.port) : Effect.die("no port"))
    )
  })
})
