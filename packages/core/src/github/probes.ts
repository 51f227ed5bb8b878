/** Small questions to GitHub: whether it answers and accepts the token, whether gists may be listed, who an account is. */
import { Effect, Schema } from "effect"
import { Username } from "../domain/User.ts"
import type { Api } from "./api.ts"
import type { Subject } from "./classify.ts"
import { fail, Unexpected } from "./errors.ts"
import { maxPageBytes } from "./lists.ts"
import { decode, WireAccount } from "./wire.ts"

export const make = (api: Api, apiUrl: string) => {
  const list = (path: string, subject: Subject) =>
    Effect.flatMap(api.readAnyway(`${apiUrl}${path}?per_page=1`, { maxBytes: maxPageBytes, subject }), (answer) =>
      Effect.asVoid(decode(Schema.Array(Schema.Unknown), answer))
    )
  const login = "octocat"
  const userList = list(`/users/${login}/gists`, { _tag: "User", login })
  const feed = list("/gists/public", { _tag: "Feed" })
  const noLists = fail(new Unexpected({ message: `${apiUrl} answers, but not where lists of gists are` }), "service")

  return {
    account: Effect.fn("Github.account")(function* (id: number) {
      const answer = yield* api.read(`${apiUrl}/user/${id}`, {
        maxBytes: maxPageBytes,
        subject: { _tag: "Account", id }
      })
      const account = yield* decode(WireAccount, answer)
      // The login becomes the user's name. The database would refuse such a name, and one account would stop all work.
      if (!Schema.is(Username)(account.login)) {
        return yield* fail(new Unexpected({ message: `GitHub gives account number ${id} an invalid user name` }))
      }
      return account
    }),
    // An Enterprise Server need not have that user, but every server with gists has the feed.
    checkLists: userList.pipe(
      Effect.catchReason("GithubError", "UserNotFound", () =>
        Effect.catchReason(feed, "GithubError", "Unexpected", () => noLists)
      ),
      Effect.withSpan("Github.checkLists")
    ),
    // An Enterprise Server without limits answers 404.
    check: api.readAnyway(`${apiUrl}/rate_limit`, { maxBytes: maxPageBytes, subject: { _tag: "Limits" } }).pipe(
      Effect.catchReason("GithubError", "Unexpected", () => Effect.void),
      Effect.asVoid
    )
  }
}
