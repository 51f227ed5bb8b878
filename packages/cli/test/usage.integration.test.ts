import { readdir } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./inProcess.ts"
import { directory, withEnv } from "./process.ts"

const empty = Effect.map(directory, (cwd) => ({ cwd, env: {} }))

const refused: ReadonlyArray<readonly [args: ReadonlyArray<string>, faults: ReadonlyArray<RegExp>]> = [
  [["nonsense"], [/Unknown subcommand "nonsense"/, /gitpip --help/]],
  [["trak", "ann"], [/Did you mean this\?\s+track/]],
  [["track"], [/Give one USERNAME or more, --from FILE, --org/, /gitpip track --help/]],
  [["track", "--org", "a b"], [/--org "a b": a GitHub username/]],
  [["track", "--stargazers", "octocat"], [/--stargazers "octocat": a repository is OWNER\/REPO/]],
  [
    ["track", "--org", "acme", "--pipedrive"],
    [/Give one of --org, --followers-of, --stargazers and --pipedrive alone/]
  ],
  [["track", "ann", "--followers-of", "octocat"], [/alone, without USERNAME, --from and rules/]],
  [["untrack"], [/Missing required argument: USERNAME/, /gitpip untrack --help/]],
  [["forget", "ann", "anna"], [/Unexpected positional argument: "anna"/]],
  [["untrack", "ann", "b b"], [/USERNAME "b b"/]],
  [
    ["track", "ann", "b b", "--id", "7", "--dry-run"],
    [/USERNAME "b b"/, /--id needs exactly one USERNAME/]
  ],
  [["track", "ann", "--from", "list.csv", "--id", "7"], [/--id needs exactly one USERNAME/]],
  [["track", "ann", "bob", "--deal", "7"], [/--deal and --person need exactly one USERNAME/]],
  [["track", "ann", "--person", "x"], [/--person "x"/]],
  [["track", "ann", "--deal", "7", "--dry-run"], [/--dry-run does not count --deal and --person: leave them out/]],
  [["users", "--frob"], [/Unrecognized flag: --frob/]],
  [
    ["track", "a b", "--id", "0"],
    [/USERNAME "a b": a GitHub username/, /--id "0": an id is a whole number/]
  ],
  [["track", "ann", "--id", "1e3"], [/--id "1e3": an id is a whole number from 1/]],
  [["track", "ann", "--id=-1"], [/--id "-1"/]],
  [["track", "ann", "--id", "9007199254740992"], [/--id/]],
  [["track", `${"a".repeat(40)}`], [/USERNAME/]],
  [["track", "ann\u001b[2J"], [/USERNAME "ann\\u001b\[2J"/]],
  [["untrack", "ann/../bob"], [/USERNAME/]],
  [
    ["scan", "ok", "not ok", "nor/this"],
    [/"not ok"/, /"nor\/this"/]
  ],
  [
    ["latest", "a b", "--visitor", "<script>"],
    [/USERNAME/, /--visitor "<script>"/]
  ],
  [
    ["history", "a b", "--limit", "0", "--after", "x"],
    [/USERNAME/, /--limit "0"/, /--after "x"/]
  ],
  [["history", "ann", "--limit", "10001"], [/--limit/]],
  [
    ["retry", "x", "-", "0"],
    [/PUBLICATION "x"/, /PUBLICATION "0"/]
  ],
  [["retry", "1", "--all"], [/not both/]],
  [["demo", "--port", "65536"], [/--port "65536": a port/]]
]

describe("wrong usage ends with 2, names every fault, and touches nothing", () => {
  for (const [args, faults] of refused) {
    it.live(`gitpip ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const environment = yield* empty
        const { code, stderr, stdout } = yield* run(environment, ...args)
        assert.strictEqual(code, 2, stderr)
        assert.strictEqual(stdout, "")
        for (const fault of faults) assert.match(stderr, fault)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
        assert.notMatch(stderr, /[\u0000-\u0009\u000b-\u001f]/)
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(environment.cwd)), [])
      })
    )
  }

  const wrong = {
    GITPIP_PORT: "99999",
    GITPIP_SCAN_INTERVAL: "soon",
    POSTGRES_CONNECTION_STRING: "mysql://me:hunter2@host/db",
    GITPIP_BACKFILL: "some"
  }
  for (const args of [["serve"], ["users"], ["track", "ann"], ["scan", "--json"], ["migrate"]]) {
    it.live(`wrong settings: gitpip ${args.join(" ")}`, () =>
      Effect.gen(function* () {
        const environment = withEnv(yield* empty, wrong)
        const { code, stderr, stdout } = yield* run(environment, ...args)
        assert.strictEqual(code, 2, stderr)
        assert.strictEqual(stdout, "")
        for (const name of Object.keys(wrong)) assert.include(stderr, name)
        assert.notInclude(stderr, "hunter2")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(environment.cwd)), [])
      })
    )
  }

  for (const args of [["export", "x"], ["import", "x"], ["migrate"]]) {
    it.live(`what works on a database while GITPIP_URL names a server: gitpip ${args.join(" ")}`, () =>
      Effect.gen(function* () {
        const environment = withEnv(yield* empty, { GITPIP_URL: "http://127.0.0.1:2" })
        const { code, stderr } = yield* run(environment, ...args)
        assert.strictEqual(code, 2, stderr)
        assert.match(stderr, /GITPIP_URL names a server\. Unset GITPIP_URL/)
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(environment.cwd)), [])
      })
    )
  }

  it.live("a token without a company is a wrong setting too", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run(withEnv(yield* empty, { PIPEDRIVE_TOKEN: "s3cret" }), "status")
      assert.strictEqual(code, 2)
      assert.include(stderr, "PIPEDRIVE_ORG")
      assert.notInclude(stderr, "s3cret")
    })
  )

  it.live("no command at all shows the help", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* run(yield* empty)
      assert.strictEqual(code, 0)
      assert.include(stdout, "SUBCOMMANDS")
    })
  )
})
