/**
 * One combination of the matrix: a few users and their gists, the trouble, and the end of it, in a world of its own on a
 * database that is shared.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { DatabaseError } from "../../src/database/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub, FakePipedrive, FakeRequest } from "../../src/testing/index.ts"
import { PollIntervals, Worker } from "../../src/Worker.ts"
import { everything, makeWorld, name, services, type WorldOptions } from "../world.ts"
import { faultOf } from "./answers.ts"
import { type Case, nameOf, type RequestKind } from "./dimensions.ts"
import { expectation, maxStruck } from "./expectation.ts"
import { makeVirtualTime } from "./virtualTime.ts"

const minutes = (count: number): number => count * 60_000
/** Few scans, since each costs as much as all else in a quiet hour; more where lists are asked for, or deletions wait for one. */
const intervalOf = (request: RequestKind): number =>
  request === "github list" || request.endsWith("removal") ? minutes(10) : minutes(20)

/** An hour before midnight, when Pipedrive's day ends, the trouble is over. */
export const beginning = Date.UTC(2026, 2, 3, 21, 30)

/** How a request of each kind comes about, and which ones are the victim's. */
interface Provocation {
  readonly options?: WorldOptions
  readonly isBatch?: true
  /** Before the work begins. */
  readonly prepare?: Effect.Effect<void, DatabaseError, Github | Store>
  readonly provoke: (stage: Stage) => void
  readonly matches: (request: FakeRequest) => boolean
  /** Of the requests that match: those of the victim, or of the one thing of theirs. */
  readonly ofUser?: (request: FakeRequest, stage: Stage) => boolean
  readonly ofThing?: (request: FakeRequest, stage: Stage) => boolean
  /** The victim is tracked when the trouble begins, not before. */
  readonly isNew?: true
  /** The trouble is there when the process starts. */
  readonly atStart?: true
}

interface Stage {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  victim: string
  gist: string
  readonly gists: Array<string>
}

const victim = "ann"
const file = "ann-new.md"
const other = "ann-other.md"
const secret = "ann-secret.md"
/** Public when it is found, and secret a minute later. */
const turned = "ann-turned.md"

const addNews = (stage: Stage) => {
  stage.gist = stage.github.addGist(stage.victim, { files: { [file]: "news" } })
  stage.gists.push(stage.gist, stage.github.addGist(stage.victim, { files: { [other]: "news" } }))
}

/** Where the content comes from its own address: behind a file that is too large, in a gist that is. */
const addNewsBehindLarge = (stage: Stage) => {
  for (const filename of [file, other]) {
    const id = stage.github.addGist(stage.victim, { files: { [`large-${filename}`]: large, [filename]: "news" } })
    stage.gists.push(id)
    stage.gist ||= id
  }
}

const is = (method: string, route: string) => (request: FakeRequest) =>
  request.method === method && request.route === route

const bodyOf = ({ body }: FakeRequest) => (body ?? {}) as Readonly<Record<string, unknown>>
const titled = (title: string) => (request: FakeRequest) => String(bodyOf(request).title ?? "").startsWith(title)
const isQuery = (name: string) => (request: FakeRequest) =>
  request.route === "/graphql" && String(bodyOf(request).query ?? "").startsWith(`query ${name}`)

const dealOf = (stage: Stage) => stage.pipedrive.deals.find(({ title }) => title === victim)?.id
const isTheirDeal = (request: FakeRequest, stage: Stage) =>
  String(bodyOf(request).deal_id ?? request.query.deal_id ?? request.params[0]) === `${dealOf(stage)}`
const large = Buffer.alloc(4 * 1024 * 1024 + 1, "line of text\n")

const isActivity = is("POST", "/api/v2/activities")
const isFileActivity = (request: FakeRequest) => bodyOf(request).subject === file
const asDeals = { env: { GITPIP_PUBLISH_AS: "deal" } }
const loseOnce = (stage: Stage, when: (request: FakeRequest) => boolean, kind: "lost" | "twice" = "lost") =>
  stage.pipedrive.injectFault({ kind }, { when })
const always = () => true

