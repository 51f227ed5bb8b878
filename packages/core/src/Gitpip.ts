/**
 * Everything Gitpip can do, as one service: what the HTTP server, the command line and embedding programs call.
 */
import { Cache, Clock, Context, DateTime, Duration, Effect, Exit, Layer, Option, Schema, type Stream } from "effect"
import type { HttpClient } from "effect/http"
import type { SqlClient } from "effect/sql"
import type { DatabaseError } from "./database/Database.ts"
import * as Database from "./database/Database.ts"
import { Checker } from "./detect/Checker.ts"
import { CheckSchedule } from "./detect/CheckSchedule.ts"
import { Feed } from "./detect/Feed.ts"
import { Scanner } from "./detect/Scanner.ts"
import type { ScanProgress } from "./detect/scanUsers.ts"
import type { Change } from "./domain/Change.ts"
import type { Day } from "./domain/Day.ts"
import { field, Instant, named } from "./domain/described.ts"
import { type FilePreview, fileIdentity, type GistFile } from "./domain/GistFile.ts"
import type { Publication, PublicationDetails, PublicationState } from "./domain/Publication.ts"
import { Scan, type ScanDetails } from "./domain/Scan.ts"
import type { User, UserDetails, UserId, Username } from "./domain/User.ts"
import { defaultVisitor, type News, type Visit, type Visitor, type VisitRecord } from "./domain/Visit.ts"
import { ContentCache } from "./github/ContentCache.ts"
import { GistNotFound, Github, type GithubError, githubError } from "./github/Github.ts"
import { layerTransport } from "./net/exchange.ts"
import * as sinks from "./pipedrive/layer.ts"
import { type Drained, Publisher } from "./publish/Publisher.ts"
import { forecast, Sink } from "./publish/Sink.ts"
import { Settings } from "./Settings.ts"
import { Signals } from "./Signals.ts"
import { Changes } from "./status/Changes.ts"
import { Budgets } from "./status/Forecast.ts"
import { Gauges } from "./status/Gauges.ts"
import type { FileNotFound } from "./store/GistFiles.ts"
import type { PublicationNotFailed, PublicationNotFound } from "./store/Publications.ts"
import * as SharedQuota from "./store/Quotas.ts"
import type { ScanNotFound, ScanRunning } from "./store/Scans.ts"
import { Store } from "./store/Store.ts"
import type { UserConflict, UserNotTracked } from "./store/Users.ts"
import type { VisitNotFound, VisitRow } from "./store/Visits.ts"
import { ScanSpans } from "./telemetry/ScanSpans.ts"
import { countLimit } from "./telemetry/Telemetry.ts"

/** Part of a list: rows beyond a key, at most so many. */
export interface Cursor {
  readonly before: number
  readonly limit: number
}

/** What tracking a user would publish. */
export const Preview = Schema.Struct({
  login: field(Schema.String, "The GitHub username, as GitHub writes it"),
  gists: field(Schema.Int, "Public gists of the user"),
  files: field(Schema.Int, "Files in these"),
  activities: field(Schema.Int, "Activities that would be created now, under the present settings"),
  deals: field(
    Schema.Int,
    "Deals that would be created now, at most: one for the user, or one for each file with `GITPIP_PUBLISH_AS=deal`. Each counts towards the plan's cap of open deals"
  ),
  tokens: field(
    Schema.Int,
    "Pipedrive tokens they cost, at most: 5 for an activity and 25 for finding or creating the user's deal, or 15 for a deal with its note"
  ),
  days: field(Schema.Finite, "How many days of the smallest plan's budget of 30,000 tokens this is"),
  githubRequests: field(Schema.Int, "Requests to GitHub that the look has cost")
}).pipe(
  Schema.encodeKeys({ githubRequests: "github_requests" }),
  named("Preview", "What tracking a user would publish, and cost")
)
export type Preview = typeof Preview.Type

/** Asked for by every page that is open: see store/Totals.ts. */
const counted = `, counted up to ${countLimit.toLocaleString("en")}`

