/**
 * Every statement of the repositories on a large database: which plan PostgreSQL carried out, and how long it took.
 *
 * The plans are those of the statements that Gitpip sent, as PostgreSQL's auto_explain logs them after they ran, those
 * inside functions and of foreign keys included. Each operation runs several times, since a prepared statement may get
 * another plan after five.
 */
import { Duration, Effect, Exit, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Cadence from "../../src/domain/Cadence.ts"
import * as Timing from "../../src/domain/Timing.ts"
import { UserId, type UserKey, Username } from "../../src/domain/User.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import type { Intake } from "../../src/store/GistFiles.ts"
import { Store } from "../../src/store/Store.ts"
import { median, print, rounded } from "../support/bench.ts"
import { beside, database, options, sizes } from "./database.ts"

const rounds = 7
const large = ["users", "gist_files", "publications", "attempts", "visits", "deals"]

/** More rows than this are many, for one statement. */
const many = 10_000

const logged = [
  "shared_preload_libraries=auto_explain",
  "auto_explain.log_min_duration=0",
  "auto_explain.log_analyze=on",
  "auto_explain.log_timing=off",
  "auto_explain.log_nested_statements=on",
  "auto_explain.log_parameter_max_length=0",
  "auto_explain.log_format=json",
  "log_line_prefix=@@"
].flatMap((flag) => ["-c", flag])

/** What was read of the repositories since the last time. */
const used = new Set<string>()
const watched = <T extends object>(store: T): T =>
  Object.fromEntries(
    Object.entries(store).map(([family, operations]) => [
      family,
      new Proxy(operations as object, {
        get: (target, operation, receiver) => {
          if (typeof operation === "string") used.add(`${family}.${operation}`)
          return Reflect.get(target, operation, receiver)
        }
      })
    ])
  ) as T

const intake = (user: number, files: number, round: number): Intake => ({
  userKey: user as UserKey,
  scanKey: 1,
  files: Array.from({ length: files }, (_, n) => ({
    gistId: `${round}${user}${n}`.padStart(32, "f"),
    filename: "a.md",
    htmlUrl: `https://gist.github.com/user-${user}/${n}?file=a.md#file-a-md`,
    rawUrl: null,
    description: null,
    language: null,
    type: null,
    size: 1,
    createdAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z"
  })),
  githubId: user,
  etag: '"x"',
  pages: 1,
  full: true,
  backfill: "all"
})

/** Everything that the repositories can do, with what a server would ask for; `n` is another one in each round. */
const operations = Effect.gen(function* () {
  const store = watched(yield* Store)
  const { changes, checks, days, deals, limits, feed, files, publications, scans, totals, users, visits } = store
  const run = Date.now() % 1e9
  const user = (n: number) => 1 + ((n * 7_919 + process.pid) % options.users)
  const name = (n: number) => Username.make(`user-${user(n)}`)
  const someUsers = (n: number, count: number) => Array.from({ length: count }, (_, i) => user(n * count + i))
  const last = Number.MAX_SAFE_INTEGER
  const lease = Duration.minutes(5)
  const claims = yield* publications.claim(100, lease)
  const claimOf = (n: number) => claims[n % claims.length] as (typeof claims)[number]
  const published = (remoteId: string) => ({ _tag: "published", remoteId, how: "published", remark: null }) as const
  const scan = Option.getOrThrow(yield* scans.start("requested", user(0) as UserKey)).key
  const visit = yield* visits.record(name(0), Visitor.make("ann"))
  const position = yield* changes.position
  const page = { before: last, limit: 100 }
  const middle = { after: options.users / 2, limit: 100 }

  const list: Record<string, (n: number) => Effect.Effect<unknown, unknown, SqlClient.SqlClient>> = {
    "a scan: the next users": (n) =>
      checks.forScan({ after: user(n), until: last, limit: 200, includeFailing: n % 2 === 0 }),
    "a scan: one user": (n) => checks.someForScan([user(n) as UserKey]),
    "a scan: 1,000 users who are due": () =>
      checks.due({
        intervals: Array.from({ length: Cadence.classes }, (_, c) => (Cadence.classes - c) * 3_600_000),
        before: new Date(0),
        limit: 1_000
      }),
    "a scan: a poll of the feed": (n) =>
      Effect.gen(function* () {
        const claimed = Option.getOrThrow(yield* feed.claim("bench"))
        yield* feed.untilNext("bench")
        yield* checks.ofAccounts(
          Array.from({ length: 100 }, (_, i) => ({ id: n * 100 + i, login: `user-${user(n * 100 + i)}` }))
        )
        yield* feed.record("bench", claimed, {
          etag: null,
          seen: [`${n}`],
          unsettled: [],
          gap: false,
          wait: Duration.zero
        })
        yield* feed.snooze("bench", claimed, Duration.zero)
        yield* feed.gapAt("bench")
      }),
    "a plan: users by class": () => checks.classes,
    "a plan: who has waited longest": () => checks.oldestCheck,
    "a scan: what is known of 100 gists": (n) =>
      files.known(Array.from({ length: 100 }, (_, i) => `${n}${i}`.padStart(32, "e"))),
    "a scan: 3 files of one user": (n) => files.add(intake(user(n), 3, n + run)),
    "a scan: 3 files of each of 200 users": (n) =>
      files.addAll(someUsers(n, 200).map((key) => intake(key, 3, 100 + n + run))),
    "a scan: looks at 200 users": (n) =>
      checks.record(
        someUsers(n, 200).map((key) => ({
          key: key as UserKey,
          fingerprint: "1 x",
          gained: 0.01,
          isFullListing: false,
          failure: null
        }))
      ),
    "a scan: progress": (n) =>
      scans.progress(scan, {
        cursor: n,
        users: 200,
        unchanged: 199,
        failures: [{ userKey: user(n) as UserKey, reason: "UserNotFound", message: "", retryIn: Duration.zero }]
      }),
    "a scan: begin and end": (n) =>
      Effect.gen(function* () {
        yield* scans.reap
        yield* scans.resumeAfter
        yield* scans.lastStart
        yield* scans.request(user(n) as UserKey)
        const started = Option.getOrThrow(yield* scans.startQueued("single")).key
        yield* scans.renew(started)
        yield* scans.end(started, { state: "done", reason: null, message: null, resumeIn: null })
      }),
    "a scan: a renamed account": (n) =>
      Effect.andThen(users.rename(user(n) as UserKey, `renamed-${n}`), users.rename(user(n) as UserKey, name(n))),
    "a publish: claim 24": () => publications.claim(24, lease),
    "a publish: claim 24 fresh ones": () => publications.claim(24, lease, { which: "fresh" }),
    "a publish: begin to send": (n) => publications.beginSend(claimOf(n), "1"),
    "a publish: record": (n) => publications.settle(claimOf(n), published(`${run}${n}`)),
    "a publish: retry": (n) =>
      publications.settle(claimOf(n + rounds), {
        _tag: "retry",
        reason: "x",
        message: "x",
        due: { wait: Duration.zero, isLast: false },
        isUncertain: true,
        counts: true
      }),
    "a publish: found absent": (n) => publications.absent(claimOf(n + 2 * rounds)),
    "a publish: release": (n) => publications.settle(claimOf(n + 3 * rounds), { _tag: "release" }),
    "a publish: what is due next": () =>
      Effect.andThen(publications.nextDue(), publications.nextDue({ which: "fresh" })),
    "a publish: audits, duplicates": (n) =>
      Effect.gen(function* () {
        yield* publications.audits(10)
        yield* publications.audited(claimOf(n), [])
        yield* publications.addDuplicates(claimOf(n), [`r${run}${n}`])
        yield* publications.duplicates
        yield* publications.duplicateDeleted(`r${run}${n}`)
      }),
    "a publish: a user's deal": (n) =>
      Effect.gen(function* () {
        const userKey = user(n) as UserKey
        const { epoch } = yield* deals.claim(userKey, lease)
        yield* deals.beginSend({ userKey, epoch }, Timing.sendMargin)
        yield* deals.release({ userKey, epoch })
        yield* deals.clear({ userKey, epoch })
        yield* deals.forget(userKey, -1)
        yield* deals.record(userKey, n)
      }),
    "a publish: limits": () =>
      Effect.andThen(limits.blocked("github:0"), limits.block("bench:0", { wait: Duration.zero, message: "bench" })),
    "a visit": (n) =>
      Effect.gen(function* () {
        const { after, until, userKey } = yield* visits.record(name(n), Visitor.make("default"))
        return yield* files.between(userKey, after, until)
      }),
    "a visit: of somebody new, up to 100 files": (n) =>
      Effect.gen(function* () {
        const { userKey, until } = yield* visits.record(name(n), Visitor.make(`eve-${run}`))
        return yield* files.between(userKey, Math.max(until - 100, 0), until)
      }),
    "a list: visits": () =>
      Effect.andThen(visits.list(visit.userKey, Visitor.make("ann"), page), visits.find(visit.userKey, visit.id)),
    "a list: news of 100 users": (n) =>
      visits.news(Visitor.make(n % 2 === 0 ? "eve" : "nobody"), { after: user(n), limit: 100 }),
    "a list: 100 users": () => users.list(middle),
    "a list: 100 users that fail": () => users.list({ ...middle, state: "failing" }),
    "a list: the details of a user": (n) => users.details(name(n)),
    "a list: the details of the user with most files": () =>
      Effect.andThen(users.details(Username.make(`user-${maxFiles}`)), files.history(maxFiles as UserKey, page)),
    "a list: a user's files": (n) => files.history(user(n) as UserKey, { before: last, limit: 1_000 }),
    "a list: one file": (n) => files.find(n + 1),
    "a list: scans": (n) =>
      Effect.gen(function* () {
        yield* scans.list(page)
        yield* scans.find(scan)
        yield* scans.lastDone
        yield* scans.lastEnded
        yield* files.ofScan(n + 1, 100)
        yield* scans.failures(scan, 100)
      }),
    "a list: publications": () => publications.list({ ...page, state: Option.none() }),
    "a list: publications by state": (n) =>
      publications.list({
        ...page,
        before: n % 2 === 0 ? last : 1_000,
        state: Option.some((["pending", "failed", "gone", "published"] as const)[n % 4] ?? "pending")
      }),
    "a list: one publication": (n) =>
      Effect.andThen(publications.find(claimOf(n).key), publications.attempts(claimOf(n).key)),
    "tracking and untracking": (n) =>
      Effect.gen(function* () {
        const username = Username.make(`new-${n}-${run}`)
        yield* users.track(username, n % 2 === 0 ? Option.none() : Option.some(UserId.make(1e9 + run + n)))
        yield* users.key(username)
        yield* users.untrack(username)
        yield* users.track(username, Option.none())
      }),
    retrying: (n) =>
      Effect.gen(function* () {
        yield* Effect.ignore(publications.retry(n + 1))
      }),
    "status, metrics": () => totals.read,
    "the page: 30 days": () => days.list(30),
    "the page: what changed": () =>
      Effect.gen(function* () {
        yield* changes.position
        yield* changes.files(position.file - 5_000, position.file)
        yield* changes.publications(position.attempt - 200, position.attempt)
        yield* changes.scans(position.scan - 20, [scan])
      }),
    // Once: it takes as long as there are failed ones.
    "retrying all that failed": (n) => (n === 0 ? publications.retryFailed : Effect.void)
  }
  const known = Object.entries(store).flatMap(([family, of]) => Object.keys(of).map((one) => `${family}.${one}`))
  return { list, known }
})

let maxFiles = 1

interface Plan {
  readonly operation: string
  readonly text: string
  readonly scans: ReadonlyArray<Scan>
}

interface Scan {
  readonly type: string
  readonly table: string
  readonly index: string | undefined
  readonly rows: number
}

type Node = Readonly<Record<string, unknown>> & { readonly Plans?: ReadonlyArray<Node> }

const scansOf = (node: Node): ReadonlyArray<Scan> => {
  const rows =
    (Number(node["Actual Rows"] ?? 0) + Number(node["Rows Removed by Filter"] ?? 0)) * Number(node["Actual Loops"] ?? 1)
  const own = String(node["Node Type"]).includes("Scan")
    ? [
        {
          type: String(node["Node Type"]),
          table: String(node["Relation Name"] ?? ""),
          index: node["Index Name"] as string | undefined,
          rows
        }
      ]
    : []
  return [...own, ...(node.Plans ?? []).flatMap(scansOf)]
}

/** The plans that were logged, each under the operation whose mark came before it. */
const plansOf = (log: string): ReadonlyArray<Plan> => {
  const plans: Array<Plan> = []
  let operation = ""
  for (const entry of log.split("@@")) {
    if (!entry.includes("plan:")) continue
    const plan = JSON.parse(entry.slice(entry.indexOf("{"), entry.lastIndexOf("}") + 1))
    const text: string = String(plan["Query Text"] ?? "").replace(/\s+/g, " ")
    const mark = /^select \$mark\$mark: (.*)\$mark\$/.exec(text)
    if (mark !== null) operation = mark[1] ?? ""
    else if (operation !== "") plans.push({ operation, text, scans: scansOf(plan.Plan) })
  }
  return plans
}

/** What the server said. */
let log = ""

const main = Effect.gen(function* () {
  const url = yield* database(logged, (text) => {
    log += text
  })
  const mark = yield* Layer.build(beside(url))
  const note = (what: string) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(`select $mark$mark: ${what}$mark$`)).pipe(
      Effect.provide(mark)
    )
  const times = new Map<string, Array<number>>()
  const failures: Array<string> = []
  const unused = yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.provide(sizes, mark)
    const [most] = yield* sql<{ key: number }>`
      select user_key as key from gist_files group by user_key order by count(*) desc limit 1`
    maxFiles = most?.key ?? 1
    const { known, list } = yield* operations
    for (let n = 0; n < rounds; n++) {
      for (const [operation, run] of Object.entries(list)) {
        yield* note(operation)
        const begin = performance.now()
        const exit = yield* Effect.exit(run(n))
        const time = performance.now() - begin
        yield* note("")
        if (Exit.isFailure(exit)) failures.push(`${operation}: ${exit.cause}`)
        times.set(operation, [...(times.get(operation) ?? []), time])
      }
    }
    return known.filter((one) => !used.has(one))
  }).pipe(Effect.provide(Layer.provideMerge(Store.layer, beside(url))))
  yield* note("the end")
  // It says so on another way than it answers.
  while (!log.includes("mark: the end")) yield* Effect.sleep("100 millis")
  return { times, failures, unused, plans: plansOf(log) }
})

