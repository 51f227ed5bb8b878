/**
 * How long new gists take to be found, and what that costs of GitHub's limits: Gitpip's own scans, schedule and feed on a
 * real PostgreSQL, against a simulated GitHub in simulated time.
 */
import { parseArgs } from "node:util"
import {
  Clock,
  ConfigProvider,
  Context,
  Duration,
  Effect,
  Fiber,
  Layer,
  Logger,
  Option,
  Redacted,
  References
} from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { Checker } from "../../src/detect/Checker.ts"
import { CheckSchedule, margin, share } from "../../src/detect/CheckSchedule.ts"
import { Feed } from "../../src/detect/Feed.ts"
import { Profiles } from "../../src/detect/Profiles.ts"
import { Scanner } from "../../src/detect/Scanner.ts"
import * as Cadence from "../../src/domain/Cadence.ts"
import * as Timing from "../../src/domain/Timing.ts"
import { ContentCache } from "../../src/github/ContentCache.ts"
import { Github } from "../../src/github/Github.ts"
import { Limits } from "../../src/limits/Limits.ts"
import { Sink } from "../../src/publish/Sink.ts"
import { Settings } from "../../src/Settings.ts"
import { Store } from "../../src/store/Store.ts"
import { ScanSpans } from "../../src/telemetry/ScanSpans.ts"
import { startPostgres } from "../../test/postgres.ts"
import { print, rounded } from "../support/bench.ts"
import * as SimulatedGithub from "./github.ts"
import * as Time from "./time.ts"
import * as Warm from "./warm.ts"
import * as World from "./world.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "1000" },
    hours: { type: "string", default: "24" },
    mode: { type: "string", default: "feed+batch" },
    schedule: { type: "string", default: "square-root" },
    /** Whether Gitpip knows each user's rate, or what it has learned of it. */
    rates: { type: "string", default: "learned" },
    "per-hour": { type: "string" },
    "query-seconds": { type: "string", default: "2" },
    seed: { type: "string", default: "1" }
  }
})
const users = Number(values.users)
const hours = Number(values.hours)
const seed = Number(values.seed)
const querySeconds = Number(values["query-seconds"])
const perHour = Number(values["per-hour"] ?? (users >= 1_000_000 ? 180 : users >= 100_000 ? 60 : 6))
const batched = values.mode !== "single"
const feeding = values.mode === "feed+batch"
const uniform = values.schedule === "uniform"

/** The same budget in equal parts. */
const uniformPlanner = Layer.effect(
  CheckSchedule,
  Effect.gen(function* () {
    const github = yield* Github
    const settings = yield* Settings
    return CheckSchedule.of({
      plan: Effect.map(github.capacity, ({ batched, single }) => {
        const budget = Math.max(batched, single) * share
        const shortest = Duration.toMillis(settings.scanInterval)
        const interval = Math.min(Math.max((users * 1_000) / budget, shortest), Duration.toMillis(settings.maxDelay))
        return {
          intervals: Array.from({ length: Cadence.classes }, () => interval),
          maxInterval: interval,
          needed: (users * 1_000) / interval,
          checksAllUsers: interval === shortest,
          fits: true,
          users,
          budget,
          gistsPerDay: perHour * 24,
          gapAt: Option.none()
        }
      })
    })
  })
)

/** The loops of `Worker.ts` without requests for scans. */
const passes = Effect.gen(function* () {
  const scanner = yield* Scanner
  const wait = (yield* scanner.nextScheduled).epochMilliseconds - (yield* Clock.currentTimeMillis)
  if (wait > 0) yield* Effect.sleep(wait)
  else yield* scanner.scan({ kind: "scheduled", userKey: null })
}).pipe(Effect.forever)

const following = Effect.gen(function* () {
  const feed = yield* Feed
  const due = (yield* feed.poll).epochMilliseconds
  const wait = due - (yield* Clock.currentTimeMillis)
  yield* Effect.sleep(Math.min(Math.max(wait, 1_000), Duration.toMillis(Timing.feedLease)))
}).pipe(Effect.forever)

const warnings = new Map<string, number>()
const logger = Logger.make(({ message }) => {
  const text = JSON.stringify(message).slice(0, 200)
  const known = warnings.get(text) ?? 0
  if (known === 0) process.stderr.write(`${text}\n`)
  warnings.set(text, known + 1)
})

