/** The addresses that the GitHub fake knows. */

/** The first match wins, so a fixed name stands before a placeholder. */
export const githubRoutes = [
  "/users/{login}/gists",
  "/users/{login}/followers",
  "/orgs/{org}/public_members",
  "/repos/{owner}/{repo}/stargazers",
  "/user/{id}/gists",
  "/gists/public",
  "/gists/{id}",
  "/users/{login}",
  "/user/{id}",
  "/rate_limit",
  "/graphql",
  "/raw/{login}/{gist}/{sha}/{name}"
] as const

/** An address of the fake, by which faults and the log of requests are chosen. */
export type GithubRoute = (typeof githubRoutes)[number]
