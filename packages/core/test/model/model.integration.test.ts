/**
 * Random histories against a model: what people, GitHub, Pipedrive and several processes do in any order, and what must
 * be true of it in the end.
 *
 * A failure prints the shrunk history and a token. `MODEL_REPLAY=token npx vitest run …` plays exactly that one again;
 * `MODEL_RUNS=2000 MODEL_SEED=7` tries more and others.
 */
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Clock, Effect, Fiber, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { UserId } from "../../src/domain/User.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres, withDatabaseClock } from "../database.ts"
import { everything, makeWorld, name, passTime, services } from "../world.ts"

const logins = ["ann", "anna", "bob"]
const User = Schema.Literals(logins)
const visitors = ["eve", "mallory"]
const Who = Schema.Literals(visitors)

/** What people do on GitHub. */
const Change = Schema.Union([
  Schema.TaggedStruct("Publish gist", {
    user: User,
    files: Schema.Literals([1, 2, 3]),
    secret: Schema.Literals([false, false, false, true])
  }),
  Schema.TaggedStruct("Make public", { user: User }),
  Schema.TaggedStruct("Add file", { user: User }),
  Schema.TaggedStruct("Delete gist", { user: User }),
  Schema.TaggedStruct("Rename", { user: User, heir: Schema.Literals(["nobody", "nobody", "idle", "busy"]) })
])
type Change = typeof Change.Type

