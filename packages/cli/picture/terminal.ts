/** Makes `docs/terminal.svg` from the output of commands between fakes: `npx node packages/cli/picture/terminal.ts` */
import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Effect } from "effect"
import { toSvg } from "./svg.ts"

const columns = 112
const bin = fileURLToPath(new URL("../bin/gitpip.js", import.meta.url))
const picture = fileURLToPath(new URL("../../../docs/terminal.svg", import.meta.url))

const commands = ["track ada grace", "scan", "users", "latest ada", "status"]

const people = {
  ada: { "notes-on-the-engine.md": "# Note G", "bernoulli.py": "print(1)", "日本語.txt": "x" },
  grace: { "compiler.cob": "x", "nanosecond.md": "x" }
}

const program = Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "github-token" })
  const pipedrive = yield* FakePipedrive.make({ burst: false })
  for (const [login, files] of Object.entries(people)) {
    github.addUser(login)
    for (const [name, content] of Object.entries(files)) github.addGist(login, { files: { [name]: content } })
  }
  const cwd = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-picture-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const env = {
    PATH: process.env.PATH,
    TERM: "xterm",
    SHELL: "/bin/sh",
    GITHUB_TOKEN: "github-token",
    GITHUB_API_URL: github.url.href,
    PIPEDRIVE_TOKEN: pipedrive.token,
    PIPEDRIVE_API_URL: pipedrive.url.href
  }
  let said = ""
  for (const command of commands) {
    const shown = yield* Effect.promise(
      () =>
        new Promise<string>((resolve) => {
          const line = `stty cols ${columns}; '${process.execPath}' '${bin}' ${command}`
          const child = spawn("script", ["-qec", line, "/dev/null"], { cwd, env, stdio: ["ignore", "pipe", "inherit"] })
          let text = ""
          child.stdout.setEncoding("utf8").on("data", (part: string) => {
            text += part
          })
          child.once("close", () => resolve(text))
        })
    )
    said += `\u001b[32m$\u001b[0m \u001b[1mgitpip ${command}\u001b[0m\n${shown}\n`
  }
  yield* Effect.promise(() => writeFile(picture, toSvg(said, columns)))
})

await Effect.runPromise(Effect.scoped(program))
