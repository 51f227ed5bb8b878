import { defineConfig } from "vitest/config"

/** The projects that `npm test` runs, one per package. Real PostgreSQL is started once for all of them. */
export default defineConfig({
  test: {
    globalSetup: ["packages/core/test/postgres.setup.ts"],
    projects: ["core", "http", "cli"]
      .map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"] }
      }))
      .concat([{ extends: true as const, test: { name: "examples", root: "examples", include: ["test/**/*.test.ts"] } }]),
    testTimeout: 30_000,
    hookTimeout: 60_000
  }
})
