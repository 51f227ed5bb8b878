/** Steps that suites of the publisher share: files that wait, a drain later, and what became of a file. */
import { type Duration, Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { everything, name, passTime } from "../world.ts"

type Request = Pick<LoggedRequest, "method" | "route">

export const isCreate = ({ method, route }: Request) => method === "POST" && route === "/api/v2/activities"
export const isDealCreate = ({ method, route }: Request) => method === "POST" && route === "/api/v2/deals"
export const isLeadCreate = ({ method, route }: Request) => method === "POST" && route === "/api/v1/leads"
export const isPersonCreate = ({ method, route }: Request) => method === "POST" && route === "/api/v2/persons"

/** One tracked user with these files, found and waiting. */
export const given = Effect.fnUntraced(function* (github: FakeGithub, files: Record<string, string>, login = "ann") {
  const gitpip = yield* Gitpip
  if (!github.requests.some(({ path }) => path.includes(login))) github.addUser(login)
  const gist = github.addGist(login, { files })
  yield* gitpip.track(name(login))
  yield* gitpip.scan()
  return gist
})

export const drainLate = Effect.fnUntraced(function* (after: Duration.Input) {
  yield* passTime(after)
  return yield* (yield* Gitpip).publish
})

/** What became of the newest publication. */
export const outcomes = Effect.gen(function* () {
  const gitpip = yield* Gitpip
  const [publication] = yield* gitpip.publications(everything)
  const { attempts } = yield* gitpip.publication(publication?.id ?? 0)
  return {
    state: publication?.state,
    reason: publication?.errorReason,
    attempts: attempts.map(({ outcome }) => outcome)
  }
})

export const lookups = (pipedrive: FakePipedrive) => pipedrive.count("GET", "/api/v2/activities")
