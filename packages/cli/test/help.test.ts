/**
 * The texts that `--help` prints lie ready in `src/helpTexts.ts`, so that help need not load the machinery that makes
 * them. They are made here. After a change of a command: `npx vitest run --project unit -u help`
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { expect } from "vitest"
import { execute, gitpip } from "../src/Cli.ts"
import { readyText } from "../src/help.ts"
import { helpTexts } from "../src/helpTexts.ts"

const commands = gitpip.subcommands.flatMap((group) => group.commands.map(({ name }) => name))

const printed = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* execute(args, "1.2.3"), 0)
    return (yield* TestConsole.logLines).join("\n")
  }).pipe(Effect.provide(TestConsole.layer), Effect.provide(NodeServices.layer))

const literal = (text: string): string =>
  `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${")}\``

describe("help", () => {
  it.live("is the same, ready or made", () =>
    Effect.gen(function* () {
      const entries: Array<string> = []
      for (const command of ["", ...commands]) {
        const text = yield* printed(command === "" ? ["--help"] : [command, "--help"])
        entries.push(`  ${command === "" ? '""' : command}: ${literal(text)}`)
      }
      const source = `// Made by test/help.test.ts, which says how.\nexport const helpTexts: Readonly<Record<string, string>> = {\n${entries.join(",\n")}\n}\n`
      yield* Effect.promise(() => expect(source).toMatchFileSnapshot("../src/helpTexts.ts"))
    })
  )

  it.live("is ready for every command, by its long and its short flag", () =>
    Effect.gen(function* () {
      assert.sameMembers(Object.keys(helpTexts), ["", ...commands])
      for (const command of commands) {
        assert.strictEqual(readyText([command, "-h"], "1.2.3"), readyText([command, "--help"], "1.2.3"))
        assert.include(readyText([command, "--help"], "1.2.3"), `gitpip ${command}`)
        assert.include(helpTexts[""], `\n  ${command} `)
      }
      assert.strictEqual(readyText(["--version"], "1.2.3"), yield* printed(["--version"]))
    })
  )

  it("leaves everything else to the commands", () => {
    for (const args of [
      [],
      ["track"],
      ["nonsense", "--help"],
      ["track", "ann", "--help"],
      ["constructor", "--help"],
      ["--help", "--json"]
    ]) {
      assert.isUndefined(readyText(args, "1.2.3"), args.join(" "))
    }
  })
})
