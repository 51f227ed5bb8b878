/** A tracked user beside a public feed that has been polled once: what the suites of the feed begin with. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Feed } from "../../src/detect/Feed.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { everything, name } from "../world.ts"

export const isFeed = ({ route }: { readonly route: string | undefined }) => route === "/gists/public"
export const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"

export const poll = Effect.flatMap(Feed, (feed) => feed.poll)
/** The next poll, when it is due. */
export const nextPoll = Effect.andThen(TestClock.adjust("5 minutes"), poll)
export const files = (login: string) =>
  Effect.flatMap(Gitpip, (gitpip) =>
    Effect.map(gitpip.history(name(login), everything), (found) => found.map(({ filename }) => filename))
  )
/** A user that is not tracked makes gists. */
export const noise = (github: FakeGithub, count: number) => {
  for (let n = 0; n < count; n++) github.addGist("noise", { files: { "n.md": "" } })
}
/** Ann is tracked and was checked; the feed has been polled once. */
export const begun = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  github.addUser("noise")
  github.addGist("ann", { files: { "a.md": "" } })
  noise(github, 150)
  yield* gitpip.track(name("ann"))
  yield* gitpip.scan()
  yield* poll
  yield* TestClock.adjust("1 minute")
  github.clearRequests()
})
