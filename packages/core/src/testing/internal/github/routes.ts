/** The addresses that the GitHub fake knows. */

/** The first match wins, so a fixed name stands before a placeholder. */
export const githubRoutes = [
  "/users/{login}/gists",
  "/user/{id}/gists",
  "/gists/public",
  "/gists/{id}",
  "/users/{login}",
  "/user/{id}",
  "/rate_limit",
  "/graphql",
  "/raw/{login}/{gist}/{sha}/{name}"
] as const

export type GithubRoute = (typeof githubRoutes)[number]
