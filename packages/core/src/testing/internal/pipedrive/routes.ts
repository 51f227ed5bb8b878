/** The addresses that the Pipedrive fake knows. */

/** The first match wins, so a fixed name stands before a placeholder. */
export const pipedriveRoutes = [
  "/api/v2/activities",
  "/api/v2/activities/{id}",
  "/api/v2/deals",
  "/api/v2/deals/search",
  "/api/v2/deals/{id}",
  "/api/v2/persons",
  "/api/v2/persons/search",
  "/api/v2/persons/{id}",
  "/api/v2/pipelines",
  "/api/v2/stages",
  "/api/v2/dealFields",
  "/api/v2/activityFields",
  "/api/v2/personFields",
  "/api/v1/leads",
  "/api/v1/leads/archived",
  "/api/v1/leads/{id}",
  "/api/v1/leadLabels",
  "/api/v1/activityTypes",
  "/api/v1/users",
  "/api/v1/users/me",
  "/api/v1/notes"
] as const

/** An address of the fake, by which faults and the log of requests are chosen. */
export type PipedriveRoute = (typeof pipedriveRoutes)[number]