const provocations: { readonly [K in RequestKind]: Provocation } = {
  "github list": {
    provoke: addNews,
    matches: is("GET", "/users/{login}/gists"),
    ofThing: ({ params }) => params[0] === victim
  },
  "github page": {
    options: { env: { GITPIP_BACKFILL: "none" } },
    isNew: true,
    provoke: (stage) => {
      for (let n = 0; n <= 100; n++)
        stage.github.addGist(victim, { files: { [`old-${n}.md`]: "" }, createdAt: n * 1_000 })
    },
    matches: (request) => is("GET", "/user/{id}/gists")(request) && request.query.page !== undefined,
    ofThing: always
  },
  "github account": {
    provoke: (stage) => {
      stage.github.renameUser(victim, "anna")
      stage.victim = "anna"
      addNews(stage)
    },
    matches: is("GET", "/user/{id}"),
    ofThing: always
  },
  "github feed": { options: { env: { GITPIP_FEED: "true" } }, provoke: addNews, matches: is("GET", "/gists/public") },
  "github gist": {
    provoke: addNews,
    matches: is("GET", "/gists/{id}"),
    ofUser: ({ params }, { gists }) => gists.includes(params[0] ?? ""),
    ofThing: ({ params }, { gist }) => params[0] === gist
  },
  "github raw": {
    options: { github: { behindLarge: "none" } },
    provoke: addNewsBehindLarge,
    matches: is("GET", "/raw/{login}/{gist}/{sha}/{name}"),
    ofUser: ({ params }) => params[0] === victim,
    ofThing: ({ params }) => params[3] === file
  },
  "github batch": { isBatch: true, provoke: addNews, matches: isQuery("Newest") },
  "github texts": { isBatch: true, provoke: addNews, matches: isQuery("Texts") },
  "github limits": {
    // An earlier process met a refusal: the publisher checks whether GitHub accepts the token now.
    prepare: Effect.gen(function* () {
      const { limitKey } = yield* Github
      const { limits } = yield* Store
      yield* limits.refuse(limitKey, { message: "GitHub refuses the token", wait: Duration.minutes(1) })
    }),
    atStart: true,
    provoke: addNews,
    matches: is("GET", "/rate_limit")
  },
  // Asked for the time zone of the first activity's date.
  "pipedrive me": { atStart: true, provoke: addNews, matches: is("GET", "/api/v1/users/me") },
  "pipedrive activity": {
    provoke: addNews,
    matches: isActivity,
    ofUser: isTheirDeal,
    ofThing: isFileActivity
  },
  "pipedrive activities": {
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => isActivity(request) && isFileActivity(request))
    },
    matches: is("GET", "/api/v2/activities"),
    ofUser: isTheirDeal,
    ofThing: isTheirDeal
  },
  "pipedrive activity removal": {
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => isActivity(request) && isFileActivity(request), "twice")
    },
    matches: is("DELETE", "/api/v2/activities/{id}"),
    ofUser: always,
    ofThing: always
  },
  "pipedrive search": {
    isNew: true,
    provoke: addNews,
    matches: is("GET", "/api/v2/deals/search"),
    ofThing: ({ query }) => query.term === victim
  },
  "pipedrive deal": {
    isNew: true,
    provoke: addNews,
    matches: is("POST", "/api/v2/deals"),
    ofThing: titled(victim)
  },
  "pipedrive deal check": {
    provoke: (stage) => {
      addNews(stage)
      stage.pipedrive.injectFault(
        { kind: "status", status: 400, body: { success: false, error: "Bad request" } },
        { when: (request) => isActivity(request) && isFileActivity(request) }
      )
    },
    matches: is("GET", "/api/v2/deals/{id}"),
    ofThing: isTheirDeal
  },
  "pipedrive deals": {
    isNew: true,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/deals")(request) && titled(victim)(request))
    },
    matches: is("GET", "/api/v2/deals")
  },
  "pipedrive file deal": {
    options: asDeals,
    provoke: addNews,
    matches: is("POST", "/api/v2/deals"),
    ofUser: titled("ann-"),
    ofThing: titled(file)
  },
  "pipedrive note": {
    options: asDeals,
    provoke: addNews,
    matches: is("POST", "/api/v1/notes"),
    ofThing: (request) => String(bodyOf(request).content ?? "").includes(file)
  },
  "pipedrive notes": {
    options: asDeals,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/deals")(request) && titled(file)(request))
    },
    matches: is("GET", "/api/v1/notes"),
    ofThing: always
  },
  "pipedrive deal removal": {
    options: asDeals,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/deals")(request) && titled(file)(request), "twice")
    },
    matches: is("DELETE", "/api/v2/deals/{id}"),
    ofThing: always
  }
}

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

