/** The completions of each shell, from the scripts of `--completions`. Bash runs its script; the other scripts are read. */
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { execute, gitpip } from "../src/Cli.ts"
import { directory } from "./process.ts"

const commands = gitpip.subcommands.flatMap((group) => group.commands.map(({ name }) => name))

const script = (shell: string) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* execute(["--completions", shell], "1.2.3"), 0)
    return (yield* TestConsole.logLines).join("\n")
  }).pipe(Effect.provide(TestConsole.layer), Effect.provide(NodeServices.layer))

describe("completions", () => {
  it.live("of bash offer commands and flags", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "gitpip.bash")
      yield* Effect.flatMap(script("bash"), (text) => Effect.promise(() => writeFile(file, text)))
      const offered = (...words: ReadonlyArray<string>) =>
        Effect.promise(async () => {
          const ask = `source "$0"; COMP_WORDS=(gitpip "$@"); COMP_CWORD=$#; COMP_LINE="gitpip $*"; COMP_POINT=\${#COMP_LINE}
            _gitpip gitpip "\${!#}"; printf '%s\\n' "\${COMPREPLY[@]}"`
          const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", ask, file, ...words])
          return stdout
            .split("\n")
            .map((word) => word.trim())
            .filter((word) => word !== "")
        })
      assert.deepStrictEqual(yield* offered("un"), ["untrack"])
      assert.includeMembers(yield* offered(""), commands)
      assert.sameMembers(yield* offered("track", "--"), [
        "--id",
        "--deal",
        "--person",
        "--include",
        "--exclude",
        "--languages",
        "--max-file-size",
        "--forks",
        "--org",
        "--followers-of",
        "--stargazers",
        "--pipedrive",
        "--from",
        "--dry-run",
        "--json"
      ])
      assert.deepStrictEqual(yield* offered("latest", "ann", "--op"), ["--open"])
      for (const words of [["import"], ["export"], ["track", "--from"]]) {
        assert.deepStrictEqual(yield* offered(...words, file.slice(0, -2)), [file], words.join(" "))
      }
    })
  )

  for (const [shell, files] of [
    ["zsh", [/--from\[.*\]:\w*:_files/, /_gitpip_import\(\)[^}]*:_files/, /_gitpip_export\(\)[^}]*:_files/]],
    ["fish", [/ -l from .* -r -F$/m, /_from import' -r -F /, /_from export' -r -F /]]
  ] as const) {
    it.live(`of ${shell} name every command, and its flags`, () =>
      Effect.gen(function* () {
        const text = yield* script(shell)
        for (const command of commands) assert.match(text, new RegExp(`\\b${command}\\b`), command)
        for (const flag of ["dry-run", "from", "visitor", "again", "open"]) assert.include(text, flag)
        for (const offered of files) assert.match(text, offered)
      })
    )
  }
})
