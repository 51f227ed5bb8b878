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

const project = (name: string, root: string) => ({
  extends: true as const,
  test: { name, root, include: ["test/**/*.test.ts"] }
})

/** The projects that `npm test` runs, one per package. A real PostgreSQL is started once for all of them. */
export default defineConfig({
  test: {
    globalSetup: ["packages/core/test/postgres.setup.ts"],
    projects: [
      project("core", "packages/core"),
      project("http", "packages/http"),
      project("cli", "packages/cli"),
      project("examples", "examples"),
      project("deploy", "deploy"),
      project("docs", "docs"),
      // Runs when the others are through, and one file at a time: its servers need the machine to themselves.
      {
        extends: true as const,
        test: {
          name: "chaos",
          root: "chaos",
          include: ["test/**/*.test.ts"],
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 }
        }
      }
    ],
    reporters: ["default", closingLine],
    // Guards against what hangs, on machines that are slow as well.
    testTimeout: 180_000,
    hookTimeout: 180_000
  }
})