/** How things stand. */
export const Status = Schema.Struct({
  users: field(Schema.Int, `Tracked users${counted}`),
  lastScan: field(
    Schema.NullOr(Scan),
    "The newest scan of everybody that is over, however it ended; `null` before the first one"
  ),
  nextScanAt: field(Instant, "When the next scan of everybody is due"),
  publications: Schema.Struct({
    pending: field(Schema.Int, `Publications that wait${counted}`),
    sending: field(Schema.Int, "Publications that a server works on"),
    failed: field(Schema.Int, `Publications that were given up and can be retried${counted}`),
    oldestDue: field(Schema.NullOr(Instant), "Since when the one is due that is due longest; `null` when none is")
  }).pipe(Schema.encodeKeys({ oldestDue: "oldest_due" })),
  publishing: Schema.Struct({
    state: field(
      Schema.Literals(["on", "off", "paused"]),
      "`off`: there are no credentials; `paused`: nothing is sent before `until`, or nothing was accepted since `since`"
    ),
    message: field(Schema.NullOr(Schema.String), "Why everything waits, or why a backlog does while new files go on"),
    since: field(
      Schema.NullOr(Instant),
      "When the first request of this pause was refused, to any process with the same credentials; `null` while nothing is refused"
    ),
    until: field(Schema.NullOr(Instant), "When publishing goes on, or is tried again; `null` when that is due"),
    tokensLeft: field(
      Schema.NullOr(Schema.Int),
      "Pipedrive's tokens of the day left, by its last word to this server; `null` before the first one"
    ),
    tokensLimit: field(Schema.NullOr(Schema.Int), "How many there are in a day"),
    pipedriveUrl: field(
      Schema.NullOr(Schema.String),
      "Pipedrive's pages, where what was published can be looked at; `null` without credentials"
    ),
    publishAs: field(Schema.Literals(["activity", "deal"]), "What a file becomes there")
  }).pipe(
    Schema.encodeKeys({
      tokensLeft: "tokens_left",
      tokensLimit: "tokens_limit",
      pipedriveUrl: "pipedrive_url",
      publishAs: "publish_as"
    })
  ),
  github: Schema.Struct({
    limit: field(Schema.NullOr(Schema.Int), "GitHub's requests in an hour"),
    remaining: field(
      Schema.NullOr(Schema.Int),
      "How many are left, by GitHub's last word to this server; `null` before the first one"
    ),
    resetAt: field(Schema.NullOr(Instant), "When they are renewed"),
    blockedUntil: field(Schema.NullOr(Instant), "Until when GitHub is not asked; `null` when it may be"),
    points: field(
      Schema.NullOr(
        Schema.Struct({
          limit: field(Schema.Int, "Points in an hour"),
          remaining: field(Schema.Int, "How many are left"),
          resetAt: field(Instant, "When they are renewed")
        }).pipe(Schema.encodeKeys({ resetAt: "reset_at" }))
      ),
      "The other limit, of queries for many users at once, by GitHub's last word to this server; `null` before the first one"
    )
  }).pipe(Schema.encodeKeys({ resetAt: "reset_at", blockedUntil: "blocked_until" })),
  schedule: Schema.Struct({
    checksNeeded: field(Schema.Int, "Looks an hour that the present users need"),
    checksAllowed: field(Schema.Int, "Looks an hour that GitHub's limits allow the scans"),
    maxInterval: field(Schema.Finite, "Seconds between two looks at the users that publish least, as planned"),
    oldestCheck: field(
      Schema.NullOr(Instant),
      "When the user was looked at that has waited longest; `null` before the first look"
    ),
    gistsPerDay: field(Schema.Finite, "New gists a day to be expected of these users"),
    tokensPerDay: field(Schema.Int, "Pipedrive tokens a day that a file of each costs"),
    shortages: field(Schema.Array(Schema.String), "What does not fit into the limits, each with what to do")
  }).pipe(
    Schema.encodeKeys({
      checksNeeded: "checks_needed",
      checksAllowed: "checks_allowed",
      maxInterval: "max_interval",
      oldestCheck: "oldest_check",
      gistsPerDay: "gists_per_day",
      tokensPerDay: "tokens_per_day"
    })
  )
}).pipe(Schema.encodeKeys({ lastScan: "last_scan", nextScanAt: "next_scan_at" }), named("Status", "How things stand"))
export type Status = typeof Status.Type

