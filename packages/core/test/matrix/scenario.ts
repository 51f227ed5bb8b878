/**
 * One combination of the matrix: a few users and their gists, the trouble, and the end of it, in a world of its own on a
 * database that is shared.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, FakeRequest } from "../../src/testing/index.ts"
import { PollIntervals, Worker } from "../../src/Worker.ts"
import { everything, makeWorld, name, services } from "../world.ts"
import { faultOf } from "./answers.ts"
import { type Case, nameOf, type RequestKind } from "./dimensions.ts"
import { type Expectation, expectation, maxStruck } from "./expectation.ts"
import { provocations } from "./provocations.ts"
import {
  companyOf,
  crowd,
  dealOf,
  file,
  listed,
  nameOf as nameOfUser,
  other,
  type Provocation,
  type Stage,
  secret,
  turned,
  victim
} from "./stage.ts"
import { makeVirtualTime } from "./virtualTime.ts"

const minutes = (count: number): number => count * 60_000
/** Few scans, since each costs as much as all else in a quiet hour; more where lists are asked for, or deletions wait for one. */
const intervalOf = (request: RequestKind): number =>
  request === "github list" || request.endsWith("removal") ? minutes(10) : minutes(20)

/** An hour before midnight, when Pipedrive's day ends, the trouble is over. */
export const beginning = Date.UTC(2026, 2, 3, 21, 30)

/** What a combination showed. `violations` is empty when every promise was kept. */
export interface Outcome {
  readonly name: string
  readonly violations: ReadonlyArray<string>
  readonly struck: number
}

/** Empties the database: a new one costs more, and so does `truncate`, which writes new files. */
const empty = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`select tablename::text as name from pg_tables
    where schemaname = 'public' and tablename <> 'gitpip_migrations'`
  yield* sql.withTransaction(
    Effect.gen(function* () {
      // In any order, without triggers.
      yield* sql`set local session_replication_role = replica`
      for (const { name } of tables) yield* sql`delete from ${sql(name)}`
    })
  )
})

/** The users that the trouble must not concern. */
const othersOf = (kind: Provocation): ReadonlyArray<string> => [
  "bob",
  "cy",
  "dee",
  ...(kind.isBatch === true ? Array.from({ length: 8 }, (_, n) => `user-${n}`) : []),
  ...(kind.isCrowd === true ? crowd : [])
]

/** Both fakes with the accounts, old gists and deals that are there before the trouble. */
const makeStage = (one: Case, fakes: { readonly github: FakeGithub; readonly pipedrive: FakePipedrive }): Stage => {
  const { github, pipedrive } = fakes
  const kind = provocations[one.request]
  const stage: Stage = { github, pipedrive, victim, gist: "", gists: [] }
  for (const login of [victim, ...othersOf(kind)]) {
    github.addUser(login)
    if (kind.hasCompanies === true) github.setProfile(login, { company: companyOf(login) })
    if (kind.hasNames === true) github.setProfile(login, { name: nameOfUser(login) })
  }
  for (const login of [victim, "bob", "cy", "dee"]) {
    pipedrive.addDeal({ title: login })
    if (login !== victim || kind.isNew !== true) github.addGist(login, { files: { [`${login}-old.md`]: "old" } })
  }
  if (kind.hasNoDeal === true)
    for (const { id } of [...pipedrive.deals]) if (dealOf(stage) === id) pipedrive.deleteDeal(id)
  return stage
}

/** The trouble of a combination: answers the case's fault to the requests that it concerns while it is on. */
const makeTrouble = (one: Case, stage: Stage) => {
  const kind = provocations[one.request]
  /** When a request met the trouble. */
  const struck: Array<number> = []
  const trouble = { isOn: false, struck }
  const concerns = (request: FakeRequest): boolean => {
    if (!trouble.isOn || !kind.matches(request)) return false
    if (one.duration === "once" && struck.length > 0) return false
    if (one.scope === "thing" && kind.ofThing?.(request, stage) === false) return false
    return !(one.scope === "user" && kind.ofUser?.(request, stage) === false)
  }
  const when = (request: FakeRequest): boolean => {
    const hit = concerns(request)
    if (hit) struck.push(request.at)
    return hit
  }
  const faulty: {
    readonly injectFault: (fault: ReturnType<typeof faultOf>, options: { times: number; when: typeof when }) => void
  } = one.request.startsWith("github") ? stage.github : stage.pipedrive
  faulty.injectFault(faultOf(one), { times: Number.POSITIVE_INFINITY, when })
  return trouble
}

/** A combination under way. */
interface Play {
  readonly one: Case
  readonly kind: Provocation
  readonly promised: Expectation
  readonly stage: Stage
  readonly trouble: ReturnType<typeof makeTrouble>
  readonly time: Effect.Success<ReturnType<typeof makeVirtualTime>>
  readonly start: number
  readonly interval: number
  /** Files that have to be published once in the end. */
  readonly expected: Set<string>
  readonly violations: Array<string>
  readonly publishedOf: (filename: string) => number
}

