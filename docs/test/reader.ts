/**
 * A reader at a shell: an empty home, a folder with the files of a checkout, fakes of GitHub and Pipedrive, and databases to
 * fill in.
 */
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Effect, Redacted } from "effect"
import { freePort } from "../../packages/cli/test/process.ts"
import { emptyUrl, freshUrl } from "../../packages/core/test/database.ts"
import { root } from "./documents.ts"
import { seed } from "./seed.ts"

export interface Finished {
  readonly code: number
  /** What the shell itself printed. */
  readonly said: string
  /** What the servers logged. */
  readonly logs: string
  readonly output: (file: string) => Promise<string>
}

/** Users and gists as the documents name them. */
const populate = (github: FakeGithub): void => {
  // The documents show the order of gists of one second, which is that of their ids.
  const createdAt = Date.now()
  for (const name of ["octocat", "hubot", "mona"]) {
    github.addUser(name)
    github.addGist(name, {
      createdAt,
      description: `A gist of ${name}`,
      files: { "hello.rb": "puts 'Hello'\n", "notes.md": "# Notes\n" }
    })
  }
  github.addGist("octocat", { createdAt, description: "Another one", files: { "fib.py": "def fib(n): ...\n" } })
}

export const makeReader = Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "github-token" })
  const pipedrive = yield* FakePipedrive.make({ burst: false })
  populate(github)
  const port = yield* freePort
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-docs-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const [database, seedDatabase] = yield* Effect.all([freshUrl, emptyUrl])
  yield* seed(seedDatabase)
  const [work, home, outputs] = ["work", "home", "outputs"].map((name) => join(folder, name)) as [
    string,
    string,
    string
  ]
  yield* Effect.promise(async () => {
    for (const path of [outputs, join(work, "deploy"), join(home, ".config/fish/completions"), join(home, "zsh")])
      await mkdir(path, { recursive: true })
    await cp(`${root}deploy`, join(work, "deploy"), { recursive: true })
  })

  /** Values that a reader fills in, by the name of the variable. */
  const fill: Readonly<Record<string, string>> = {
    GITHUB_TOKEN: "github-token",
    PIPEDRIVE_TOKEN: pipedrive.token,
    PIPEDRIVE_ORG: "acme",
    POSTGRES_CONNECTION_STRING: Redacted.value(database),
    SEED_DATABASE: Redacted.value(seedDatabase),
    GITPIP_API_KEY: "an-api-key"
  }
  const bin = join(root, "docs/test/bin")
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    NODE: process.execPath,
    BIN: bin,
    GITPIP: join(root, "packages/cli/bin/gitpip.js"),
    OUTPUTS: outputs,
    // Settings of a reader who comes from another document, and the addresses of the fakes.
    GITHUB_TOKEN: fill.GITHUB_TOKEN,
    PIPEDRIVE_TOKEN: fill.PIPEDRIVE_TOKEN,
    GITHUB_API_URL: github.url.origin,
    PIPEDRIVE_API_URL: pipedrive.url.origin,
    GITPIP_PORT: String(port)
  }

  /** Runs a script to its end, or to its first command that fails, and ends the servers that it started. */
  const run = (script: string) =>
    Effect.promise(
      (signal) =>
        new Promise<Finished>((resolve) => {
          const text = `set -euo pipefail\nfpath=(. "$HOME/zsh")\n${ending}\n${script}\n`
          const child = execFile("bash", ["-s"], { cwd: work, env, signal }, (error, stdout, stderr) =>
            resolve({
              code: error === null ? 0 : Number(error.code ?? 1),
              said: stdout + stderr,
              logs: serverLogs(outputs),
              output: (file) => readFile(join(outputs, file), "utf8").catch(() => "")
            })
          )
          child.stdin?.end(text)
        })
    )
  return { fill, port, github, pipedrive, env, work, run }
})

const serverLogs = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n")

/** `tail --pid` ends with the process. */
const ending = `trap 'for pid in $(cat "$OUTPUTS/servers" 2>/dev/null); do kill "$pid" && tail --pid="$pid" --sleep-interval=0.1 -f /dev/null; done' EXIT`