const Command = Schema.Union([
  Schema.TaggedStruct("Track", { user: User }),
  Schema.TaggedStruct("Untrack", { user: User }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Scan", { user: Schema.NullOr(User), processes: Schema.Literals([1, 2]) }),
  Schema.TaggedStruct("Overtaken scan", { user: User, meanwhile: Change }),
  Schema.TaggedStruct("Drain", { processes: Schema.Literals([1, 2, 3]) }),
  Schema.TaggedStruct("Visit", { user: User, visitor: Who, times: Schema.Literals([1, 2, 5]), scan: Schema.Boolean }),
  Schema.TaggedStruct("Pipedrive", {
    fault: Schema.Literals(["lost", "lost", "reset", "refuse", "burst", "no deal"]),
    user: User,
    drain: Schema.Boolean
  }),
  Schema.TaggedStruct("GitHub", { fault: Schema.Literals(["500", "garbage", "limit"]) }),
  Schema.TaggedStruct("Time passes", { minutes: Schema.Literals([1, 6, 90]) })
])
type Command = typeof Command.Type

interface Gist {
  readonly id: string
  readonly files: Array<string>
  secret: boolean
}

/** A person's account, as it truly is, and what Gitpip owes about it. */
interface Account {
  readonly user: string
  /** The caller's own number, by which the record is found whatever the account is called. */
  readonly id: UserId
  /** Its present name on GitHub. The record learns of it by the next scan. */
  login: string
  tracked: boolean
  gists: Array<Gist>
  /** Whether the list that the record's validator stands for has gists on it, as far as is known. */
  listed: boolean
  /** Files on record, by name, which is never used twice. */
  stored: ReadonlyArray<string>
  /** What was shown to each visitor, in order. */
  readonly shown: Map<string, ReadonlyArray<string>>
}

/** What is true outside. */
class Model {
  readonly accounts = logins.map(
    (user, index): Account => ({
      user,
      id: UserId.make(index + 1),
      login: user,
      tracked: false,
      gists: [],
      listed: false,
      stored: [],
      shown: new Map()
    })
  )
  /** Files of deleted gists: they may end as `gone`. */
  readonly deleted = new Set<string>()
  pipedriveFaults = 0
  processes = 1
  files = 0
  renames = 0

  get tracked(): ReadonlyArray<Account> {
    return this.accounts.filter(({ tracked }) => tracked)
  }
  account(user: string): Account {
    return this.accounts.find((one) => one.user === user) as Account
  }
}

const visibleOf = ({ gists }: Account): ReadonlyArray<string> =>
  gists.filter(({ secret }) => !secret).flatMap(({ files }) => files)

const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"
const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

interface Stage {
  readonly model: Model
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  /** Runs as a process of its own. */
  readonly process: <A, E>(work: (gitpip: Gitpip["Service"]) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** The name on record, also of a user who is no longer tracked. One who never was has none: then the present name. */
const nameOf = Effect.fnUntraced(function* ({ id, login }: Account) {
  const sql = yield* SqlClient.SqlClient
  const [record] = yield* sql<{ username: string }>`select username from users where id = ${id}`
  return name(record?.username ?? login)
})

const filesOf = Effect.fnUntraced(function* (account: Account) {
  const gitpip = yield* Gitpip
  const history = yield* gitpip.history(yield* nameOf(account), everything)
  return history.map(({ filename }) => filename).toReversed()
})

/**
 * Scans everybody, or one, and holds each account's record against what the scans told about it: one that came to its
 * end without a failure of the account has stored all that was visible; one that tells of a failure has stored nothing;
 * one that was stopped has stored all or nothing.
 */
const scan = Effect.fnUntraced(function* ({ model, process }: Stage, of: Account | null, processes = 1) {
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
    const looks = details.map(({ failures, scan }) =>
      failures.some(({ login }) => login === onRecord) ? "failed" : scan.state
    )
    const before = account.stored
    const after = new Set([...before, ...visibleOf(account)])
    account.stored = yield* filesOf(account)
    added += account.stored.length - before.length
    const failed = looks.every((look) => look === "failed")
    if (looks.includes("done")) assert.sameMembers([...account.stored], [...after])
    else if (failed) assert.deepStrictEqual(account.stored, before)
    else assert.include([before.length, after.size], account.stored.length)
    assert.includeMembers([...after], [...account.stored])
    if (!failed) account.listed = looks.includes("done") && visibleOf(account).length > 0
  }
  assert.strictEqual(
    scans.reduce((sum, { files }) => sum + files, 0),
    added
  )
})

const drain = Effect.fnUntraced(function* ({ process }: Stage, processes: number) {
  const gitpip = yield* Gitpip
  const others = Array.from({ length: processes - 1 }, () => process((one) => one.publish))
  yield* Effect.all([gitpip.publish, ...others], { concurrency: "unbounded" })
})

/** Visits side by side, and beside a scan: together they show what is on record before or after it, each file once. */
const visit = Effect.fnUntraced(function* (
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
  // A scan that notices a rename takes the name away from visits under way.
  const scans = options.scan && username === account.login ? [scan(stage, account)] : []
  const [answers] = yield* Effect.all([Effect.all(visits, { concurrency: "unbounded" }), Effect.all(scans)], {
    concurrency: "unbounded"
  })
  const shown = [
    ...(account.shown.get(visitor) ?? []),
    ...answers.toSorted((a, b) => a.id - b.id).flatMap(({ files }) => files.map(({ filename }) => filename))
  ]
  account.shown.set(visitor, shown)
  assert.include([before.length, account.stored.length], shown.length)
  assert.deepStrictEqual(shown, account.stored.slice(0, shown.length))
  for (const { files, id } of answers) {
    assert.deepStrictEqual((yield* gitpip.visit(username, id)).files, files)
  }
})

const change = ({ github, model }: Stage, command: Change): void => {
  const { user } = command
  const account = model.account(user)
  const [oldest] = account.gists
  switch (command._tag) {
    case "Publish gist": {
      const files = Array.from({ length: command.files }, () => `${user}-${model.files++}.md`)
      const id = github.addGist(account.login, { files: Object.fromEntries(files.map((file) => [file, file])) })
      if (command.secret) github.setPublic(id, false)
      account.gists.push({ id, files, secret: command.secret })
      return
    }
    case "Make public":
      for (const gist of account.gists) {
        github.setPublic(gist.id, true)
        gist.secret = false
      }
      return
    case "Add file": {
      if (oldest === undefined) return
      const file = `${user}-${model.files++}.md`
      github.addFile(oldest.id, file, file)
      oldest.files.push(file)
      return
    }
    case "Delete gist": {
      if (oldest === undefined) return
      account.gists.shift()
      github.deleteGist(oldest.id)
      for (const file of oldest.files) model.deleted.add(file)
      return
    }
    case "Rename": {
      // An account is followed once a gist has shown who it is.
      if (account.stored.length === 0) return
      const before = account.login
      account.login = `${user}-${model.renames++}`
      github.renameUser(before, account.login)
      // One empty list is like the other: of an account without gists it cannot be told that its name is another's now.
      if (command.heir === "nobody" || !account.listed) return
      github.addUser(before)
      if (command.heir === "busy") github.addGist(before, { files: { [`heir-of-${before}.md`]: "" } })
    }
  }
}

const perform = Effect.fnUntraced(function* (stage: Stage, command: Command) {
  const { github, model, pipedrive, process } = stage
  const gitpip = yield* Gitpip
  const account = model.account("user" in command && command.user !== null ? command.user : "ann")
  switch (command._tag) {
    case "Track": {
      const { id, login } = account
      const onRecord = yield* nameOf(account)
      // A rename that no scan has noticed: the id still belongs to the name on record.
      if (onRecord !== login) {
        assert.strictEqual((yield* Effect.flip(gitpip.track(name(login), { id })))._tag, "UserConflict")
      }
      assert.strictEqual((yield* gitpip.track(onRecord, { id })).created, !account.tracked)
      account.tracked = true
      return
    }
    case "Untrack": {
      const untracked = yield* Effect.option(gitpip.untrack(yield* nameOf(account)))
      assert.strictEqual(Option.isSome(untracked), account.tracked)
      account.tracked = false
      return
    }
    case "Change":
      change(stage, command.change)
      if (command.scan) yield* scan(stage, null)
      return
    case "Scan":
      return yield* scan(stage, command.user === null ? null : account, command.processes)
    case "Overtaken scan": {
      if (!account.tracked) return
      const username = yield* nameOf(account)
      const visible = visibleOf(account)
      const asked = github.requests.filter(isList).length
      github.clearFaults()
      github.injectFault({ kind: "late" }, { when: isList })
      const late = yield* Effect.forkChild(process((one) => one.scan({ username })))
      yield* Effect.raceFirst(github.seen(asked + 1, isList), Fiber.await(late))
      github.clearFaults()
      change(stage, command.meanwhile)
      yield* scan(stage, account)
      github.release()
      const { failed, state } = yield* Fiber.join(late)
      const after = new Set([...account.stored, ...(state === "done" && failed === 0 ? visible : [])])
      account.stored = yield* filesOf(account)
      assert.sameMembers([...account.stored], [...after])
      account.listed = false
      return
    }
    case "Drain":
      return yield* drain(stage, command.processes)
    case "Visit":
      return yield* visit(stage, account, command)
    case "Pipedrive": {
      model.pipedriveFaults++
      if (command.fault === "no deal") {
        const deal = pipedrive.deals.find(({ title }) => title.split("-")[0] === command.user)
        if (deal !== undefined) pipedrive.deleteDeal(deal.id)
        return
      }
      const faults = {
        lost: { kind: "lost" },
        reset: { kind: "reset" },
        refuse: { kind: "status", status: 422, body: { success: false, error: "no" } },
        burst: { kind: "burst-limit", resetInSeconds: 30 }
      } as const
      pipedrive.injectFault(faults[command.fault], { when: isCreate })
      if (command.drain) yield* gitpip.publish
      return
    }
    case "GitHub": {
      const faults = {
        "500": { kind: "status", status: 500 },
        garbage: { kind: "garbage" },
        limit: { kind: "primary-limit", resetInSeconds: 100 }
      } as const
      github.injectFault(faults[command.fault])
      return
    }
    case "Time passes":
      return yield* passTime(`${command.minutes} minutes`)
  }
})

/** Everything is mended, and time passes until nothing waits any more. Then everybody looks at what there is. */
const comeToRest = Effect.fnUntraced(function* (stage: Stage) {
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

const laws = Effect.fnUntraced(function* ({ github, model, pipedrive }: Stage) {
  const gitpip = yield* Gitpip
  const sql = yield* SqlClient.SqlClient
  const publications = yield* gitpip.publications(everything)
  const stored = (yield* sql<{ filename: string }>`select filename from gist_files`).map(({ filename }) => filename)

  // Nobody's scan left a user behind, nothing was lost or made up since, and each file has one publication.
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

  // Nobody has two deals.
  const titles = pipedrive.deals.map(({ title }) => title)
  assert.strictEqual(new Set(titles).size, titles.length)

  // Money: 5 tokens for each activity, at most 25 for a deal, for each fault at most what two looks, an audit, a deletion
  // and another try cost, and once for each process and day 2 for the time zone of due dates.
  const deals = pipedrive.count("POST", "/api/v2/deals")
  const days = 1 + Math.floor((yield* Clock.currentTimeMillis) / 86_400_000)
  assert.isAtMost(
    pipedrive.tokensSpent,
    5 * subjects.length +
      25 * Math.max(deals, logins.length) +
      60 * model.pipedriveFaults +
      2 * (model.processes - 1 + days)
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

/** Whatever came before: life goes on. */
const news = { _tag: "Publish gist", files: 2, secret: false } as const

const runs = Number(process.env.MODEL_RUNS ?? 30)
const seed = process.env.MODEL_SEED ?? 1

layer(layerPostgres)(`any history, MODEL_SEED=${seed}`, (it) => {
  it.effect.prop(
    "ends with every file stored, published and shown exactly once, for the least it can cost",
    [Arbitrary.array(Arbitrary.schema(Command), { maxLength: 60 })],
    ([commands]) =>
      Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          // The history before moved the database's clock.
          yield* passTime(0)
          yield* sql`truncate users, scans, scan_failures, gist_files, visits, publications, attempts, duplicates, deals,
            limits restart identity cascade`
          const { github, pipedrive, settings } = yield* makeWorld({ pipedrive: { dailyTokens: false } })
          for (const login of logins) github.addUser(login)
          const stage: Stage = {
            model: new Model(),
            github,
            pipedrive,
            process: (work) => {
              stage.model.processes++
              return Effect.flatMap(Gitpip, work).pipe(
                Effect.provide(services(settings)),
                Effect.provideService(SqlClient.SqlClient, sql),
                Effect.catchTag("SettingsError", Effect.die)
              ) as never
            }
          }
          yield* Effect.gen(function* () {
            for (const user of ["ann", "bob"]) yield* perform(stage, { _tag: "Track", user })
            for (const command of commands) yield* perform(stage, command)
            yield* comeToRest(stage)
            for (const { user } of stage.model.tracked) change(stage, { ...news, user })
            yield* comeToRest(stage)
            yield* laws(stage)
          }).pipe(Effect.provide(services(settings)))
        })
      ).pipe(withDatabaseClock),
    {
      timeout: 60_000 + runs * 20_000,
      arbitrary: Option.match(Option.fromNullishOr(process.env.MODEL_REPLAY), {
        // Without a size all histories are as short as they may be.
        onNone: () => ({ runs, seed, size: 100 }),
        onSome: (replay) => ({ replay })
      })
    }
  )
})