const lacking = ({ expected, publishedOf }: Play) => [...expected].filter((filename) => publishedOf(filename) !== 1)

const publishedIn =
  (kind: Provocation, { pipedrive }: Stage) =>
  (filename: string): number => {
    const titled = ({ title }: { readonly title: string }) => title.startsWith(`${filename} ·`)
    switch (kind.options?.env?.GITPIP_PUBLISH_AS) {
      case "deal":
        return pipedrive.deals.filter(titled).length
      case "lead":
        return pipedrive.leads.filter(titled).length
      default:
        return pipedrive.activities.filter(({ subject }) => subject === filename).length
    }
  }

/** A user that the trouble does not concern makes a gist, and its file is published within a minute after a scan. */
const onlook = Effect.fnUntraced(function* (play: Play, login: string, label: string) {
  const { expected, interval, promised, publishedOf, stage, time, violations } = play
  const filename = `${login}-${label}.md`
  stage.github.addGist(login, { files: { [filename]: "new" } })
  expected.add(filename)
  const at = yield* time.now
  yield* time.until(at + interval + minutes(1), () => publishedOf(filename) > 0)
  if (publishedOf(filename) === 0 && !promised.isGlobal) violations.push(`${filename} is not published after a minute`)
})

/** The trouble from its beginning to its end, with what the victim and others do meanwhile. */
const playTrouble = Effect.fnUntraced(function* (play: Play) {
  const { expected, kind, one, publishedOf, stage, time, trouble, violations } = play
  const { github } = stage
  const begin = yield* time.now
  trouble.isOn = true
  if (kind.isNew === true) yield* (yield* Gitpip).track(name(victim))
  kind.provoke(stage)
  // The token is the victim's own, so that GitHub's lists show this one too.
  github.addGist(stage.victim, { files: { [secret]: "secret" }, public: false })
  const turning = github.addGist(stage.victim, { files: { [turned]: "turns secret" } })
  if (stage.gist !== "") for (const filename of [file, other]) expected.add(filename)
  if (kind.isCrowd === true) for (const login of crowd) expected.add(`${login}.md`)
  if (kind.tracks === true) expected.add(`${listed}.md`)
  if (kind.ask !== undefined)
    yield* kind.ask.pipe(Effect.ignore, Effect.andThen(Effect.sleep("10 minutes")), Effect.forever, Effect.forkScoped)

  yield* onlook(play, "bob", "early")
  let turnedAt: number | undefined
  // Found, and not published yet: from now on it must not be.
  if (publishedOf(turned) === 0) {
    github.setPublic(turning, false)
    turnedAt = yield* time.now
  }
  const hours = one.duration === "ever" ? 2 : one.duration === "hour" ? 1 : 0.4
  if (one.duration !== "once") {
    yield* time.until(begin + minutes(60 * hours - 30))
    yield* onlook(play, "cy", "late")
  }
  const end = begin + minutes(60 * hours)
  yield* time.until(end)
  for (let hour = 0; hour < hours; hour++) {
    const from = begin + minutes(60 * hour)
    const count = trouble.struck.filter((at) => at >= from && at < from + minutes(60)).length
    if (count > maxStruck(one)) violations.push(`${count} requests in hour ${hour + 1} of the trouble`)
  }
  if (trouble.struck.length === 0) violations.push("the trouble struck nothing: the case proves nothing")
  trouble.isOn = false
  return { end, turnedAt }
})

/** What a person does about files that failed, or whose gists GitHub did not show. */
const retryByHand = Effect.fnUntraced(function* ({ expected }: Play) {
  const gitpip = yield* Gitpip
  yield* gitpip.retryFailed
  for (const { filename, id } of yield* gitpip.publications({ ...everything, state: "gone" }))
    if (expected.has(filename)) yield* gitpip.retry(id)
})

/** After the trouble: everything is published once, and nothing that is secret. */
const recover = Effect.fnUntraced(function* (play: Play, end: number) {
  const { promised, time } = play
  if (!promised.isGlobal) yield* onlook(play, "dee", "after")
  yield* time.until(end + minutes(promised.recovery), () => lacking(play).length === 0)
  if (lacking(play).length > 0 && promised.mayFail) {
    yield* retryByHand(play)
    yield* time.until((yield* time.now) + minutes(15), () => lacking(play).length === 0)
  }
  // The note of an item that is there may wait for its place in the limits, and no server ends before it is sent.
  yield* time.until((yield* time.now) + minutes(1))
})

const checkSecrets = ({ publishedOf, stage, violations }: Play, turnedAt: number | undefined): void => {
  // What was read as public may wait for its place in the limits, for less than a minute.
  const isLate = ({ at, body }: FakeRequest) =>
    turnedAt !== undefined && at > turnedAt + minutes(1) && JSON.stringify(body ?? "").includes(turned)
  if (publishedOf(secret) > 0) violations.push(`${secret} is published, and is secret`)
  if (stage.pipedrive.requests.some(isLate) && publishedOf(turned) > 0) {
    violations.push(`${turned} is published, and has been secret for more than a minute`)
  }
}

