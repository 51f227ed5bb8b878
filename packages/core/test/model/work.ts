/** Scans, drains and visits of a history, each held against the model. */
import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { everything, name } from "../world.ts"
import { type Account, type Stage, visibleOf } from "./history.ts"

/** The name on record, also of a user who is no longer tracked. One who never was has none: then the present name. */
export const nameOf = Effect.fnUntraced(function* ({ id, login }: Account) {
  const sql = yield* SqlClient.SqlClient
  const [record] = yield* sql<{ username: string }>`select username from users where id = ${id}`
  return name(record?.username ?? login)
})

export const filesOf = Effect.fnUntraced(function* (account: Account) {
  const gitpip = yield* Gitpip
  const history = yield* gitpip.history(yield* nameOf(account), everything)
  return history.map(({ filename }) => filename).toReversed()
})

/**
 * Scans all accounts, or one, and holds each account's record against what the scans report about the account.
 *
 * - A scan that was done without a failure of the account has stored all that was visible.
 * - A scan that reports a failure has stored nothing.
 * - A scan that was stopped has stored all or nothing.
 */
export const scan = Effect.fnUntraced(function* ({ model, process }: Stage, of: Account | null, processes = 1) {
  const gitpip = yield* Gitpip
  const username = of === null ? undefined : yield* nameOf(of)
  const once = (one: Gitpip["Service"]) => Effect.option(one.scan({ username }))
  if (of?.tracked === false) return assert.isTrue(Option.isNone(yield* once(gitpip)))

  const accounts = of === null ? model.tracked : [of]
  const scans = (yield* Effect.all([once(gitpip), ...(processes === 2 ? [process(once)] : [])], {
    concurrency: "unbounded"
  })).flatMap(Option.toArray)
  assert.isNotEmpty(scans)
  const details = yield* Effect.forEach(scans, ({ id }) => gitpip.scanDetails(id))
  let added = 0
  for (const account of accounts) {
    const onRecord = yield* nameOf(account)
    const results = details.map(({ failures, scan }) =>
      failures.some(({ login }) => login === onRecord) ? "failed" : scan.state
    )
    const before = account.stored
    const after = new Set([...before, ...visibleOf(account)])
    account.stored = yield* filesOf(account)
    added += account.stored.length - before.length
    const failed = results.every((result) => result === "failed")
    if (results.includes("done")) assert.sameMembers([...account.stored], [...after])
    else if (failed) assert.deepStrictEqual(account.stored, before)
    else assert.include([before.length, after.size], account.stored.length)
    assert.includeMembers([...after], [...account.stored])
    if (!failed) account.listed = results.includes("done") && visibleOf(account).length > 0
  }
  assert.strictEqual(
    scans.reduce((sum, { files }) => sum + files, 0),
    added
  )
})

export const drain = Effect.fnUntraced(function* ({ process }: Stage, processes: number) {
  const gitpip = yield* Gitpip
  const others = Array.from({ length: processes - 1 }, () => process((one) => one.publish))
  yield* Effect.all([gitpip.publish, ...others], { concurrency: "unbounded" })
})

/** Visits side by side, and beside a scan: together they show what is on record before or after it, each file once. */
export const visit = Effect.fnUntraced(function* (
  stage: Stage,
  account: Account,
  options: { readonly visitor: string; readonly times: number; readonly scan: boolean }
) {
  const gitpip = yield* Gitpip
  const username = yield* nameOf(account)
  const visitor = Visitor.make(options.visitor)
  if (!account.tracked) return assert.isTrue(Option.isNone(yield* Effect.option(gitpip.latest(username, visitor))))
  const before = account.stored
  const visits = Array.from({ length: options.times }, (_, n) =>
    n % 2 === 0 ? gitpip.latest(username, visitor) : stage.process((one) => one.latest(username, visitor))
  )
  // A scan that notices a rename takes the name away from visits that are not done.
  const scans = options.scan && username === account.login ? [scan(stage, account)] : []
  const [answers] = yield* Effect.all([Effect.all(visits, { concurrency: "unbounded" }), Effect.all(scans)], {
    concurrency: "unbounded"
  })
  const shown = [
    ...(account.shown.get(visitor) ?? []),
    ...answers
      .toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0))
      .flatMap(({ files }) => files.map(({ filename }) => filename))
  ]
  account.shown.set(visitor, shown)
  assert.include([before.length, account.stored.length], shown.length)
  assert.deepStrictEqual(shown, account.stored.slice(0, shown.length))
  for (const { files, id } of answers) {
    // A visit without news is not recorded.
    assert.strictEqual(id === null, files.length === 0)
    if (id !== null) assert.deepStrictEqual((yield* gitpip.visit(username, id)).files, files)
  }
})
