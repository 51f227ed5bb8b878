/** One PostgreSQL for the whole test run. Tests get a database each, see `database.ts`. */
import type { TestProject } from "vitest/node"
import { startPostgres } from "./postgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** Of a superuser, on the `postgres` database. */
    readonly postgresUrl: string
  }
}

export default async function setup(project: TestProject) {
  const server = await startPostgres()
  project.provide("postgresUrl", server.url)
  return server.stop
}
