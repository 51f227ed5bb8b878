/** A server as a process, with its own database and both fakes. */
import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Effect, Redacted } from "effect"
import { freshUrl } from "../../packages/core/test/database.ts"

const key = "hush-key-of-the-test"

/** A port that was free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const { port } = probe.address() as { port: number }
    probe.close(() => resume(Effect.succeed(port)))
  })
})

/** What a server needs: services, a database, a key. */
export const makeWorld = Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "hush-github" })
  const pipedrive = yield* FakePipedrive.make({ token: "hush-pipedrive" })
  const env: Record<string, string> = {
    POSTGRES_CONNECTION_STRING: Redacted.value(yield* freshUrl),
    GITPIP_API_KEY: key,
    GITPIP_PORT: String(yield* freePort),
    GITHUB_API_URL: github.url.origin,
    GITHUB_TOKEN: "hush-github",
    PIPEDRIVE_API_URL: pipedrive.url.origin,
    PIPEDRIVE_TOKEN: "hush-pipedrive"
  }
  return { github, pipedrive, env }
})

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts a command. It is killed when the scope closes. */
export const start = Effect.fnUntraced(function* (
  [program = "", ...args]: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> }
) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  const closed = closing(child).then((how): Ended => ({ ...how, stdout, stderr }))
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      child.kill("SIGKILL")
      return closed
    })
  )
  return {
    pid: child.pid as number,
    kill: (signal: NodeJS.Signals) => Effect.sync(() => child.kill(signal)),
    ended: Effect.promise(() => closed),
    /** Waits until stdout has the text. Dies with the whole output when the process ends first. */
    says: (text: string) =>
      Effect.promise(
        () =>
          new Promise<void>((resolve, reject) => {
            const search = () => stdout.includes(text) && resolve()
            child.stdout.on("data", search)
            search()
            closed.then((ended) => reject(new Error(`It ended before it said ${text}: ${JSON.stringify(ended)}`)))
          })
      )
  }
})

const closing = (child: ChildProcess) =>
  new Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code, signal }))
  })

/** A call of the server with its key. */
const call = (env: Readonly<Record<string, string>>, method: string, path: string) =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${env.GITPIP_PORT}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` }
    })
    return { status: response.status, text: await response.text() }
  })

/**
 * Tracks a user with two files, starts a scan, and waits until both files are published and the metrics show it. Metrics of
 * the database follow some seconds later.
 */
export const work = Effect.fnUntraced(function* ({ env, github, pipedrive }: Effect.Success<typeof makeWorld>) {
  github.addUser("ann")
  github.addGist("ann", { files: { "a.md": "a", "b.md": "b" } })
  yield* call(env, "POST", "/users/ann/1")
  yield* call(env, "POST", "/scans")
  yield* pipedrive.seen(2, ({ method, route }) => method === "POST" && route === "/api/v2/activities")
  for (;;) {
    const { text } = yield* call(env, "GET", "/metrics")
    if (finished.every((line) => line.test(text))) return text
    yield* Effect.sleep("50 millis")
  }
})

/** Lines of the metrics once all work is done. */
const finished = [
  /^gitpip_attempts_total\{outcome="published"\} 2$/m,
  /^gitpip_last_scan_timestamp_seconds \d/m,
  /^gitpip_publications_pending 0$/m
]
