/** The addresses that the GitHub fake knows. */

export type GithubRoute =
  | "/users/{login}/gists"
  | "/user/{id}/gists"
  | "/gists/public"
  | "/gists/{id}"
  | "/users/{login}"
  | "/user/{id}"
  | "/rate_limit"
  | "/graphql"
  | "/raw/{login}/{gist}/{sha}/{name}"

/** Fixed names before placeholders. */
export const githubRoutes: ReadonlyArray<GithubRoute> = [
  "/users/{login}/gists",
  "/user/{id}/gists",
  "/gists/public",
  "/gists/{id}",
  "/users/{login}",
  "/user/{id}",
  "/rate_limit",
  "/graphql",
  "/raw/{login}/{gist}/{sha}/{name}"
]