const quantile = (sorted: ReadonlyArray<number>, part: number) =>
  sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN
const mean = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
const wait = (seconds: number) =>
  !Number.isFinite(seconds)
    ? "–"
    : seconds < 120
      ? `${rounded(seconds)} s`
      : seconds < 7_200
        ? `${rounded(seconds / 60, 1)} min`
        : `${rounded(seconds / 3_600, 1)} h`

const main = Effect.gen(function* () {
  const began = performance.now()
  const server = yield* Effect.acquireRelease(
    Effect.promise(() =>
      // Vacuuming has to keep up with hours that pass in a minute.
      startPostgres(
        [
          "fsync=off",
          "synchronous_commit=off",
          "full_page_writes=off",
          "shared_buffers=2GB",
          "max_wal_size=4GB",
          "autovacuum_naptime=10s",
          "autovacuum_vacuum_cost_delay=0"
        ].flatMap((setting) => ["-c", setting])
      )
    ),
    ({ stop }) => Effect.promise(stop)
  )
  const env = {
    GITHUB_TOKEN: "token",
    POSTGRES_CONNECTION_STRING: server.url,
    GITPIP_FEED: String(feeding)
  }
  const settings = yield* Layer.build(
    Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
  )
  const { maxDelay, scanInterval } = Context.get(settings, Settings)
  const database = yield* Layer.build(Database.layerServer(Redacted.make(server.url)))
  const sql = Context.get(database, SqlClient.SqlClient)

  const world = World.make({ seed, users, perHour, start, hours })
  const rates = values.rates === "known" ? world.rates : Warm.learnedRates(world, seed + 1)
  const budget = share * Math.max(15, batched ? Math.min(5_000 / 36, 100 / querySeconds) : 0)
  const counted = Array.from({ length: Cadence.classes }, () => 0)
  for (const rate of rates) counted[Cadence.classOf(rate)] = (counted[Cadence.classOf(rate)] ?? 0) + 1
  const bounds = { minInterval: Duration.toMillis(scanInterval), maxInterval: Duration.toMillis(maxDelay) * margin }
  const squareRoot = Cadence.cadence({ users: counted, budget, ...bounds })
  const equal = Math.min(Math.max((users * 1_000) / budget, bounds.minInterval), bounds.maxInterval)
  const intervals = uniform ? squareRoot.intervals.map(() => equal) : squareRoot.intervals
  const longest = Math.max(...intervals.filter((_, c) => (counted[c] ?? 0) > 0))
  const warm = yield* Effect.provideContext(Warm.fill(world, { rates, intervals, start, seed: seed + 2 }), database)
  const filled = performance.now()
  process.stderr.write(
    `${users} users, ${warm.files} files, in ${rounded((filled - began) / 1_000)} s; classes ${counted.join(" ")}\n`
  )

  const counts: SimulatedGithub.Counts = { checks: 0, charged: 0, free: 0, feed: 0, queries: 0, refused: 0 }
  const time = Time.make(start)
  const services = Feed.layer.pipe(
    Layer.provideMerge(Scanner.layer),
    Layer.provideMerge(Layer.mergeAll(Checker.layer, Profiles.layer, uniform ? uniformPlanner : CheckSchedule.layer)),
    Layer.provide(Layer.mergeAll(ScanSpans.layer, ContentCache.layer)),
    Layer.provide(Limits.layer.pipe(Layer.provide(Sink.layerOff("a simulation publishes nothing")))),
    Layer.provideMerge(
      Layer.mergeAll(SimulatedGithub.layer(world, { batched, querySeconds, start }, counts), Store.layer)
    ),
    Layer.provideMerge(Layer.mergeAll(Layer.succeedContext(settings), Layer.succeedContext(database))),
    Layer.provideMerge(Logger.layer([logger]))
  )
  const loops = yield* Effect.forkChild(
    Effect.all([passes, ...(feeding ? [following] : [])], { concurrency: "unbounded" }).pipe(
      Effect.provide(services),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
      time.within
    )
  )
  for (let passed = 1; passed <= hours; passed++) {
    yield* time.pass(start + passed * hour)
    const ended = loops.pollUnsafe()
    if (ended !== undefined) yield* ended
    process.stderr.write(
      `${passed} h simulated in ${rounded((performance.now() - filled) / 1_000)} s, ${rounded(counts.checks)} checks\n`
    )
  }
  const ran = performance.now()
  // Work under way ends by itself, since simulated time no longer passes.
  yield* Effect.forkDetach(Fiber.interrupt(loops))
  yield* time.pass(start + hours * hour)

  const found = new Map(
    (yield* sql<{ gistId: string; filename: string; foundAt: { readonly epochMilliseconds: number } }>`
      select gist_id, filename, found_at from gist_files where scan_key <> ${warm.scan}`).map(
      (file) => [`${file.gistId} ${file.filename}`, file.foundAt.epochMilliseconds] as const
    )
  )
  const end = start + hours * hour
  const from = start + hour
  const until = end - longest - hour / 6
  const judged = world.news.filter(({ madeAt }) => madeAt >= from && madeAt < until)
  const delays: Array<number> = []
  const ages: Array<number> = []
  for (const { filename, gistId, madeAt } of judged) {
    const at = found.get(`${gistId} ${filename}`)
    if (at === undefined) ages.push((end - madeAt) / 1_000)
    else delays.push((at - madeAt) / 1_000)
  }
  delays.sort((a, b) => a - b)
  ages.sort((a, b) => b - a)

  let all = 0
  let roots = 0
  let planned = 0
  for (const [user, rate] of world.rates.entries()) {
    all += rate
    roots += Math.sqrt(rate)
    planned += rate * (squareRoot.intervals[Cadence.classOf(rates[user] as number)] as number)
  }
  const an = (count: number) => rounded(count / hours)
  print(
    `${rounded(users)} users, ${values.mode}, ${values.schedule} by ${values.rates} rates, ${hours} h, seed ${seed}: ${world.news.length} made, ${found.size} found`
  )
  print(
    `judged ${judged.length} made from 1 h to ${rounded((until - start) / hour, 1)} h: found ${delays.length}, not found ${ages.length}${ages.length > 0 ? `, the oldest for ${wait(ages[0] ?? 0)}` : ""}`
  )
  print(
    `delay: median ${wait(quantile(delays, 0.5))}, p99 ${wait(quantile(delays, 0.99))}, max ${wait(delays.at(-1) ?? Number.NaN)}, mean ${rounded(mean(delays), 1)} s; longest planned interval ${wait(longest / 1_000)}`
  )
  print(
    `an hour: ${an(counts.checks)} checks, ${an(counts.charged)} requests charged (${rounded((counts.charged / hours / 5_000) * 100, 1)} %), ${an(counts.free)} free, ${an(counts.feed)} of the feed (${rounded((counts.feed / hours / 5_000) * 100, 1)} %), ${an(counts.queries)} points (${rounded((counts.queries / hours / 5_000) * 100, 1)} %), ${counts.refused} refused in all`
  )
  print(
    `theory: mean ${rounded(equal / 2_000, 1)} s uniform, ${rounded(planned / all / 2_000, 1)} s square-root as planned, factor ${rounded((equal * all) / planned, 2)}; without classes and bounds ${rounded((users * all) / roots ** 2, 2)}`
  )
  print(
    `real time: ${rounded((ran - filled) / 1_000)} s, and ${rounded((filled - began) / 1_000)} s to fill the database`
  )
  print(
    `| ${rounded(users)} | ${values.mode} | ${values.schedule} | ${delays.length} of ${judged.length} | ${wait(quantile(delays, 0.5))} | ${wait(quantile(delays, 0.99))} | ${wait(delays.at(-1) ?? Number.NaN)} | ${an(counts.charged)} | ${an(counts.free)} | ${an(counts.queries)} | ${an(counts.checks)} |`
  )
  const slow = [...time.statements].sort(([, a], [, b]) => b.millis - a.millis).slice(0, 8)
  for (const [text, { count, millis }] of slow) {
    process.stderr.write(`${rounded(millis / 1_000, 1).padStart(8)} s ${rounded(count).padStart(9)} × ${text}\n`)
  }
  for (const [text, count] of warnings) process.stderr.write(`${count} × ${text}\n`)
})

await Effect.runPromise(Effect.scoped(main))