const { failures, plans, times, unused } = await Effect.runPromise(Effect.scoped(main))

let bad = failures.length + unused.length
for (const [operation, all] of times) {
  const own = plans.filter((plan) => plan.operation === operation)
  const scans = own.flatMap((plan) => plan.scans.map((scan) => ({ ...scan, text: plan.text })))
  const indexes = new Set(scans.flatMap(({ index }) => index ?? []))
  print(
    `${operation.padEnd(48)} ${rounded(median(all), 1).padStart(8)} ms, at most ${rounded(Math.max(...all), 1).padStart(8)} ms  ${[...indexes].join(", ")}`
  )
  const told = new Set<string>()
  for (const { rows, table, text, type } of scans) {
    const sequential = type.includes("Seq Scan") && large.includes(table)
    if (!sequential && rows <= many) continue
    const key = `${sequential} ${table} ${text}`
    if (told.has(key)) continue
    told.add(key)
    if (sequential) bad++
    const what = sequential ? `all of ${table}` : `${rounded(rows)} rows of ${table === "" ? "a subquery" : table}`
    print(`    reads ${what}: ${text.slice(0, 150)}`)
  }
}
print()
print(`${rounded(new Set(plans.map(({ text }) => text)).size)} statements, ${rounded(plans.length)} plans`)
for (const failure of failures) print(`failed: ${failure}`)
for (const one of unused) print(`not looked at: ${one}`)
print(
  bad === 0 ? "no table of users, files or publications was read without an index" : "NOT as it should be: see above"
)
process.exit(bad === 0 ? 0 : 1)
