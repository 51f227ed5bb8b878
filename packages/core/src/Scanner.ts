/**
 * Looks at tracked users and stores what is new, with its place in the outbox, in one transaction. Never calls the sink.
 *
 * Guarantees: a user's ETag is stored only together with everything it stands for, so a scan cut off anywhere is simply
 * done again; one account's trouble, an answer that never comes included, is recorded on it and never stops the others;
 * trouble of the token or of GitHub stops the scan, and the next one goes on behind the last user that was looked at.
 */
import { Clock, Context, DateTime, Duration, Effect, Exit, Layer, Metric, Option, Schedule } from "effect"
import type { DatabaseError } from "./Database.ts"
import type { ListedFile } from "./domain/GistFile.ts"
import type { Scan, ScanId } from "./domain/Scan.ts"
import * as Timing from "./domain/Timing.ts"
import type { UserKey } from "./domain/User.ts"
import { type GistPage, Github, GithubError, Unavailable, UserNotFound } from "./Github.ts"
import { ScanSpans } from "./internal/ScanSpans.ts"
import { Repository } from "./Repository.ts"
import { fileIdentity } from "./repository/GistFiles.ts"
import type { Ending, ScanNotFound, ScanRunning } from "./repository/Scans.ts"
import type { Look, ScanUser } from "./repository/Users.ts"
import { Settings } from "./Settings.ts"
import * as Telemetry from "./Telemetry.ts"

/** Users looked at between two writes of a scan's progress. */
const pageOfUsers = 200

/** Users looked at side by side; GitHub's gate decides how many requests leave. */
const concurrency = 16

/** So many users in a row without an answer are an outage, not those users' trouble. */
const signsOfOutage = 3

/** How a scan is going, for whoever watches it. */
export interface ScanProgress {
  readonly users: number
  readonly unchanged: number
  readonly failed: number
  readonly files: number
}

export class Scanner extends Context.Service<
  Scanner,
  {
    /** Looks at everybody, or at one user, now, and answers when done. */
    readonly scan: (options: {
      readonly kind: "scheduled" | "requested"
      readonly userKey: UserKey | null
      readonly onProgress?: (progress: ScanProgress) => Effect.Effect<void>
    }) => Effect.Effect<Scan, DatabaseError | ScanRunning | ScanNotFound>
    /** Carries out the scans that were asked for and are not begun: of single users, or of everybody. */
    readonly runQueued: (which: "single" | "all") => Effect.Effect<number, DatabaseError | ScanRunning | ScanNotFound>
    /** When the next scheduled scan is to begin: at once when the last one began longer ago than the interval. */
    readonly nextScheduled: Effect.Effect<DateTime.Utc, DatabaseError>
  }