export const run = Effect.fnUntraced(function* (one: Case) {
  const sql = yield* SqlClient.SqlClient
  yield* empty
  const kind = provocations[one.request]
  const { isGlobal, mayFail, recovery } = expectation(one)
  const options = kind.options ?? {}
  const interval = intervalOf(one.request)
  const violations: Array<string> = []
  const { github, pipedrive, settings } = yield* makeWorld({
    ...(kind.isBatch === true ? {} : { queries: false }),
    github: { token: "github-secret", self: victim, ...options.github },
    pipedrive: { burst: { limit: 20, windowMillis: 2_000 }, createdStatus: 201, ...options.pipedrive },
    env: {
      GITPIP_SCAN_INTERVAL: `${interval / 60_000} minutes`,
      GITPIP_FEED: "false",
      ...options.env
    }
  })
  const time = yield* makeVirtualTime({ fakes: [github, pipedrive], sql })
  const base = Math.max(yield* time.now, beginning)
  // The same hour of a later day, for the next combination on this clock.
  const start = beginning + Math.ceil((base - beginning) / 86_400_000) * 86_400_000
  yield* time.set(start)

  const stage: Stage = { github, pipedrive, victim, gist: "", gists: [] }
  const others = [
    "bob",
    "cy",
    "dee",
    ...(kind.isBatch === true ? Array.from({ length: 8 }, (_, n) => `user-${n}`) : [])
  ]
  for (const login of [victim, ...others]) github.addUser(login)
  for (const login of [victim, "bob", "cy", "dee"]) {
    pipedrive.addDeal({ title: login })
    if (login !== victim || kind.isNew !== true) github.addGist(login, { files: { [`${login}-old.md`]: "old" } })
  }
  if (kind.isNew === true && one.request === "pipedrive deal")
    for (const { id } of [...pipedrive.deals]) if (dealOf(stage) === id) pipedrive.deleteDeal(id)
  if (kind.isNew === true && one.request === "pipedrive deals")
    for (const { id } of [...pipedrive.deals]) if (dealOf(stage) === id) pipedrive.deleteDeal(id)

  // The trouble.
  const struck: Array<number> = []
  let isOn = false
  const concerns = (request: FakeRequest): boolean => {
    if (!isOn || !kind.matches(request)) return false
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
  } = one.request.startsWith("github") ? github : pipedrive
  faulty.injectFault(faultOf(one), { times: Number.POSITIVE_INFINITY, when })

  const isDeal = options.env?.GITPIP_PUBLISH_AS === "deal"
  const publishedOf = (filename: string): number =>
    isDeal
      ? pipedrive.deals.filter(({ title }) => title.startsWith(`${filename} ·`)).length
      : pipedrive.activities.filter(({ subject }) => subject === filename).length

  yield* Effect.gen(function* () {
    const gitpip = yield* Gitpip
    if (kind.atStart === true) isOn = true
    if (kind.prepare !== undefined) yield* kind.prepare
    for (const login of others) yield* gitpip.track(name(login))
    if (kind.isNew !== true) yield* gitpip.track(name(victim))
    const work = Effect.gen(function* () {
      yield* time.until(start + minutes(5))
      const expected = new Set([
        ...(kind.isNew === true ? [] : ["ann-old.md"]),
        "bob-old.md",
        "cy-old.md",
        "dee-old.md"
      ])
      if (options.env?.GITPIP_BACKFILL === "none") expected.clear()
      const t = yield* time.now
      isOn = true
      if (kind.isNew === true) yield* gitpip.track(name(victim))
      kind.provoke(stage)
      // The token is the victim's own, so that GitHub's lists show this one too.
      github.addGist(stage.victim, { files: { [secret]: "secret" }, public: false })
      const turning = github.addGist(stage.victim, { files: { [turned]: "turns secret" } })
      if (stage.gist !== "") for (const filename of [file, other]) expected.add(filename)

      let turnedAt: number | undefined
      // Found, and not published yet: from now on it must not be.
      const turn = Effect.gen(function* () {
        if (publishedOf(turned) > 0) return
        github.setPublic(turning, false)
        turnedAt = yield* time.now
      })

      /** Another user's new file. */
      const onlook = Effect.fnUntraced(function* (login: string, label: string) {
        const filename = `${login}-${label}.md`
        github.addGist(login, { files: { [filename]: "new" } })
        expected.add(filename)
        const at = yield* time.now
        yield* time.until(at + interval + minutes(1), () => publishedOf(filename) > 0)
        if (publishedOf(filename) === 0 && !isGlobal) violations.push(`${filename} is not published after a minute`)
      })
      yield* onlook("bob", "early")
      yield* turn
      const hours = one.duration === "ever" ? 2 : one.duration === "hour" ? 1 : 0.4
      if (one.duration !== "once") {
        yield* time.until(t + minutes(60 * hours - 30))
        yield* onlook("cy", "late")
      }
      const end = t + minutes(60 * hours)
      yield* time.until(end)
      for (let hour = 0; hour < hours; hour++) {
        const count = struck.filter((at) => at >= t + minutes(60 * hour) && at < t + minutes(60 * (hour + 1))).length
        if (count > maxStruck(one)) violations.push(`${count} requests in hour ${hour + 1} of the trouble`)
      }
      if (struck.length === 0) violations.push("the trouble struck nothing: the case proves nothing")
      isOn = false

      const lacking = () => [...expected].filter((filename) => publishedOf(filename) !== 1)
      yield* onlook("dee", "after").pipe(Effect.when(Effect.succeed(!isGlobal)))
      yield* time.until(end + minutes(recovery), () => lacking().length === 0)
      if (lacking().length > 0 && mayFail) {
        yield* gitpip.retryFailed
        yield* time.until((yield* time.now) + minutes(15), () => lacking().length === 0)
      }
      // What was read as public may wait for its place in the limits, for less than a minute.
      const isLate = ({ at, body }: FakeRequest) =>
        turnedAt !== undefined && at > turnedAt + minutes(1) && JSON.stringify(body ?? "").includes(turned)
      if (publishedOf(secret) > 0) violations.push(`${secret} is published, and is secret`)
      if (pipedrive.requests.some(isLate) && publishedOf(turned) > 0) {
        violations.push(`${turned} is published, and has been secret for more than a minute`)
      }
      for (const filename of lacking()) {
        const [row] = yield* sql<{
          text: string
        }>`select concat_ws(' ', p.state, p.error_reason, p.error_message) as text
          from publications p join gist_files f on f.key = p.file_key where f.filename = ${filename}`
        violations.push(
          `${filename} is there ${publishedOf(filename)} times ${recovery} minutes after: ${row?.text ?? "not found"}`
        )
      }
      const isFailing = Effect.map(gitpip.users({ after: 0, limit: 100, state: "failing" }), (users) =>
        users.map(({ login }) => login)
      )
      if ((yield* isFailing).length > 0)
        yield* time.until(Math.max(end + minutes(recovery), (yield* time.now) + interval))
      for (const login of yield* isFailing) violations.push(`${login} is failing`)
      const publications = yield* gitpip.publications(everything)
      if (publications.length < expected.size)
        violations.push(`${publications.length} publications of ${expected.size}`)
    })
    yield* Effect.provide(work, Layer.fresh(Worker.layer))
  }).pipe(
    Effect.scoped,
    Effect.provide(services(settings)),
    Effect.provideService(PollIntervals, { work: Duration.hours(1), gauges: Duration.hours(6) }),
    Effect.provideService(Clock.Clock, time.clock),
    Effect.withTracer(time.tracer)
  )
  return { name: nameOf(one), violations, struck: struck.length } satisfies Outcome
}, Effect.scoped)
