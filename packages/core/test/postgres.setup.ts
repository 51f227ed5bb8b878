/** One PostgreSQL for the whole test run, with the templates that tests copy, see `database.ts`. */
import type { TestProject } from "vitest/node"
import { startPostgres } from "./postgres.ts"
import { prepareEmbedded, preparePostgres } from "./templates.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** Of a superuser, on the `postgres` database. */
    readonly postgresUrl: string
    /** A data directory with a migrated embedded database. */
    readonly embeddedTemplate: string
  }
}

export default async function setup(project: TestProject) {
  if (project.vitest.projects.every(({ name }) => name === "unit")) return
  const server = await startPostgres()
  const prepare = async () => {
    project.provide("embeddedTemplate", await prepareEmbedded())
    await preparePostgres(server.url)
  }
  project.provide("postgresUrl", server.url)
  await prepare()
  // In watch mode a migration may have changed.
  project.onTestsRerun(prepare)
  return server.stop
}