/** Holds the end against the promises. */
const checkEnd = Effect.fnUntraced(function* (play: Play, end: number) {
  const { expected, interval, promised, publishedOf, stage, time, violations } = play
  const gitpip = yield* Gitpip
  const sql = yield* SqlClient.SqlClient
  for (const filename of lacking(play)) {
    const [row] = yield* sql<{
      text: string
    }>`select concat_ws(' ', p.state, p.error_reason, p.error_message) as text
      from publications p join gist_files f on f.key = p.file_key where f.filename = ${filename}`
    violations.push(
      `${filename} is there ${publishedOf(filename)} times ${promised.recovery} minutes after: ${row?.text ?? "not found"}`
    )
  }
  const failing = Effect.map(gitpip.users({ after: 0, limit: 100, state: "failing" }), (users) =>
    users.map(({ login }) => login)
  )
  if ((yield* failing).length > 0) {
    yield* time.until(Math.max(end + minutes(promised.recovery), (yield* time.now) + interval))
  }
  for (const login of yield* failing) violations.push(`${login} is failing`)
  const publications = yield* gitpip.publications(everything)
  const { deals, organizations, persons } = stage.pipedrive
  for (const [kind, names] of Object.entries({
    persons: persons.map((person) => person.name),
    organizations: organizations.map((organization) => organization.name),
    deals: deals.map(({ title }) => title)
  })) {
    if (new Set(names).size < names.length) violations.push(`${kind} are there twice: ${names.join(", ")}`)
  }
  if (publications.length < expected.size) violations.push(`${publications.length} publications of ${expected.size}`)
})

const play = Effect.fnUntraced(function* (play: Play) {
  const { expected, kind, start, time } = play
  yield* time.until(start + minutes(5))
  if (kind.options?.env?.GITPIP_BACKFILL !== "none") {
    for (const login of ["bob", "cy", "dee"]) expected.add(`${login}-old.md`)
    if (kind.isNew !== true) expected.add("ann-old.md")
  }
  const { end, turnedAt } = yield* playTrouble(play)
  yield* recover(play, end)
  checkSecrets(play, turnedAt)
  yield* checkEnd(play, end)
})

/** A world for a combination, and the settings that lead to it. */
const worldOf = (one: Case, interval: number) => {
  const kind = provocations[one.request]
  const options = kind.options ?? {}
  return makeWorld({
    ...(kind.isBatch === true ? {} : { queries: false }),
    github: { token: "github-secret", self: victim, ...options.github },
    pipedrive: { burst: { limit: 20, windowMillis: 2_000 }, createdStatus: 201, ...options.pipedrive },
    env: {
      GITPIP_SCAN_INTERVAL: `${interval / 60_000} minutes`,
      GITPIP_FEED: "false",
      ...options.env
    }
  })
}

export const run = Effect.fnUntraced(function* (one: Case) {
  const sql = yield* SqlClient.SqlClient
  yield* empty
  const kind = provocations[one.request]
  const interval = intervalOf(one.request)
  const { github, pipedrive, settings } = yield* worldOf(one, interval)
  const time = yield* makeVirtualTime({ fakes: [github, pipedrive], sql })
  const base = Math.max(yield* time.now, beginning)
  // The same hour of a later day, for the next combination on this clock.
  const start = beginning + Math.ceil((base - beginning) / 86_400_000) * 86_400_000
  yield* time.set(start)

  const stage = makeStage(one, { github, pipedrive })
  const trouble = makeTrouble(one, stage)
  const violations: Array<string> = []
  yield* Effect.gen(function* () {
    const gitpip = yield* Gitpip
    if (kind.atStart === true) trouble.isOn = true
    if (kind.prepare !== undefined) yield* kind.prepare
    for (const login of othersOf(kind)) yield* gitpip.track(name(login))
    if (kind.isNew !== true) yield* gitpip.track(name(victim))
    const publishedOf = publishedIn(kind, stage)
    const promised = expectation(one)
    yield* Effect.provide(
      play({
        one,
        kind,
        promised,
        stage,
        trouble,
        time,
        start,
        interval,
        expected: new Set(),
        violations,
        publishedOf
      }),
      Layer.fresh(Worker.layer)
    )
  }).pipe(
    Effect.scoped,
    Effect.provide(services(settings)),
    Effect.provideService(PollIntervals, {
      work: Duration.hours(1),
      gauges: Duration.hours(6),
      profiles: Duration.hours(6)
    }),
    Effect.provideService(Clock.Clock, time.clock),
    Effect.withTracer(time.tracer)
  )
  return { name: nameOf(one), violations, struck: trouble.struck.length } satisfies Outcome
}, Effect.scoped)
