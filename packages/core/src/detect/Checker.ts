/**
 * Looks at users: asks GitHub, stores what is new with its place in the outbox in one transaction, and judges failures.
 *
 * Guarantees: a user's ETag is stored only together with everything it stands for, so a look cut off anywhere is simply
 * done again; one account's trouble, an answer that never comes included, is that user's alone; trouble of the token or of
 * GitHub is told apart, and ends the looking.
 */
import { Array as Arr, Clock, Context, DateTime, Duration, Effect, Layer, Option, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Cadence from "../domain/Cadence.ts"
import type { ListedFile } from "../domain/GistFile.ts"
import type { ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { ContentCache } from "../github/ContentCache.ts"
import {
  type GistPage,
  type GistTexts,
  Github,
  type GithubError,
  githubError,
  maxLogins,
  type NewestGists,
  Unavailable,
  UserNotFound
} from "../github/Github.ts"
import { RequestedFor } from "../net/limitEvidence.ts"
import { Settings } from "../Settings.ts"
import { fileIdentity } from "../store/GistFiles.ts"
import { waitUntil } from "../store/Limits.ts"
import type { Progress } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import type { Look, ScanUser } from "../store/Users.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** Users looked at side by side; GitHub's gate decides how many requests leave. */
const concurrency = 16

/** Fewer are looked at by their lists, which cost nothing while they are unchanged. */
const minBatch = 10

/** Gists whose texts are read along with one batch: what is more is read by the publisher. */
const maxTexts = 100

/** So many users in a row without an answer are an outage, not those users' trouble. */
const signsOfOutage = 3

/** GitHub's largest page, and those that are tried when it does not get done with one. */
const maxPageSize = 100
const smallerPage = (size: number): number => (size > 30 ? 30 : 10)

/** Pages that a long listing reads in a turn, before the next user's. */
const pagesPerTurn = 5

/** An hour of so many requests or more has room for any listing. */
const ampleHour = 1_000

export interface Checked {
  readonly outcome: "Unchanged" | "Changed" | "Failed"
  /** New files that were stored. */
  readonly files: number
  readonly failure: Progress["failures"][number] | undefined
  /** What is to be recorded of the user. */
  readonly check: Look
  /** Whether the user's full listing has not come to its end. */
  readonly isUnfinished: boolean
}

export class Checker extends Context.Service<
  Checker,
  {
    /**
     * Looks at users. `cursor` is the last one before whom, in their order, everybody was looked at; `trouble` is what
     * ended the looking.
     */
    readonly check: (
      scan: ScanId,
      users: ReadonlyArray<ScanUser>,
      /** `isPatient`: long listings leave a part of a short hour to others, and go on with a later scan. */
      options: { readonly isPatient: boolean }
    ) => Effect.Effect<{
      readonly checked: ReadonlyArray<Checked>
      readonly cursor: number | undefined
      readonly trouble: GithubError | DatabaseError | undefined
    }>
    /** Whether only those are looked at whose lists have an ETag: the hour's points are spent. */
    readonly spent: Effect.Effect<boolean>
    /** Forgets the outage that ended the last scan. */
    readonly begin: Effect.Effect<void>
  }
>()("gitpip/Checker") {
  static readonly layer: Layer.Layer<Checker, never, ContentCache | Store | Github | Settings> = Layer.effect(
    Checker,
    Effect.gen(function* () {
      const { limits, files, listings, users: records } = yield* Store
      const contents = yield* ContentCache
      const github = yield* Github
      const settings = yield* Settings
      const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

      /** Gists on a page for users whose lists GitHub did not get done with, and since when. */
      const pageSizes = new Map<UserKey, { readonly size: number; readonly at: number }>()
      const pageSizeOf = (user: ScanUser, at: Date): number => {
        const found = pageSizes.get(user.key)
        return found === undefined || at.getTime() - found.at > Duration.toMillis(Timing.fullListingInterval)
          ? maxPageSize
          : found.size
      }

      /**
       * The pages of a user from this one on, until one holds nothing new, the last one, or as many as are allowed. Only
       * unknown files are kept. What was read stays when a page fails: `rest` is where to go on.
       */
      const listFully = Effect.fnUntraced(function* (
        user: ScanUser,
        first: GistPage,
        limits: { readonly before: number; readonly isFull: boolean; readonly pages: number }
      ) {
        const found = new Map<string, ListedFile>()
        const result = (rest: ListingEnd) => ({
          files: [...found.values()],
          next: undefined,
          error: undefined,
          ...rest
        })
        let page = first
        for (let pages = limits.before + 1; ; pages++) {
          const known = yield* files.known(page.files.map(({ gistId }) => gistId))
          // Pages of a moving list repeat items: the map keeps each once.
          const unknown = page.files.filter((file) => !known.has(fileIdentity(file.gistId, file.filename)))
          for (const file of unknown) found.set(fileIdentity(file.gistId, file.filename), file)
          if (Option.isNone(page.next)) return result({ pages, full: true })
          // There is one more at least: with one page the ETag would speak for all of it.
          if (unknown.length === 0 && !limits.isFull) return result({ pages: pages + 1, full: false })
          const next = page.next.value
          if (pages - limits.before >= limits.pages) return result({ pages, full: false, next })
          const following = yield* Effect.result(github.page(next))
          if (following._tag === "Success") page = following.success
          else if (following.failure.reason._tag === "PaginationLimited") {
            // GitHub shows no more of it, ever: this is as complete as the list can be.
            yield* Telemetry.log("Warn", "list.ended", {
              user: user.username,
              detail: following.failure.message
            })
            return result({ pages: pages + 1, full: true })
          } else return result({ pages, full: false, next, error: following.failure })
        }
      })

      /** The first page under the account's present name. `shown` is what the name on record leads to, if it leads to anybody. */
      const renamed = Effect.fnUntraced(function* (user: ScanUser, githubId: number, shown: Option.Option<GistPage>) {
        const account = yield* github.account(githubId)
        if (account.login.toLowerCase() === user.username.toLowerCase()) {
          if (Option.exists(shown, ({ owner }) => Option.isNone(owner))) return shown
          return yield* githubError(
            new UserNotFound({ message: `GitHub does not show the gists of ${user.username} at present` })
          )
        }
        yield* records.rename(user.key, account.login)
        yield* Telemetry.log("Info", "user.renamed", { before: user.username, after: account.login })
        return yield* github.gists(account.login, Option.none(), pageSizeOf(user, yield* now))
      })

      const firstPage = Effect.fnUntraced(function* (user: ScanUser, etag: Option.Option<string>) {
        const { githubId } = user
        const gists = github.gists(user.username, etag, pageSizeOf(user, yield* now))
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

      /** Where a full listing goes on, and its first page when that is not where it begins. */
      const resumed = Effect.fnUntraced(function* (user: ScanUser) {
        const listing = yield* listings.find(user.key)
        if (Option.isNone(listing) || !URL.canParse(listing.value.next)) return undefined
        const page = yield* Effect.result(
          github.page(withPageSize(new URL(listing.value.next), pageSizeOf(user, yield* now)))
        )
        if (page._tag === "Success") {
          // The address may be by name, and lead to whoever has the name now.
          const isTheirs = Option.match(page.success.owner, {
            onNone: () => page.success.files.length === 0,
            onSome: ({ id }) => user.githubId === null || user.githubId === id
          })
          if (isTheirs) return { page: page.success, before: listing.value.pages, etag: listing.value.etag }
        } else if (page.failure.reason._tag === "PaginationLimited") {
          yield* Telemetry.log("Warn", "list.ended", { user: user.username, detail: page.failure.message })
          return { page: noMore, before: listing.value.pages, etag: listing.value.etag }
        } else if (page.failure.isGlobal) return yield* page.failure
        // The address is no good any more: the listing begins again.
        yield* listings.remove(user.key)
        return undefined
      })

      const check = Effect.fn("Checker.look")(function* (scan: ScanId, { isFull, user }: Order, maxPages: number) {
        yield* Effect.annotateCurrentSpan({
          [Telemetry.attributes.scan]: scan,
          [Telemetry.attributes.user]: user.username
        })
        // A full listing that is due stays due until it has come to its end, so that a part of it can be kept.
        const isResumable = user.listedAt === null || (user.pages > 1 && user.isListingDue)
        const listAll = isFull || isResumable
        const position = isResumable ? yield* resumed(user) : undefined
        const page =
          position === undefined
            ? yield* firstPage(user, listAll ? Option.none() : Option.fromNullishOr(user.etag))
            : Option.some(position.page)
        if (Option.isNone(page)) {
          return {
            outcome: "Unchanged" as const,
            files: [],
            added: 0,
            isFullListing: user.pages === 1,
            isUnfinished: false
          }
        }
        const isFullListing = yield* listFully(user, page.value, {
          before: position?.before ?? 0,
          isFull: listAll,
          pages: isResumable ? maxPages : Number.POSITIVE_INFINITY
        })
        const { error, next } = isFullListing
        // The next check would take what is known for all there is: of other listings nothing is kept.
        if (error !== undefined && !isResumable) return yield* error
        const etag = position === undefined ? Option.getOrNull(page.value.etag) : position.etag
        const owner = Option.getOrUndefined(page.value.owner)
        const added = yield* files.add({
          userKey: user.key,
          scanKey: scan,
          files: isFullListing.files,
          githubId: owner?.id ?? null,
          etag: next === undefined ? etag : user.etag,
          pages: Math.max(isFullListing.pages, isFullListing.full ? 0 : user.pages),
          full: isFullListing.full,
          backfill: settings.backfill
        })
        if (next !== undefined) yield* listings.put(user.key, { next: next.href, etag, pages: isFullListing.pages })
        else if (position !== undefined) yield* listings.remove(user.key)
        if (error !== undefined) return yield* error
        return {
          outcome: "Changed" as const,
          files: isFullListing.files,
          added,
          isFullListing: isFullListing.full,
          isUnfinished: next !== undefined
        }
      })

      /** Users that were marked for a refusal since a list was last answered, with the reason. */
      const marked = new Map<UserKey, string>()

      /** The users among these marks whose refusals were not theirs, by what everybody is refused for. */
      const wronglyMarked = (trouble: GithubError): ReadonlyArray<UserKey> =>
        [...marked].flatMap(([key, reason]) =>
          (trouble.reason._tag === "Unauthorized" && reason === "Refused") ||
          (trouble.reason._tag === "RateLimited" && reason === "RateLimited") ||
          (trouble.reason._tag === "Unexpected" && (reason === "UserNotFound" || reason === "Unexpected"))
            ? [key]
            : []
        )

      /** Looks in a row, over all users, that GitHub did not answer. */
      let unanswered = 0
      const outage = Effect.fail(
        githubError(new Unavailable({ message: "GitHub does not answer, for one user after the other" }))
      )

      /** A look whose failure is recorded, unless it is everybody's. */
      const checkUsers = Effect.fnUntraced(function* (scan: ScanId, order: Order, maxPages: number) {
        const { fingerprint, user } = order
        if (unanswered >= signsOfOutage) return yield* outage
        const by = { user: `${user.key}`, thing: `${user.key}` }
        const result = yield* check(scan, order, maxPages).pipe(Effect.provideService(RequestedFor, by), Effect.result)
        const unavailable =
          result._tag === "Failure" &&
          result.failure._tag === "GithubError" &&
          result.failure.reason._tag === "Unavailable"
        unanswered = unavailable ? unanswered + 1 : 0
        if (result._tag === "Success") {
          marked.clear()
          const { added, files: found, isUnfinished, outcome, isFullListing } = result.success
          // A list that has not changed although a batch has is behind: the stamp is not kept, and both are asked again.
          const one = seen(user, yield* now, {
            outcome,
            found,
            added,
            isFullListing,
            fingerprint: outcome === "Changed" && !isUnfinished ? fingerprint : null
          })
          return { ...one, isUnfinished } satisfies Checked
        }
        const error = result.failure
        if (error._tag === "DatabaseError") return yield* error
        // One user that GitHub does not answer for may be that user's trouble. Several in a row are everybody's.
        if (error._tag === "GithubError" && error.isGlobal && (!unavailable || unanswered >= signsOfOutage)) {
          return yield* error
        }
        const reason = error._tag === "GithubError" ? error.reason._tag : "NameTaken"
        marked.set(user.key, reason)
        // Twice is no chance: GitHub may get done with a shorter page.
        // https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/18649
        if (unavailable && user.failures > 0) {
          const at = yield* now
          pageSizes.set(user.key, { size: smallerPage(pageSizeOf(user, at)), at: at.getTime() })
        }
        const failures = user.failures + 1
        // A refusal may be the token's all the same, so it is not left for long.
        const isShort = unavailable || reason === "Refused" || reason === "RateLimited"
        const delay = isShort ? Timing.outageDelay(failures) : Timing.userRetryDelay(failures)
        const asked =
          error._tag === "GithubError" && error.reason._tag === "RateLimited"
            ? DateTime.distance(yield* DateTime.now, error.reason.resumeAt)
            : Duration.zero
        const retryIn = Duration.max(delay, asked)
        yield* Telemetry.log("Warn", "user.failed", { user: user.username, reason, detail: error.message })
        return {
          outcome: "Failed",
          isUnfinished: false,
          files: 0,
          failure: { userKey: user.key, reason, message: error.message, retryIn },
          check: {
            ...unknown,
            key: user.key,
            failures,
            retryIn,
            errorReason: reason,
            errorMessage: error.message
          }
        } satisfies Checked
      })

      /**
       * Checks users one by one, side by side, by their lists; nobody is asked for after trouble that is everybody's. Long
       * listings go on when everybody has been checked, some pages each in turn, so that nobody waits for them.
       */
      const oneByOne = Effect.fnUntraced(function* (scan: ScanId, orders: ReadonlyArray<Order>, isPatient: boolean) {
        let trouble: GithubError | DatabaseError | undefined
        const next = (maxPages: number) => (order: Order) =>
          Effect.suspend(() => (trouble === undefined ? checkUsers(scan, order, maxPages) : Effect.fail(trouble))).pipe(
            Effect.tapError((error) =>
              Effect.sync(() => {
                trouble ??= error
              })
            ),
            Effect.result
          )
        const results = yield* Effect.forEach(orders, next(1), { concurrency })
        for (;;) {
          const left = results.flatMap((result, index) =>
            result._tag === "Success" && result.success.isUnfinished ? [index] : []
          )
          if (left.length === 0 || (isPatient && !(yield* hasRoom))) return results
          const turn = yield* Effect.forEach(left, (index) => next(pagesPerTurn)(orders[index] as Order), {
            concurrency
          })
          for (const [place, index] of left.entries()) {
            const before = results[index] as (typeof results)[number]
            const after = turn[place] as (typeof results)[number]
            results[index] =
              before._tag === "Success" && after._tag === "Success"
                ? Result.succeed(together(before.success, after.success))
                : after
          }
        }
      })

      /** Whether a long listing may take more of the hour. Without a token an hour is short, and half of it is others'. */
      const hasRoom = Effect.gen(function* () {
        const { budget } = yield* github.limits
        if (budget === undefined || budget.limit >= ampleHour) return true
        const kept = Timing.reserve({
          limit: budget.limit,
          renewsAt: budget.resetAt,
          period: Duration.hours(1),
          now: yield* Clock.currentTimeMillis
        })
        return budget.remaining > kept
      })

      /** The newest gists of so many users by one query. Whom that leaves open is looked at by the list. */
      const byBatch = Effect.fn("Checker.batch")(function* (scan: ScanId, users: ReadonlyArray<ScanUser>) {
        const byList = users.map((user): Order => ({ user, isFull: false, fingerprint: null }))
        const answer = yield* Effect.result(github.batch(users.map(({ username }) => username)))
        if (answer._tag === "Failure") {
          const { reason } = answer.failure
          yield* Telemetry.log("Warn", "batch.failed", { reason: reason._tag, detail: reason.message })
          if (reason._tag === "RateLimited") {
            yield* limits.block(github.points.limitKey, {
              wait: yield* waitUntil(reason.resumeAt),
              message: reason.message
            })
            return { checked: new Map<UserKey, Checked>(), orders: byList.filter(({ user }) => user.etag !== null) }
          }
          return { checked: new Map<UserKey, Checked>(), orders: byList }
        }
        const at = yield* now
        const newest = answer.success.map(Result.getOrUndefined)
        // Nearly all are as they were, and of those no gist has to be looked up.
        const changed = newest.flatMap((one, index) =>
          one === undefined || fingerprintOf(one) === users[index]?.fingerprint
            ? []
            : one.gists.map(({ gistId }) => gistId)
        )
        const known = changed.length === 0 ? new Set<string>() : yield* files.known(changed)
        const verdicts = users.map((user, index) => judge(user, newest[index], known))
        yield* keepTexts(verdicts)
        const news = verdicts.flatMap((verdict) => (verdict._tag === "Changed" ? [verdict] : []))
        const counts = yield* files.addAll(
          news.map(({ files, newest, user }) => ({
            userKey: user.key,
            scanKey: scan,
            files,
            githubId: newest.owner.id,
            // It stands for what it stood for: what has come since is among these files.
            etag: user.etag,
            pages: Math.max(user.pages, 1),
            full: newest.complete,
            backfill: settings.backfill
          }))
        )
        const added = new Map(news.map(({ user }, index) => [user.key, counts[index] ?? 0]))
        const checked = new Map<UserKey, Checked>()
        const orders: Array<Order> = []
        for (const verdict of verdicts) {
          if (verdict._tag === "List") orders.push(verdict)
          else {
            const { user } = verdict
            checked.set(
              user.key,
              seen(user, at, {
                outcome: verdict._tag,
                found: verdict._tag === "Changed" ? verdict.files : [],
                added: added.get(user.key) ?? 0,
                isFullListing: verdict._tag === "Changed" && verdict.newest.complete,
                fingerprint: verdict.fingerprint
              })
            )
          }
        }
        return { checked, orders }
      })

      /** What is new and short is read along, many gists at a time, so that publishing it needs no request of its own. */
      const keepTexts = Effect.fnUntraced(function* (verdicts: ReadonlyArray<Verdict>) {
        const gists = verdicts.flatMap((verdict) =>
          verdict._tag === "Changed" && verdict.user.listedAt !== null
            ? verdict.newest.gists.filter(
                ({ gistId, small }) => small && verdict.files.some((file) => file.gistId === gistId)
              )
            : []
        )
        if (gists.length === 0) return
        // Only ever a saving: the publisher reads what is not there.
        const read = yield* Effect.option(github.texts(gists.slice(0, maxTexts)))
        for (const [gistId, { description, files }] of Option.getOrElse(read, () => new Map<string, GistTexts>())) {
          for (const [filename, text] of files) yield* contents.keep({ gistId, filename }, { text, description })
        }
      })

      /**
       * Whether there are queries, but none left in this hour. Lists without an ETag would use up the hour's requests as
       * well, and publishing needs those: such users are left for the next hour.
       */
      const pointsAreSpent = Effect.gen(function* () {
        const { budget, blockedUntil } = yield* github.points.limits
        return github.batched && (blockedUntil > (yield* Clock.currentTimeMillis) || (budget?.remaining ?? 1) <= 0)
      })

      /** As many as can be by batches, and the rest one by one. */
      const checkAll = Effect.fnUntraced(function* (scan: ScanId, users: ReadonlyArray<ScanUser>, isPatient: boolean) {
        if (users.length < minBatch || (yield* github.capacity).batched === 0) {
          const free = users.length >= minBatch && (yield* pointsAreSpent)
          const orders = users.filter(({ etag }) => !free || etag !== null)
          const found = yield* oneByOne(
            scan,
            orders.map((user) => ({ user, isFull: false, fingerprint: null })),
            isPatient
          )
          return orders.map((user, index) => ({ user, result: found[index] as (typeof found)[number] }))
        }
        // The next query is under way while what the last one brought is stored.
        const batches = yield* Effect.forEach(
          Arr.chunksOf(users, maxLogins),
          (batch) => Effect.result(byBatch(scan, batch)),
          { concurrency: 2 }
        )
        const checked = new Map<UserKey, Result.Result<Checked, GithubError | DatabaseError>>()
        const orders: Array<Order> = []
        for (const [index, batch] of batches.entries()) {
          if (batch._tag === "Success") {
            for (const [key, one] of batch.success.checked) checked.set(key, Result.succeed(one))
            orders.push(...batch.success.orders)
          } else {
            for (const { key } of users.slice(index * maxLogins, (index + 1) * maxLogins)) {
              checked.set(key, Result.fail(batch.failure))
            }
          }
        }
        const rest = yield* oneByOne(scan, orders, isPatient)
        for (const [index, { user }] of orders.entries()) checked.set(user.key, rest[index] as (typeof rest)[number])
        return users.flatMap((user) => {
          const result = checked.get(user.key)
          return result === undefined ? [] : [{ user, result }]
        })
      })

      return Checker.of({
        check: Effect.fnUntraced(function* (scan, users, { isPatient }) {
          const results = yield* checkAll(scan, users, isPatient)
          const checked: Array<Checked> = []
          let trouble: GithubError | DatabaseError | undefined
          // The cursor may only pass users that were looked at: what comes behind the first trouble is left for the next scan.
          let cursor: number | undefined
          for (const { result, user } of results) {
            if (result._tag === "Success") {
              checked.push(result.success)
              if (trouble === undefined) cursor = user.key
            } else trouble ??= result.failure
          }
          // Whoever was left out has no part in it.
          if (trouble === undefined) cursor = users.at(-1)?.key
          if (trouble?._tag !== "GithubError" || !trouble.isGlobal) return { checked, cursor, trouble }
          const unmarked = new Set(wronglyMarked(trouble))
          const isWrong = ({ check, outcome }: Checked) => outcome === "Failed" && unmarked.has(check.key)
          const here = new Set(checked.filter(isWrong).map(({ check }) => check.key))
          const before = [...unmarked].filter((key) => !here.has(key))
          marked.clear()
          if (before.length > 0) yield* Effect.ignore(records.unmark(before))
          return { checked: checked.filter((one) => !isWrong(one)), cursor, trouble }
        }),
        spent: Effect.gen(function* () {
          return (yield* github.capacity).batched === 0 && (yield* pointsAreSpent)
        }),
        begin: Effect.sync(() => {
          unanswered = 0
        })
      })
    })
  )
}

/** In place of a page that GitHub does not show. */
const noMore: GistPage = { owner: Option.none(), files: [], etag: Option.none(), next: Option.none() }

/** How far the pages of a list were read. */
interface ListingEnd {
  /** Pages read, those of earlier turns included. */
  readonly pages: number
  /** Whether the last page was read. */
  readonly full: boolean
  /** Where to go on. */
  readonly next?: URL
  readonly error?: GithubError
}

/** The same place in a list of smaller pages. An address of an unknown form stays as it is. */
const withPageSize = (url: URL, size: number): URL => {
  const [page, before] = ["page", "per_page"].map((name) => Number(url.searchParams.get(name) ?? Number.NaN))
  if (page === undefined || before === undefined || !(page >= 1) || !(before > size)) return url
  const smaller = new URL(url)
  smaller.searchParams.set("per_page", `${size}`)
  smaller.searchParams.set("page", `${Math.floor(((page - 1) * before) / size) + 1}`)
  return smaller
}

/** Two checks of one user as one. */
const together = (before: Checked, after: Checked): Checked => ({
  ...after,
  outcome: before.outcome === "Changed" ? "Changed" : after.outcome,
  files: before.files + after.files,
  check:
    after.failure === undefined
      ? { ...after.check, gained: (before.check.gained ?? 0) + (after.check.gained ?? 0) }
      : after.check
})

/** A user to be looked at by the list: whether to the very end, and what a batch showed before. */
interface Order {
  readonly user: ScanUser
  readonly isFull: boolean
  readonly fingerprint: string | null
}

/** What a batch's answer means for a user. */
type Verdict =
  | { readonly _tag: "Unchanged"; readonly user: ScanUser; readonly fingerprint: string }
  | {
      readonly _tag: "Changed"
      readonly user: ScanUser
      readonly fingerprint: string
      readonly newest: NewestGists
      /** Those that are not known yet. */
      readonly files: ReadonlyArray<ListedFile>
    }
  /** The batch does not show enough. */
  | ({ readonly _tag: "List" } & Order)

/**
 * A batch shows the gists that were changed last, and how many there are. So the list is asked for when something may be
 * behind them: at the first look, when even the last of them is new, when more gists have come than are shown, and once in
 * a while. The list also knows what to do about accounts that are gone, renamed or odd.
 */
const judge = (user: ScanUser, newest: NewestGists | undefined, known: ReadonlySet<string>): Verdict => {
  if (newest === undefined || (user.githubId !== null && newest.owner.id !== user.githubId)) {
    return { _tag: "List", user, isFull: false, fingerprint: null }
  }
  const fingerprint = fingerprintOf(newest)
  const list = (isFull: boolean): Verdict => ({ _tag: "List", user, isFull, fingerprint })
  if (!newest.complete && user.isListingDue) return list(user.listedAt === null)
  if (fingerprint === user.fingerprint) return { _tag: "Unchanged", user, fingerprint }
  const isKnown = (file: ListedFile) => known.has(fileIdentity(file.gistId, file.filename))
  const files = newest.gists.flatMap((gist) => gist.files.filter((file) => !isKnown(file)))
  const more = newest.total - Number.parseInt(user.fingerprint ?? `${newest.total}`, 10)
  const shown = newest.gists.filter(({ files }) => files.length > 0 && !files.some(isKnown)).length
  if (!newest.complete && more > shown) return list(true)
  const last = newest.gists.at(-1)
  const behind = !newest.complete && last?.files.every(isKnown) !== true
  return behind || newest.gists.some(({ complete }) => !complete)
    ? list(false)
    : { _tag: "Changed", user, fingerprint, newest, files }
}

/** The number of gists comes first: what has come to be more than what is shown is behind it. */
const fingerprintOf = ({ fingerprint, total }: NewestGists): string => `${total} ${fingerprint}`

/** The stamp after a list has brought so many gists, so that the next batch does not look for them once more. */
const counted = (fingerprint: string, gists: number): string =>
  fingerprint.replace(/^\d+/, (total) => `${Number(total) + gists}`)

const unknown = { etag: null, fingerprint: null, gained: null, isFullListing: false } as const

/** A look that GitHub answered, with what it tells of the user's rate. */
const seen = (
  user: ScanUser,
  at: Date,
  result: {
    readonly outcome: "Unchanged" | "Changed"
    readonly found: ReadonlyArray<ListedFile>
    readonly added: number
    readonly isFullListing: boolean
    readonly fingerprint: string | null
  }
): Checked => {
  const gists = new Map(result.found.map(({ createdAt, gistId }) => [gistId, Date.parse(createdAt)]))
  return {
    outcome: result.outcome,
    files: result.added,
    failure: undefined,
    isUnfinished: false,
    check: {
      key: user.key,
      etag: null,
      fingerprint: result.fingerprint ?? (user.fingerprint === null ? null : counted(user.fingerprint, gists.size)),
      // What another look stored meanwhile is that one's to count.
      gained: result.added === 0 ? 0 : Cadence.gained([...gists.values()], at.getTime()),
      isFullListing: result.isFullListing,
      failures: 0,
      retryIn: null,
      errorReason: null,
      errorMessage: null
    }
  }
}
