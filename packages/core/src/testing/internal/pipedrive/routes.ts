/** The addresses that the Pipedrive fake knows. */

export type PipedriveRoute =
  | "/api/v2/activities"
  | "/api/v2/activities/{id}"
  | "/api/v2/deals"
  | "/api/v2/deals/search"
  | "/api/v2/deals/{id}"
  | "/api/v1/activityTypes"
  | "/api/v1/users/me"
  | "/api/v1/notes"

/** Fixed names before placeholders. */
export const pipedriveRoutes: ReadonlyArray<PipedriveRoute> = [
  "/api/v2/activities",
  "/api/v2/activities/{id}",
  "/api/v2/deals",
  "/api/v2/deals/search",
  "/api/v2/deals/{id}",
  "/api/v1/activityTypes",
  "/api/v1/users/me",
  "/api/v1/notes"
]
