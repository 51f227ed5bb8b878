import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import type { Reporter } from "vitest/node"

/** Ends a run with its counts alone on a line, for readers that are programs. */
const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
    const count = (state: string) => states.filter((one) => one === state).length
    // A file that broke before its tests is a failure as well.
    const broken = modules.filter(
      (module) =>
        module.state() === "failed" && [...module.children.allTests()].every((test) => test.result().state !== "failed")
    ).length
    process.stdout.write(
      `\n${count("passed")} passed, ${count("failed") + broken} failed, ${count("skipped")} skipped\n`
    )
  }
}

/** The folders with tests. A file there is a unit test unless its name says `.integration.`. */
const folders = ["packages/core", "packages/http", "packages/cli", "examples", "deploy", "docs"]

/** Files share the modules that a worker has loaded: hooks belong in test or setup files, never in modules beside them. */
const integration = (
  name: string,
  root: string,
  options: { readonly exclude?: Array<string>; readonly setupFiles?: Array<string> } = {}
) => ({
  extends: true as const,
  test: { name, root, include: ["test/**/*.integration.test.ts"], isolate: false, ...options }
})

/**
 * Hours of simulated time, a thousand users, leaks, hostile names everywhere, earlier schemas, random histories, outages and refusals
 * of both services, databases with TLS or a pooler, databases and servers that are stopped or killed, the whole demo: too long for
 * every run.
 */
const longOfCore = [
  "manners",
  "bounds",
  "injection",
  "database/pgbouncer",
  "database/serverTls",
  "database/upgrade",
  "model/model",
  "detect/outages",
  "github/longLists",
  "github/rawContent",
  "github/refusals",
  "pipedrive/firstRun",
  "pipedrive/globalFailures",
  "pipedrive/oddRefusals",
  "pipedrive/unansweredItems",
  "pipedrive/thousandUsers",
  "limits/sharedQuota"
].map((name) => `test/${name}.integration.test.ts`)
const longOfCommands = ["crash", "demo", "failover", "stopped"].map((name) => `test/${name}.integration.test.ts`)

/** The projects, see `CONTRIBUTING.md`. A real PostgreSQL is started once for all but the first. */
export default defineConfig({
  test: {
    globalSetup: ["packages/core/test/postgres.setup.ts"],
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true as const,
        test: {
          name: "unit",
          include: folders.map((folder) => `${folder}/test/**/*.test.ts`),
          exclude: ["**/node_modules/**", "**/*.integration.test.ts"],
          setupFiles: ["packages/core/test/unit.setup.ts"],
          isolate: false
        }
      },
      integration("core", "packages/core", { exclude: longOfCore }),
      integration("http", "packages/http", { setupFiles: ["test/leaks.setup.ts"] }),
      integration("cli", "packages/cli", { exclude: longOfCommands }),
      integration("examples", "examples"),
      integration("docs", "docs"),
      integration("deploy", "deploy"),
      // Combinations of answers, see `packages/core/test/matrix`: too many for every run.
      {
        extends: true as const,
        test: { name: "matrix", root: "packages/core", include: ["test/matrix/*.matrix.ts"], isolate: false }
      },
      {
        extends: true as const,
        test: {
          name: "long",
          include: [
            ...longOfCore.map((file) => `packages/core/${file}`),
            ...longOfCommands.map((file) => `packages/cli/${file}`)
          ],
          isolate: false
        }
      },
      // After the others: each file starts several servers.
      {
        extends: true as const,
        test: {
          name: "chaos",
          root: "chaos",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/program.setup.ts"],
          sequence: { groupOrder: 1 }
        }
      }
    ],
    reporters: ["default", closingLine],
    // Against a test that hangs. A machine that is twenty times slower must not meet it.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000
  }
})
