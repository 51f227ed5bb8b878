/** Commands on a pseudo-terminal, which `script` of util-linux provides. */
import { spawn } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done } from "./inProcess.ts"
import { bin, type Environment, makeWorld, withEnv } from "./process.ts"

/** Runs a command line on a terminal of that many columns, and returns its output, with `␛` for escape. */
const onTerminal = ({ cwd, env }: Environment, columns: number, args: string) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve, reject) => {
        const line = `stty cols ${columns}; '${process.execPath}' '${bin}' ${args}`
        const child = spawn("script", ["-qec", line, "/dev/null"], {
          cwd,
          env: { PATH: process.env.PATH, TERM: "xterm", SHELL: "/bin/sh", ...env },
          stdio: ["ignore", "pipe", "inherit"]
        })
        let said = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          said += text
        })
        child.once("error", reject)
        child.once("close", (code) =>
          code === 0 ? resolve(said.replaceAll("\u001b", "␛")) : reject(new Error(`${args}: ${code}\n${said}`))
        )
      })
  )

const drawing = /␛\[(\d*m|K)|\r/g

/** The text without colours. Any other control character is a fault. */
const bare = (said: string): string => {
  const text = said.replace(drawing, "")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
  assert.notMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f␛]/)
  return text
}

describe("on a terminal", () => {
  it.live("there are a bar, colours, and tables as wide as the terminal; NO_COLOR removes the colours", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { [`${"long-name-".repeat(12)}\u001b[2J.md`]: "x", "a.md": "a" } })
      yield* done(world, "track", "ann")

      const scan = yield* onTerminal(world, 100, "scan")
      assert.include(scan, "\rScanning all users␛[K")
      assert.match(scan, /Scanning {2}␛\[32m█+␛\[0m░* +\d+% {2}1 of 1 user .*2 new files/)
      assert.match(bare(scan), /2 files published/)

      const history = yield* onTerminal(world, 100, "history ann")
      assert.include(history, "␛[1mFILE␛[0m")
      assert.match(history, /␛\[32mpublished \(\d+\)␛\[0m/)
      const lines = bare(history).split("\n")
      assert.isTrue(lines.some((line) => /^\s+https:\/\/gist\.github\.com\/\S+$/.test(line)))
      for (const line of lines.filter((line) => !line.includes("https://"))) assert.isAtMost(line.length, 100, line)
      assert.include(bare(history), "…")

      const plain = yield* onTerminal(withEnv(world, { NO_COLOR: "1" }), 300, "users")
      assert.notInclude(plain, "␛")
      assert.match(plain, /^ID {2}USER/m)
    })
  )
})
