import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { gitpip } from "../src/Cli.ts"
import * as InProcess from "./inProcess.ts"
import { bin, directory, run } from "./process.ts"

const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))
const environment = (env: Record<string, string> = {}) => Effect.map(directory, (cwd) => ({ cwd, env }))

describe("gitpip", () => {
  it.live("prints the help that its commands make: `npm run build` keeps it in dist", () =>
    Effect.gen(function* () {
      const here = yield* environment()
      const made: Record<string, string> = {}
      for (const command of ["", ...gitpip.subcommands.flatMap((group) => group.commands.map(({ name }) => name))]) {
        const { stdout } = yield* InProcess.done(here, ...(command === "" ? [] : [command]), "--help")
        made[command] = stdout.trimEnd()
        if (command === "") continue
        assert.include(stdout, `gitpip ${command}`)
        assert.include(made[""], `\n  ${command} `)
      }
      assert.deepStrictEqual(readJson("../dist/helpTexts.json"), made)
    })
  )

  it.live("prints help and version, with every flag of theirs", () =>
    Effect.gen(function* () {
      const here = yield* environment()
      const texts = readJson("../dist/helpTexts.json")
      const { version } = readJson("../package.json")
      for (const [args, said] of [
        [["--help"], texts[""]],
        [["track", "-h"], texts.track],
        [["--version"], `gitpip v${version}`]
      ]) {
        const { code, stderr, stdout } = yield* run(here, ...args)
        assert.deepStrictEqual([code, stderr, stdout], [0, "", `${said}\n`])
      }
    })
  )

  for (const [output, end] of [
    [">/dev/full", [1, "Gitpip cannot write its output: ENOSPC: no space left on device, write\n"]],
    // The reader ends first, since Node.js takes longer to start.
    ["| true", [0, ""]]
  ] as const) {
    it.skipIf(!existsSync("/dev/full"))(`prints no stack trace when its output cannot be written: ${output}`, () => {
      for (const args of ["--version", "users --help"]) {
        const { status, stderr } = spawnSync("sh", ["-c", `"$0" "$1" ${args} ${output}`, process.execPath, bin], {
          encoding: "utf8"
        })
        assert.deepStrictEqual<ReadonlyArray<unknown>>([status, stderr], end, args)
      }
    })
  }

  for (const version of ["20.20.2", "22.18.0"]) {
    it.live(`refuses Node.js ${version}, and says which one it needs`, () =>
      Effect.gen(function* () {
        const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`
        const old = yield* environment({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}` })
        const { code, stderr, stdout } = yield* run(old, "--help")
        assert.deepStrictEqual(
          [code, stderr, stdout],
          [2, `Gitpip needs Node.js 22.19 or newer; this is v${version}. Update Node.js\n`, ""]
        )
      })
    )
  }
})
