/**
 * Random histories against a model: what people, GitHub, Pipedrive and several processes do in any order, and what must
 * be true of it in the end.
 *
 * A failure prints the shrunk history and a token. `MODEL_REPLAY=token npx vitest run …` plays exactly that one again;
 * `MODEL_RUNS=2000 MODEL_SEED=7` tries more and others.
 */
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { GithubStandIn, PipedriveStandIn } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, makeWorld, name, passTime, services } from "../world.ts"

const logins = ["ann", "anna", "bob"]
const User = Schema.Literals(logins)
const Who = Schema.Literals(["eve", "mallory"])

const Command = Schema.Union([
  Schema.TaggedStruct("Track", { user: User }),
  Schema.TaggedStruct("Untrack", { user: User }),
  Schema.TaggedStruct("Publish gist", {
    user: User,
    files: Schema.Literals([1, 2, 3]),
    secret: Schema.Literals([false, false, false, true]),
    scan: Schema.Boolean
  }),
  Schema.TaggedStruct("Make public", { user: User }),
  Schema.TaggedStruct("Add file", { user: User }),
  Schema.TaggedStruct("Delete gist", { user: User }),
  Schema.TaggedStruct("Rename", { user: User }),
  Schema.TaggedStruct("Scan", { user: Schema.NullOr(User), processes: Schema.Literals([1, 2]) }),
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
  readonly files: Set<string>
  secret: boolean
}

/** What is true outside: who publishes what, and who was promised what. */
class Model {
  readonly gists = new Map<string, Array<Gist>>(logins.map((login) => [login, []]))
  readonly names = new Map(logins.map((login) => [login, login]))
  readonly tracked = new Set<string>()
  /** Files that a completed scan could see, by name, which is never used twice. */
  readonly seen = new Map<string, string>()
  /** Files of gists that were deleted, or that a person would not have: they may end as `gone` or `failed`. */
  readonly excused = new Set<string>()
  readonly shown = new Map<string, Array<number>>()
  faults = 0
  files = 0
  renames = 0

  visible(login: string): ReadonlyArray<string> {
    return (this.gists.get(login) ?? []).filter(({ secret }) => !secret).flatMap(({ files }) => [...files])
  }
  /** What a scan that came to its end has seen. */
  scanned(of: Iterable<string>): void {
    for (const login of of) for (const file of this.visible(login)) this.seen.set(file, login)
  }
}

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

interface Stage {
  readonly model: Model
  readonly github: GithubStandIn
  readonly pipedrive: PipedriveStandIn
  /** Runs as a process of its own. */
  readonly process: <A, E>(work: (gitpip: Gitpip["Service"]) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}

const perform = Effect.fnUntraced(function* ({ github, model, pipedrive, process }: Stage, command: Command) {
  const gitpip = yield* Gitpip
  const scanNow = Effect.fnUntraced(function* (wanted: { readonly user: string | null; readonly processes: number }) {
    const { user } = wanted
    if (user !== null && !model.tracked.has(user)) return
    const username = user === null ? undefined : name(yield* known(user))
    const scan = (one: Gitpip["Service"]) =>
      one.scan({ username }).pipe(Effect.catchTag("ScanRunning", () => Effect.succeed(undefined)))
    const done = yield* Effect.all([scan(gitpip), ...(wanted.processes === 2 ? [process(scan)] : [])], {
      concurrency: "unbounded"
    })
    // A user who failed is promised nothing yet.
    if (done.some((one) => one?.state === "done" && one.failed === 0)) {
      model.scanned(user === null ? model.tracked : [user])
    }
  })
  const login = "user" in command && command.user !== null ? (model.names.get(command.user) as string) : ""
  switch (command._tag) {
    case "Track":
      yield* gitpip.track(name(login))
      model.tracked.add(command.user)
      return
    case "Untrack":
      yield* Effect.ignore(gitpip.untrack(name(yield* known(command.user))))
      model.tracked.delete(command.user)
      return
    case "Publish gist": {
      const files = Array.from({ length: command.files }, () => `${command.user}-${model.files++}.md`)
      const id = github.addGist(login, { files: Object.fromEntries(files.map((file) => [file, file])) })
      if (command.secret) github.setPublic(id, false)
      model.gists.get(command.user)?.push({ id, files: new Set(files), secret: command.secret })
      if (command.scan) yield* scanNow({ user: null, processes: 1 })
      return
    }
    case "Make public":
      for (const gist of model.gists.get(command.user) ?? []) {
        github.setPublic(gist.id, true)
        gist.secret = false
      }
      return
    case "Add file": {
      const gist = model.gists.get(command.user)?.[0]
      if (gist === undefined) return
      const file = `${command.user}-${model.files++}.md`
      github.addFile(gist.id, file, file)
      gist.files.add(file)
      return
    }
    case "Delete gist": {
      const gist = model.gists.get(command.user)?.shift()
      if (gist === undefined) return
      github.deleteGist(gist.id)
      for (const file of gist.files) model.excused.add(file)
      return
    }
    case "Rename": {
      // An account is followed once a gist has shown who it is.
      if (![...model.seen.values()].includes(command.user)) return
      const next = `${command.user}-${model.renames++}`
      github.renameUser(login, next)
      model.names.set(command.user, next)
      return
    }
    case "Scan":
      return yield* scanNow(command)
    case "Drain":
      yield* Effect.all(
        [gitpip.publish, ...Array.from({ length: command.processes - 1 }, () => process((one) => one.publish))],
        { concurrency: "unbounded" }
      )
      return
    case "Visit": {
      if (!model.tracked.has(command.user)) return
      const username = name(yield* known(command.user))
      const visitor = Visitor.make(command.visitor)
      const visits = Array.from({ length: command.times }, (_, n) =>
        n % 2 === 0 ? gitpip.latest(username, visitor) : process((one) => one.latest(username, visitor))
      )
      const scan = command.scan ? [Effect.ignore(gitpip.scan({ username }))] : []
      const answers = yield* Effect.all(visits, { concurrency: "unbounded" }).pipe(
        Effect.tap(Effect.all(scan)),
        Effect.map((visits) => visits.toSorted((a, b) => a.id - b.id))
      )
      const key = `${command.user} ${command.visitor}`
      model.shown.set(key, [
        ...(model.shown.get(key) ?? []),
        ...answers.flatMap(({ files }) => files.map(({ id }) => id as number))
      ])
      for (const { files, id } of answers) {
        assert.deepStrictEqual((yield* gitpip.visit(username, id)).files, files)
      }
      return
    }
    case "Pipedrive": {
      model.faults++
      if (command.fault === "no deal") {
        const deal = pipedrive.deals.find(({ title }) => title === login)
        if (deal !== undefined) pipedrive.deleteDeal(deal.id)
        return
      }
      const faults = {
        lost: { kind: "lost" },
        reset: { kind: "reset" },
        refuse: { kind: "status", status: 422, body: { success: false, error: "no" } },
        burst: { kind: "burst-limit" }
      } as const
      pipedrive.misbehave(faults[command.fault], { when: isCreate })
      if (command.drain) yield* gitpip.publish
      return
    }
    case "GitHub": {
      model.faults++
      const faults = {
        "500": { kind: "status", status: 500 },
        garbage: { kind: "garbage" },
        limit: { kind: "primary-limit", resetInSeconds: 120 }
      } as const
      github.misbehave(faults[command.fault])
      return
    }
    case "Time passes":
      return yield* passTime(`${command.minutes} minutes`)
  }
})

/** The name on record: a rename is noticed by the next scan only. */
const known = Effect.fnUntraced(function* (user: string) {
  const gitpip = yield* Gitpip
  const users = yield* gitpip.users({ after: 0, limit: 10 })
  return users.find(({ login }) => login === user || login.startsWith(`${user}-`))?.login ?? user
})

/** Everything is mended, and time passes until nothing waits any more. */
const comeToRest = Effect.fnUntraced(function* ({ github, model, pipedrive }: Stage) {
  const gitpip = yield* Gitpip
  github.behave()
  pipedrive.behave()
  for (let rounds = 0; ; rounds++) {
    yield* passTime("6 hours")
    yield* gitpip.scan()
    yield* gitpip.publish
    const { failed, pending, sending } = (yield* gitpip.status).publications
    if (failed > 0) yield* gitpip.retryFailed
    else if (pending + sending === 0 && rounds > 2) break
    assert.isBelow(rounds, 20, "it does not come to rest")
  }
  model.scanned(model.tracked)
})

const laws = Effect.fnUntraced(function* ({ github, model, pipedrive }: Stage) {
  const gitpip = yield* Gitpip
  const sql = yield* SqlClient.SqlClient
  const publications = yield* gitpip.publications(everything)
  const stored = yield* sql<{ filename: string }>`select filename from gist_files order by filename`

  // Every file that a scan could see is stored once, has one publication, and nothing else has.
  const names = stored.map(({ filename }) => filename)
  assert.strictEqual(new Set(names).size, names.length)
  for (const file of model.seen.keys()) assert.include(names, file)
  for (const file of names) assert.isTrue(model.seen.has(file) || model.excused.has(file), `${file} was made up`)
  assert.sameMembers(
    publications.map(({ filename }) => filename),
    names
  )

  // Each is in Pipedrive once, or gone because it was deleted.
  const subjects = pipedrive.activities.map(({ subject }) => subject)
  assert.strictEqual(new Set(subjects).size, subjects.length)
  for (const { filename, receipt, state } of publications) {
    const activity = pipedrive.activities.find(({ subject }) => subject === filename)
    if (state === "gone") assert.isTrue(model.excused.has(filename), `${filename} is gone and was not deleted`)
    else {
      assert.strictEqual(state, "published")
      assert.strictEqual(String(activity?.id), receipt)
      assert.include(activity?.note ?? "", filename)
    }
  }

  // Each is in exactly one visit of each visitor.
  for (const user of model.tracked) {
    const username = name(yield* known(user))
    const history = (yield* gitpip.history(username, everything)).map(({ id }) => id as number)
    for (const visitor of ["eve", "mallory"]) {
      const last = yield* gitpip.latest(username, Visitor.make(visitor))
      const shown = [...(model.shown.get(`${user} ${visitor}`) ?? []), ...last.files.map(({ id }) => id as number)]
      assert.sameMembers(shown, history)
    }
  }

  // Money: 5 tokens for each activity, at most 25 for a deal, and for each fault at most what two looks, an audit, a
  // deletion and another try cost.
  const deals = pipedrive.count("POST", "/api/v2/deals")
  assert.isAtMost(pipedrive.tokensSpent, 5 * subjects.length + 25 * Math.max(deals, logins.length) + 60 * model.faults)

  // With nothing new: one conditional request for each user, none to Pipedrive.
  github.clearRequests()
  pipedrive.clearRequests()
  const again = yield* gitpip.scan()
  assert.deepStrictEqual([again.files, again.failed], [0, 0])
  yield* gitpip.publish
  assert.strictEqual(github.requests.length, model.tracked.size)
  for (const { headers, status } of github.requests) {
    assert.property(headers, "if-none-match")
    assert.strictEqual(status, 304)
  }
  assert.strictEqual(pipedrive.requests.length, 0)
})

const runs = Number(process.env.MODEL_RUNS ?? 60)

layer(layerPostgres)("any history", (it) => {
  it.effect.prop(
    "ends with every file stored, published and shown exactly once, for the least it can cost",
    [Arbitrary.array(Arbitrary.schema(Command), { minLength: 10, maxLength: 60 })],
    ([commands]) =>
      Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`truncate users, scans, scan_failures, gist_files, visits, publications, attempts, retractions, deals,
            doors restart identity cascade`
          const { github, pipedrive, settings } = yield* makeWorld({ pipedrive: { dailyTokens: false } })
          for (const login of logins) github.addUser(login)
          const stage: Stage = {
            model: new Model(),
            github,
            pipedrive,
            process: (work) =>
              Effect.flatMap(Gitpip, work).pipe(
                Effect.provide(services(settings)),
                Effect.provideService(SqlClient.SqlClient, sql),
                Effect.catchTag("SettingsError", Effect.die)
              ) as never
          }
          yield* Effect.gen(function* () {
            for (const user of ["ann", "bob"]) yield* perform(stage, { _tag: "Track", user })
            for (const command of commands) yield* perform(stage, command)
            yield* comeToRest(stage)
            yield* laws(stage)
          }).pipe(Effect.provide(services(settings)))
        })
      ),
    {
      timeout: 20_000 + runs * 2_000,
      arbitrary: Option.match(Option.fromNullishOr(process.env.MODEL_REPLAY), {
        onNone: () => ({ runs, seed: process.env.MODEL_SEED ?? 1 }),
        onSome: (replay) => ({ replay })
      })
    }
  )
})