>()("gitpip/Scanner") {
  static readonly layer: Layer.Layer<Scanner, never, Repository | Github | Settings | ScanSpans> = Layer.effect(
    Scanner,
    Effect.gen(function* () {
      const { doors, files, scans, users } = yield* Repository
      const github = yield* Github
      const settings = yield* Settings
      const scanSpans = yield* ScanSpans
      const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

      /** The pages of a user from this one on, until one holds nothing new or the last one. Only unknown files are kept. */
      const walk = Effect.fnUntraced(function* (first: GistPage, toTheEnd: boolean) {
        const found = new Map<string, ListedFile>()
        let page = first
        for (let pages = 1; ; pages++) {
          const known = yield* files.known(page.files.map(({ gistId }) => gistId))
          // Pages of a moving list repeat items: the map keeps each once.
          const unknown = page.files.filter((file) => !known.has(fileIdentity(file.gistId, file.filename)))
          for (const file of unknown) found.set(fileIdentity(file.gistId, file.filename), file)
          if (Option.isNone(page.next)) return { files: [...found.values()], pages, full: true }
          if (unknown.length === 0 && !toTheEnd) return { files: [...found.values()], pages, full: false }
          page = yield* github.page(page.next.value)
        }
      })

      /** The first page under the account's present name. `shown` is what the name on record leads to, if it leads to anybody. */
      const renamed = Effect.fnUntraced(function* (user: ScanUser, githubId: number, shown: Option.Option<GistPage>) {
        const account = yield* github.account(githubId)
        if (account.login.toLowerCase() === user.username.toLowerCase()) {
          if (Option.exists(shown, ({ owner }) => Option.isNone(owner))) return shown
          return yield* new GithubError({
            reason: new UserNotFound({ message: `GitHub does not show the gists of ${user.username} at present` })
          })
        }
        yield* users.rename(user.key, account.login)
        yield* Telemetry.log("Info", "user.renamed", { before: user.username, after: account.login })
        return yield* github.gists(account.login, Option.none())
      })

      const firstPage = Effect.fnUntraced(function* (user: ScanUser, etag: Option.Option<string>) {
        const { githubId } = user
        const gists = github.gists(user.username, etag)
        if (githubId === null) return yield* gists
        const page = yield* Effect.catchIf(
          gists,
          (error) => error.reason._tag === "UserNotFound",
          () => Effect.succeed("nobody" as const)
        )
        if (page === "nobody") return yield* renamed(user, githubId, Option.none())
        // The old name may belong to somebody else by now, and a page without gists does not say whose it is. Nothing of
        // theirs is taken, and their list never stands for the account's.
        const certain = Option.match(page, {
          onNone: () => true,
          onSome: ({ owner }) => Option.exists(owner, ({ id }) => id === githubId)
        })
        return certain ? page : yield* renamed(user, githubId, page)
      })

      const look = Effect.fn("Scanner.look")(function* (scan: ScanId, user: ScanUser) {
        yield* Effect.annotateCurrentSpan({
          [Telemetry.attributes.scan]: scan,
          [Telemetry.attributes.user]: user.username
        })
        const at = yield* now
        const overdue =
          user.walkedAt === null ||
          (user.pages > 1 &&
            DateTime.toEpochMillis(user.walkedAt) + Duration.toMillis(Timing.fullWalkInterval) <= at.getTime())
        const page = yield* firstPage(user, overdue ? Option.none() : Option.fromNullishOr(user.etag))
        if (Option.isNone(page)) return { _tag: "Unchanged" as const, files: 0 }
        const walked = yield* walk(page.value, overdue)
        const owner = Option.getOrUndefined(page.value.owner)
        const added = yield* files.add({
          userKey: user.key,
          scanKey: scan,
          files: walked.files,
          githubId: owner?.id ?? null,
          etag: Option.getOrNull(page.value.etag),
          pages: Math.max(walked.pages, walked.full ? 0 : user.pages),
          full: walked.full,
          backfill: settings.backfill,
          now: at
        })
        return { _tag: "Changed" as const, files: added }
      })

      /** Looks in a row, over all users, that GitHub did not answer. */
      let unanswered = 0
      const outage = Effect.fail(
        new GithubError({
          reason: new Unavailable({ message: "GitHub does not answer, for one user after the other" })
        })
      )

      /** A look whose failure is recorded, unless it is everybody's. */
      const lookAt = Effect.fnUntraced(function* (scan: ScanId, user: ScanUser) {
        if (unanswered >= signsOfOutage) return yield* outage
        const result = yield* Effect.result(look(scan, user))
        const unavailable =
          result._tag === "Failure" &&
          result.failure._tag === "GithubError" &&
          result.failure.reason._tag === "Unavailable"
        unanswered = unavailable ? unanswered + 1 : 0
        if (result._tag === "Success") {
          return { user, outcome: result.success._tag, files: result.success.files, failure: undefined }
        }
        const error = result.failure
        if (error._tag === "DatabaseError") return yield* error
        // One user that GitHub does not answer for may be that user's trouble. Several in a row are everybody's.
        if (error._tag === "GithubError" && error.concernsEverybody && (!unavailable || unanswered >= signsOfOutage)) {
          return yield* error
        }
        const reason = error._tag === "GithubError" ? error.reason._tag : "NameTaken"
        const failures = user.failures + 1
        const delay = unavailable ? Timing.outageDelay(failures) : Timing.userRetryDelay(failures)
        const retryAt = new Date((yield* Clock.currentTimeMillis) + Duration.toMillis(delay))
        yield* Telemetry.log("Warn", "user.failed", { user: user.username, reason, detail: error.message })
        return {
          user,
          outcome: "Failed" as const,
          files: 0,
          failure: { reason, message: error.message, failures, retryAt }
        }
      })

      type Looked = Effect.Success<ReturnType<typeof lookAt>>

      const toRecord = ({ user, failure }: Looked): Look => ({
        key: user.key,
        etag: null,
        failures: failure?.failures ?? 0,
        retryAt: failure?.retryAt ?? null,
        errorReason: failure?.reason ?? null,
        errorMessage: failure?.message ?? null
      })

      const record = Effect.fnUntraced(function* (scan: ScanId, looked: ReadonlyArray<Looked>, cursor: number) {
        yield* users.recordLooks(looked.map(toRecord), yield* now)
        yield* scans.progress(scan, {
          cursor,
          users: looked.length,
          unchanged: looked.filter(({ outcome }) => outcome === "Unchanged").length,
          failures: looked.flatMap(({ failure, user }) =>
            failure === undefined ? [] : [{ userKey: user.key, ...failure }]
          )
        })
        for (const outcome of ["Unchanged", "Changed", "Failed"] as const) {
          const count = looked.filter((one) => one.outcome === outcome).length
          if (count > 0) yield* Metric.update(Telemetry.looks(outcome.toLowerCase()), count)
        }
      })

      /** Looks at users side by side. One failure that is everybody's ends it, after what was seen is recorded. */
      const lookAtAll = Effect.fnUntraced(function* (scan: ScanId, page: ReadonlyArray<ScanUser>) {
        const results = yield* Effect.forEach(page, (user) => Effect.result(lookAt(scan, user)), { concurrency })
        const looked: Array<Looked> = []
        let trouble: GithubError | DatabaseError | undefined
        // The cursor may only pass users that were looked at, so what comes behind the first trouble is left for the next scan.
        let cursor: number | undefined
        for (const [index, result] of results.entries()) {
          if (result._tag === "Success") {
            looked.push(result.success)
            if (trouble === undefined) cursor = page[index]?.key
          } else trouble ??= result.failure
        }
        return { looked, cursor, trouble }
      })

      const pass = Effect.fnUntraced(function* (
        scan: ScanId,
        options: { readonly everybody: boolean; readonly onProgress: (progress: ScanProgress) => Effect.Effect<void> }
      ) {
        const begin = yield* scans.resumeAfter
        const total = { users: 0, unchanged: 0, failed: 0, files: 0 }
        // After a pass that did not come to its end, the rest first, then from the beginning to there.
        const all = { from: 0, until: Number.MAX_SAFE_INTEGER }
        const ranges =
          begin === 0
            ? [all]
            : [
                { ...all, from: begin },
                { ...all, until: begin }
              ]
        for (const { from, until } of ranges) {
          let after = from
          for (;;) {
            const page = yield* users.forScan({
              after,
              until,
              limit: pageOfUsers,
              now: yield* now,
              everybody: options.everybody
            })
            const last = page.at(-1)
            if (last === undefined) break
            const { cursor, looked, trouble } = yield* lookAtAll(scan, page)
            after = cursor ?? after
            yield* record(scan, looked, after)
            total.users += looked.length
            total.unchanged += looked.filter(({ outcome }) => outcome === "Unchanged").length
            total.failed += looked.filter(({ outcome }) => outcome === "Failed").length
            total.files += looked.reduce((sum, { files }) => sum + files, 0)
            yield* Metric.update(
              Telemetry.filesFound,
              looked.reduce((sum, { files }) => sum + files, 0)
            )
            yield* options.onProgress(total)
            if (trouble !== undefined) return yield* trouble
          }
        }
      })

      const single = Effect.fnUntraced(function* (scan: ScanId, userKey: UserKey) {
        const { looked, trouble } = yield* lookAtAll(scan, yield* users.oneForScan(userKey))
        yield* record(scan, looked, 0)
        if (trouble !== undefined) return yield* trouble
      })

      const ending = Effect.fnUntraced(function* (exit: Exit.Exit<void, GithubError | DatabaseError>) {
        if (Exit.isSuccess(exit)) return { state: "done", reason: null, message: null, resumeAt: null } satisfies Ending
        const error = Exit.findErrorOption(exit)
        if (Option.isNone(error)) {
          return {
            state: "interrupted",
            reason: null,
            message: "the process was stopped",
            resumeAt: null
          } satisfies Ending
        }
        if (error.value._tag === "DatabaseError") {
          return {
            state: "interrupted",
            reason: "DatabaseError",
            message: error.value.message,
            resumeAt: null
          } satisfies Ending
        }
        const { reason } = error.value
        if (reason._tag === "RateLimited")
          yield* Effect.ignore(doors.close(github.door, reason.resumeAt, reason.message, yield* now))
        return {
          state: "stopped",
          reason: reason._tag,
          message: reason.message,
          resumeAt: reason._tag === "RateLimited" ? DateTime.toDate(reason.resumeAt) : null
        } satisfies Ending
      })

      const recall = Effect.gen(function* () {
        const closed = yield* doors.closed(github.door, yield* now)
        if (Option.isSome(closed)) yield* github.close(closed.value.closedUntil, closed.value.message)
      })

      /** Runs a scan that has been started, under its lease, to whatever end. */
      const run = Effect.fn("Scanner.run")(function* (
        scan: ScanId,
        work: Effect.Effect<void, GithubError | DatabaseError>
      ) {
        yield* Effect.annotateCurrentSpan(Telemetry.attributes.scan, scan)
        yield* scanSpans.note(scan)
        yield* Telemetry.log("Debug", "scan.started", { scan })
        const heartbeat = scans.renew(scan).pipe(Effect.ignore, Effect.repeat(Schedule.spaced(Timing.scanHeartbeat)))
        unanswered = 0
        yield* Effect.andThen(recall, work).pipe(
          Effect.raceFirst(Effect.andThen(heartbeat, Effect.never)),
          Effect.onExit((exit) =>
            Effect.gen(function* () {
              yield* scans.end(scan, yield* ending(exit), yield* now)
            }).pipe(Effect.ignore)
          ),
          // Recorded on the scan itself; a database that is gone is the caller's business.
          Effect.catchTag("GithubError", () => Effect.void)
        )
        const ended = yield* scans.find(scan)
        yield* Telemetry.log("Info", "scan.ended", {
          scan,
          state: ended.state,
          users: ended.users,
          unchanged: ended.unchanged,
          failed: ended.failed,
          files: ended.files,
          ...(ended.message === null ? {} : { detail: ended.message })
        })
        yield* Metric.update(Telemetry.scans(ended.state), 1)
        yield* Effect.annotateCurrentSpan(Telemetry.attributes.files, ended.files)
        return ended
      })

      const workOf = (
        started: { readonly key: ScanId; readonly userKey: number | null },
        everybody: boolean,
        onProgress: (progress: ScanProgress) => Effect.Effect<void> = () => Effect.void
      ) =>
        started.userKey === null
          ? pass(started.key, { everybody, onProgress })
          : single(started.key, started.userKey as UserKey)

      return Scanner.of({
        scan: Effect.fnUntraced(function* ({ kind, onProgress, userKey }) {
          yield* scans.reap(yield* now)
          const started = Option.getOrThrow(yield* scans.start(kind, userKey, yield* now))
          return yield* run(started.key, workOf(started, kind === "requested", onProgress))
        }),
        runQueued: Effect.fnUntraced(function* (which) {
          yield* scans.reap(yield* now)
          for (let done = 0; ; done++) {
            const started = yield* scans.startQueued(which === "single", yield* now)
            if (Option.isNone(started)) return done
            yield* run(started.value.key, workOf(started.value, true))
          }
        }),
        nextScheduled: Effect.gen(function* () {
          const last = yield* scans.lastStart
          if (Option.isNone(last)) return yield* DateTime.now
          const at = yield* DateTime.now
          // Begun in the future, by a clock that was wrong: nobody waits for that.
          if (DateTime.isGreaterThan(last.value.startedAt, at)) return at
          const due = DateTime.addDuration(last.value.startedAt, settings.scanInterval)
          const farthest = DateTime.addDuration(at, Timing.longestClosure)
          const resume = DateTime.min(last.value.resumeAt ?? due, farthest)
          // A pass that was stopped or cut off goes on as soon as it may, not an interval later.
          if (last.value.state === "stopped") return resume
          return last.value.state === "interrupted" ? yield* DateTime.now : due
        })
      })
    })
  )
}
