/** What suites of a first run share: many users whose deals are not known, and what finding them costs. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { isDealCreate, isPersonCreate } from "../publish/publishing.ts"
import { isCreate, publish } from "./working.ts"

/** Settings without which each user would cost more than the deal and the activity. */
export const noExtras = { GITPIP_PERSON: "off", GITPIP_ACTIVITY_DUE: "none" }

type Request = Pick<LoggedRequest, "method" | "route" | "query">

const isList = ({ method, route }: Request) => method === "GET" && route === "/api/v2/deals"
/** Whether a request reads a page of the list of open deals. */
export const isPage = (request: Request): boolean => isList(request) && request.query.sort_by === "id"
const isChanges = (request: Request): boolean => isList(request) && request.query.updated_since !== undefined

/**
 * Tracks `user-1` to `user-N`, whose files wait, after two users who were published already: with the third user within
 * ten minutes Gitpip counts who waits.
 */
export const waitingUsers = Effect.fnUntraced(function* (github: FakeGithub, users: number) {
  yield* waiting(github, { from: 5_001, to: 5_002 })
  yield* publish
  yield* waiting(github, { from: 1, to: users })
})

/** Tracks `user-FROM` to `user-TO`, each with a file that waits. */
export const waiting = Effect.fnUntraced(function* (
  github: FakeGithub,
  { from, to }: { readonly from: number; readonly to: number }
) {
  const sql = yield* SqlClient.SqlClient
  for (let n = from; n <= to; n++) {
    github.addUser(`user-${n}`)
    github.addGist(`user-${n}`, { files: { [`file-${n}.md`]: "1" } })
  }
  yield* sql`insert into users (id, username, tracked_at)
    select n, 'user-' || n, now() from generate_series(${from}::bigint, ${to}::bigint) n`
  yield* (yield* Gitpip).scan()
})

export const addOthers = (pipedrive: FakePipedrive, deals: number) => {
  for (let n = 1; n <= deals; n++) pipedrive.addDeal({ title: `Customer ${n}` })
}

/** The deals of any state whose title is the user's. */
export const dealsOf = ({ deals }: FakePipedrive, n: number) =>
  deals.filter(({ title }) => title.trim().toLowerCase() === `user-${n}`)

/** Tokens that were not for creating persons, deals and activities, and the requests since the log was emptied. */
export const costs = ({ requests, tokensSpent }: FakePipedrive) => ({
  finding: tokensSpent - 5 * requests.filter((one) => isPersonCreate(one) || isDealCreate(one) || isCreate(one)).length,
  searches: requests.filter(({ route }) => /\/(deals\/search|persons\/search|itemSearch)$/.test(route ?? "")).length,
  pages: requests.filter(isPage).length,
  changes: requests.filter(isChanges).length
})

/** Makes a change when the n-th page of the list is asked for, before the page is answered. */
export const beforePage = (pipedrive: FakePipedrive, n: number, change: () => void) => {
  let pages = 0
  pipedrive.injectFault(
    { kind: "status", status: 500 },
    {
      when: (request) => {
        if (isPage(request) && ++pages === n) change()
        return false
      }
    }
  )
}
