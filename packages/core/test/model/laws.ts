/** How a history ends, and what must be true of it then. */
import { assert } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { everything, passTime } from "../world.ts"
import { logins, type Stage, visibleOf, visitors } from "./history.ts"
import { drain, scan, visit } from "./work.ts"

/** All faults end, and time passes until nothing waits any more. Then each visitor visits each user. */
export const comeToRest = Effect.fnUntraced(function* (stage: Stage) {
  const gitpip = yield* Gitpip
  const sql = yield* SqlClient.SqlClient
  stage.github.clearFaults()
  stage.pipedrive.clearFaults()
  for (let rounds = 0; ; rounds++) {
    yield* passTime("6 hours")
    yield* scan(stage, null)
    yield* drain(stage, 2)
    const { failed, pending, sending } = (yield* gitpip.status).publications
    const doubtful = yield* sql`select key from publications where audit_at is not null
      union all select publication_key from duplicates`
    if (failed > 0) yield* gitpip.retryFailed
    else if (pending + sending + doubtful.length === 0) break
    assert.isBelow(rounds, 20, "it does not come to rest")
  }
  for (const account of stage.model.tracked) {
    for (const visitor of visitors) yield* visit(stage, account, { visitor, times: 2, scan: false })
  }
})

export const laws = Effect.fnUntraced(function* ({ github, model, pipedrive }: Stage) {
  const gitpip = yield* Gitpip
  const sql = yield* SqlClient.SqlClient
  const publications = yield* gitpip.publications(everything)
  const stored = (yield* sql<{ filename: string }>`select filename from gist_files`).map(({ filename }) => filename)

  // No scan left a user behind, nothing was lost or made up since, and each file has one publication.
  for (const account of model.tracked) assert.includeMembers([...account.stored], [...visibleOf(account)])
  assert.sameMembers(
    stored,
    model.accounts.flatMap(({ stored }) => stored)
  )
  assert.sameMembers(
    publications.map(({ filename }) => filename),
    stored
  )

  // Each is in Pipedrive once, or gone because it was deleted.
  const subjects = pipedrive.activities.map(({ subject }) => subject)
  assert.sameMembers(
    [...subjects],
    publications.flatMap(({ filename, state }) => (state === "gone" ? [] : [filename]))
  )
  for (const { filename, remoteId, state } of publications) {
    const activity = pipedrive.activities.find(({ subject }) => subject === filename)
    if (state === "gone") {
      assert.isTrue(model.deleted.has(filename), `${filename} is gone and was not deleted`)
      assert.isUndefined(activity)
    } else {
      assert.strictEqual(state, "published")
      assert.strictEqual(String(activity?.id), remoteId)
      assert.include(activity?.note ?? "", filename)
    }
  }

  // No user has two deals.
  const titles = pipedrive.deals.map(({ title }) => title)
  assert.strictEqual(new Set(titles).size, titles.length)

  // No user has two persons: the users of the model show no names, so that persons bear the logins.
  const persons = pipedrive.persons.map(({ name }) => name)
  assert.strictEqual(new Set(persons).size, persons.length)

  // Money: 5 tokens for each activity, at most 25 for a deal and 25 for its person, for each fault at most what two lookups, an audit, a deletion
  // and another try cost, and once for each process and day 2 for the time zone of due dates and 1 for each deal's owner.
  const deals = pipedrive.count("POST", "/api/v2/deals")
  const days = 1 + Math.floor((yield* Clock.currentTimeMillis) / 86_400_000)
  assert.isAtMost(
    pipedrive.tokensSpent,
    5 * subjects.length +
      50 * Math.max(deals, logins.length) +
      60 * model.pipedriveFaults +
      (2 + logins.length) * (model.processes - 1 + days)
  )

  // With nothing new: one conditional request for each user, none to Pipedrive.
  github.clearRequests()
  pipedrive.clearRequests()
  const again = yield* gitpip.scan()
  assert.deepStrictEqual([again.files, again.failed], [0, 0])
  yield* gitpip.publish
  assert.strictEqual(github.requests.length, model.tracked.length)
  for (const { headers, status } of github.requests) {
    assert.property(headers, "if-none-match")
    assert.strictEqual(status, 304)
  }
  assert.strictEqual(pipedrive.requests.length, 0)
})