export class Gitpip extends Context.Service<
  Gitpip,
  {
    /** Tracks a user. `created` is false when it was tracked so already. Without an id the next free one is taken. */
    readonly track: (
      username: Username,
      options?: { readonly id?: UserId | undefined }
    ) => Effect.Effect<{ readonly user: User; readonly created: boolean }, UserConflict | DatabaseError>
    /** What tracking would publish. Reads all of the user's gist lists and stores nothing. */
    readonly preview: (username: Username) => Effect.Effect<Preview, GithubError | DatabaseError>
    /** Stops tracking. What was found stays, and what waits is still published. */
    readonly untrack: (username: Username) => Effect.Effect<User, UserNotTracked | DatabaseError>
    /** Tracked users by ascending id, from after an id on. */
    readonly users: (page: {
      readonly after: number
      readonly limit: number
      /** Only those whose last look failed. */
      readonly state?: "failing" | undefined
    }) => Effect.Effect<ReadonlyArray<User>, DatabaseError>
    readonly user: (username: Username) => Effect.Effect<UserDetails, UserNotTracked | DatabaseError>
    /** A visit: the files that are new to this visitor. */
    readonly latest: (username: Username, visitor?: Visitor) => Effect.Effect<Visit, UserNotTracked | DatabaseError>
    /** How many files are new to a visitor, for each tracked user by ascending id. Records no visit. */
    readonly news: (
      visitor: Visitor,
      page: { readonly after: number; readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<News>, DatabaseError>
    /**
     * A visitor's visits to a user, newest first. For whoever did not get a visit's answer: the newest one tells which
     * visit it was, and `visit` what it answered.
     */
    readonly visits: (
      username: Username,
      visitor: Visitor,
      page: Cursor
    ) => Effect.Effect<ReadonlyArray<VisitRecord>, UserNotTracked | DatabaseError>
    /** What a visit answered, again. */
    readonly visit: (
      username: Username,
      visit: number
    ) => Effect.Effect<Visit, UserNotTracked | VisitNotFound | DatabaseError>
    /** A user's files, newest found first. Records no visit. */
    readonly history: (
      username: Username,
      page: Cursor
    ) => Effect.Effect<ReadonlyArray<GistFile>, UserNotTracked | DatabaseError>
    /** The beginning of a file, as it is on GitHub now. Kept for some minutes. */
    readonly filePreview: (id: number) => Effect.Effect<FilePreview, FileNotFound | GithubError | DatabaseError>
    /** Scans everybody, or one user, now, and answers when done. */
    readonly scan: (options?: {
      readonly username?: Username | undefined
      readonly onProgress?: ((progress: ScanProgress) => Effect.Effect<void>) | undefined
    }) => Effect.Effect<Scan, UserNotTracked | ScanRunning | ScanNotFound | DatabaseError>
    /** Asks the server's worker for a scan, and answers at once. */
    readonly requestScan: (username?: Username) => Effect.Effect<Scan, UserNotTracked | ScanNotFound | DatabaseError>
    /** Newest first. */
    readonly scans: (page: Cursor) => Effect.Effect<ReadonlyArray<Scan>, DatabaseError>
    readonly scanDetails: (id: number) => Effect.Effect<ScanDetails, ScanNotFound | DatabaseError>
    /** Publishes whatever is due, and answers when nothing is. */
    readonly publish: Effect.Effect<Drained, DatabaseError>
    /** Newest first. */
    readonly publications: (
      page: Cursor & { readonly state?: PublicationState | undefined }
    ) => Effect.Effect<ReadonlyArray<Publication>, DatabaseError>
    readonly publication: (id: number) => Effect.Effect<PublicationDetails, PublicationNotFound | DatabaseError>
    /** Tries a failed or gone publication again. */
    readonly retry: (
      id: number
    ) => Effect.Effect<Publication, PublicationNotFound | PublicationNotFailed | DatabaseError>
    /** Tries all failed ones again. Answers how many. */
    readonly retryFailed: Effect.Effect<number, DatabaseError>
    readonly status: Effect.Effect<Status, DatabaseError>
    /** Brings the gauges among the metrics up to date. */
    readonly measure: Effect.Effect<void>
    /** What was found and published on each of the last days, today included, oldest first. Kept for some seconds. */
    readonly days: (days: number) => Effect.Effect<ReadonlyArray<Day>, DatabaseError>
    /** What changes from now on, here and in other processes on the same database. Begins with `listening`. */
    readonly changes: Stream.Stream<Change, DatabaseError>
    /** Why work does not get done, judged from what is stored; empty when it does. `since` is when the worker started. */
    readonly overdue: (since: DateTime.Utc) => Effect.Effect<ReadonlyArray<string>, DatabaseError>
  }
>()("gitpip/Gitpip") {
  static readonly layerNoDeps: Layer.Layer<
    Gitpip,
    never,
    Store | Budgets | Changes | Scanner | Publisher | Gauges | Github | Sink | Signals | Settings
  > = Layer.effect(
    Gitpip,
    Effect.gen(function* () {
      const { days, files, publications, scans, totals, users, visits } = yield* Store
      const changes = yield* Changes
      const scanner = yield* Scanner
      const publisher = yield* Publisher
      const github = yield* Github
      const sink = yield* Sink
      const gauges = yield* Gauges
      const budgets = yield* Budgets
      const signals = yield* Signals
      const settings = yield* Settings
      const optionalKey = (username: Username | undefined) =>
        username === undefined ? Effect.succeed(null) : users.key(username)

      const showVisit = Effect.fnUntraced(function* ({ after, id, until, userKey, visitedAt, visitor }: VisitRow) {
        const shown = until === after ? [] : yield* files.between(userKey, after, until)
        return { id, visitor, visitedAt, files: shown } satisfies Visit
      })

      /** Every page that is left open asks again and again, most of all while much is published. */
      const countedDays = yield* Cache.makeWith(
        Effect.fnUntraced(function* (count: number) {
          return yield* days.list(count)
        }),
        { capacity: 31, timeToLive: unlessFailed(Duration.seconds(5)) }
      )

      const previews = yield* Cache.makeWith(
        Effect.fnUntraced(function* (id: number) {
          const { filename, gistId } = yield* files.find(id)
          const gist = yield* github.contents(gistId)
          const found = yield* github.contentOf(gist, { filename, maxBytes: previewBytes })
          if (Option.isNone(found)) {
            return yield* githubError(new GistNotFound({ message: "The gist does not hold this file any more" }))
          }
          const content = found.value
          if (content._tag !== "Text") return { text: null, partial: false }
          return {
            text: content.text.slice(0, previewBytes),
            partial: content.partial || content.text.length > previewBytes
          }
        }),
        { capacity: 64, timeToLive: unlessFailed(Duration.minutes(5)) }
      )

      return Gitpip.of({
        track: Effect.fn("Gitpip.track")(function* (username, options) {
          const tracked = yield* users.track(username, Option.fromNullishOr(options?.id))
          if (tracked.created) {
            yield* signals.passes.raise
            yield* changes.tell({ type: "user", login: tracked.user.login })
          }
          return tracked
        }),
        preview: Effect.fn("Gitpip.preview")(function* (username) {
          let page = Option.getOrThrow(yield* github.gists(username, Option.none()))
          let requests = 1
          const gists = new Set<string>()
          let found = 0
          let unknown = 0
          for (;;) {
            const known = yield* files.known(page.files.map(({ gistId }) => gistId))
            for (const file of page.files) gists.add(file.gistId)
            found += page.files.length
            unknown += page.files.filter((file) => !known.has(fileIdentity(file.gistId, file.filename))).length
            if (Option.isNone(page.next)) break
            page = yield* github.page(page.next.value)
            requests++
          }
          const created = forecast(sink.price, settings.backfill === "all" ? unknown : 0)
          return {
            login: Option.match(page.owner, { onNone: () => username as string, onSome: ({ login }) => login }),
            gists: gists.size,
            files: found,
            ...created,
            days: Math.round((created.tokens / 30_000) * 100) / 100,
            githubRequests: requests
          }
        }),
        untrack: Effect.fn("Gitpip.untrack")(function* (username) {
          const user = yield* users.untrack(username)
          yield* changes.tell({ type: "user", login: user.login })
          return user
        }),
        users: (page) => users.list(page),
        user: (username) => users.details(username),
        latest: Effect.fn("Gitpip.latest")(function* (username, visitor = defaultVisitor) {
          return yield* showVisit(yield* visits.record(username, visitor))
        }),
        news: (visitor, page) => visits.news(visitor, page),
        visits: Effect.fn("Gitpip.visits")(function* (username, visitor, page) {
          return yield* visits.list(yield* users.key(username), visitor, page)
        }),
        visit: Effect.fn("Gitpip.visit")(function* (username, visit) {
          return yield* showVisit(yield* visits.find(yield* users.key(username), visit))
        }),
        history: Effect.fn("Gitpip.history")(function* (username, page) {
          return yield* files.history(yield* users.key(username), page)
        }),
        filePreview: (id) => Cache.get(previews, id),
        scan: Effect.fn("Gitpip.scan")(function* (options) {
          const userKey = yield* optionalKey(options?.username)
          return yield* scanner.scan({
            kind: "requested",
            userKey,
            ...(options?.onProgress === undefined ? {} : { onProgress: options.onProgress })
          })
        }),
        requestScan: Effect.fn("Gitpip.requestScan")(function* (username) {
          const userKey = yield* optionalKey(username)
          const id = yield* scans.request(userKey)
          yield* userKey === null ? signals.passes.raise : signals.singles.raise
          const scan = yield* scans.find(id)
          yield* changes.tell({ type: "scan", scan })
          return scan
        }),
        scans: (page) => scans.list(page),
        scanDetails: Effect.fn("Gitpip.scanDetails")(function* (id) {
          const scan = yield* scans.find(id)
          return { scan, files: yield* files.ofScan(id, 100), failures: yield* scans.failures(id, 100) }
        }),
        publish: publisher.drain,
        publications: ({ before, limit, state }) =>
          publications.list({ before, limit, state: Option.fromNullishOr(state) }),
        publication: Effect.fn("Gitpip.publication")(function* (id) {
          return { publication: yield* publications.find(id), attempts: yield* publications.attempts(id) }
        }),
        retry: Effect.fn("Gitpip.retry")(function* (id) {
          const publication = yield* publications.retry(id)
          yield* signals.publications.raise
          yield* changes.tell({ type: "publication", id, login: publication.owner, state: publication.state })
          return publication
        }),
        retryFailed: Effect.gen(function* () {
          const retried = yield* publications.retryFailed
          yield* signals.publications.raise
          return retried
        }).pipe(Effect.withSpan("Gitpip.retryFailed")),
        status: Effect.gen(function* () {
          const { failed, pending, sending, tracked } = yield* totals.read
          const oldestDue = yield* publisher.nextDue
          const pause = yield* publisher.sharedPause
          const withheld = pending === 0 ? Option.none() : yield* publisher.withheld
          const waits = Option.orElse(pause, () => withheld)
          const limits = yield* github.limits
          const { budget: points } = yield* github.points.limits
          const at = yield* Clock.currentTimeMillis
          const budget = yield* sink.budget
          const forecast = yield* budgets.forecast
          return {
            users: tracked,
            lastScan: Option.getOrNull(yield* scans.lastEnded),
            nextScanAt: yield* scanner.nextScheduled,
            publications: { pending, sending, failed, oldestDue: Option.getOrNull(oldestDue) },
            publishing: {
              state: Option.isSome(publisher.off) ? "off" : Option.isSome(pause) ? "paused" : "on",
              message: Option.getOrNull(
                Option.orElse(publisher.off, () => Option.map(waits, ({ message }) => message))
              ),
              since: Option.getOrNull(Option.flatMap(pause, ({ since }) => Option.fromUndefinedOr(since))),
              until: Option.getOrNull(
                Option.map(
                  Option.filter(waits, ({ until }) => until.epochMilliseconds > at),
                  ({ until }) => until
                )
              ),
              tokensLeft: Option.getOrNull(Option.map(budget, ({ left }) => left)),
              tokensLimit: Option.getOrNull(Option.map(budget, ({ limit }) => limit)),
              pipedriveUrl: Option.getOrNull(Option.map(settings.pipedrive, ({ pages }) => pages)),
              publishAs: settings.publishAs
            },
            github: {
              limit: limits.budget?.limit ?? null,
              remaining: limits.budget === undefined ? null : Math.max(limits.budget.remaining, 0),
              resetAt: limits.budget === undefined ? null : DateTime.makeUnsafe(limits.budget.resetAt),
              blockedUntil: limits.blockedUntil > at ? DateTime.makeUnsafe(limits.blockedUntil) : null,
              points:
                points === undefined
                  ? null
                  : {
                      limit: points.limit,
                      remaining: Math.max(points.remaining, 0),
                      resetAt: DateTime.makeUnsafe(points.resetAt)
                    }
            },
            schedule: {
              ...forecast,
              maxInterval: Duration.toSeconds(forecast.maxInterval),
              oldestCheck: Option.getOrNull(forecast.oldestCheck)
            }
          } satisfies Status
        }).pipe(Effect.withSpan("Gitpip.status")),
        measure: gauges.refresh,
        days: (count) => Cache.get(countedDays, count),
        changes: changes.all,
        overdue: Effect.fn("Gitpip.overdue")(function* (since) {
          const at = yield* Clock.currentTimeMillis
          const reasons: Array<string> = []
          const refused = yield* github.refused
          if (Option.isSome(refused)) reasons.push(refused.value.message)
          const patience = Duration.toMillis(settings.scanInterval) * 2 + Duration.toMillis(grace)
          const lastDone = Option.flatMap(yield* scans.lastDone, ({ finishedAt }) => Option.fromNullishOr(finishedAt))
          const scanned = Math.max(
            since.epochMilliseconds,
            Option.match(lastDone, { onNone: () => 0, onSome: (time) => time.epochMilliseconds })
          )
          if (at - scanned > patience) {
            const why = Option.flatMap(yield* scans.lastEnded, ({ message }) => Option.fromNullishOr(message))
            reasons.push(
              `no scan has come to its end since ${new Date(scanned).toISOString()}${Option.match(why, { onNone: () => "", onSome: (message) => `: ${message}` })}`
            )
          }
          if (Option.isNone(publisher.off)) {
            const oldestDue = yield* publisher.nextDue
            const waiting = Option.match(oldestDue, {
              onNone: () => 0,
              onSome: ({ epochMilliseconds }) => at - Math.max(epochMilliseconds, since.epochMilliseconds)
            })
            const pause = yield* publisher.sharedPause
            if (waiting > Duration.toMillis(grace)) {
              reasons.push(
                `a publication is due since ${Option.match(oldestDue, { onNone: () => "", onSome: DateTime.formatIso })}${Option.match(pause, { onNone: () => "", onSome: ({ message }) => `: ${message}` })}`
              )
            }
          }
          return [...reasons, ...(yield* budgets.forecast).shortages]
        })
      })
    })
  )

  /** Gitpip with a sink that the program brings, in Pipedrive's place. */
  static readonly layerWithSink: Layer.Layer<
    Gitpip | Exclude<Services, Sink>,
    never,
    Sink | Settings | SqlClient.SqlClient | HttpClient.HttpClient
  > = Gitpip.layerNoDeps.pipe(
    Layer.provideMerge(Layer.mergeAll(Feed.layer, Gauges.layer)),
    Layer.provideMerge(Budgets.layer),
    Layer.provideMerge(Layer.mergeAll(Scanner.layer, Publisher.layer, Changes.layer)),
    Layer.provideMerge(Layer.mergeAll(Checker.layer, CheckSchedule.layer)),
    Layer.provide(Layer.mergeAll(ScanSpans.layer, ContentCache.layer)),
    Layer.provideMerge(Layer.mergeAll(Github.layer.pipe(Layer.provide(SharedQuota.layer)), Store.layer, Signals.layer))
  )

  /** Gitpip on a database and a transport that the program brings. */
  static readonly layerWithDatabase: Layer.Layer<
    Gitpip | Services,
    never,
    Settings | SqlClient.SqlClient | HttpClient.HttpClient
  > = Gitpip.layerWithSink.pipe(
    Layer.provideMerge(sinks.layer.pipe(Layer.provide(Layer.mergeAll(Store.layer, SharedQuota.layer))))
  )

  /** Gitpip as the settings say: their database, `fetch` as transport. */
  static readonly layer: Layer.Layer<Gitpip | Services, DatabaseError, Settings> = Gitpip.layerWithDatabase.pipe(
    Layer.provide(Layer.mergeAll(Database.layer, layerTransport))
  )
}

/** The services that Gitpip is made of. */
export type Services =
  | Changes
  | Feed
  | Checker
  | CheckSchedule
  | Scanner
  | Publisher
  | Gauges
  | Sink
  | Github
  | Store
  | Signals

/** How long an answer is kept. Whoever asks again after a failure wants to know whether it is over. */
const unlessFailed = (duration: Duration.Duration) => (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isSuccess(exit) ? duration : Duration.zero

/** As much of a file as anybody reads in passing. */
const previewBytes = 32 * 1024

/** How long something may be late before it counts as not getting done. */
const grace = Duration.minutes(10)
