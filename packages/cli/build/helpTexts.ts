/** Writes `dist/helpTexts.json`: the help of each command, which `src/main.ts` prints without loading the commands. */
import { writeFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { execute, gitpip } from "../dist/Cli.js"

const helpOf = (command: string) =>
  Effect.gen(function* () {
    const code = yield* execute(command === "" ? ["--help"] : [command, "--help"], "")
    if (code !== 0) return yield* Effect.die(new Error(`gitpip ${command} --help ends with ${code}`))
    return [command, (yield* TestConsole.logLines).join("\n")] as const
  }).pipe(Effect.provide(TestConsole.layer))

const commands = gitpip.subcommands.flatMap((group) => group.commands.map(({ name }) => name))
const texts = await Effect.runPromise(
  Effect.forEach(["", ...commands], helpOf).pipe(Effect.provide(NodeServices.layer))
)
writeFileSync(
  new URL("../dist/helpTexts.json", import.meta.url),
  `${JSON.stringify(Object.fromEntries(texts), null, 2)}\n`
)
