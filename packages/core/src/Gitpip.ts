/** All that Gitpip does, as one service. The HTTP server, the command line and embedding programs call it. */
import { Cache, Context, type DateTime, Duration, Effect, Exit, Layer, Option, type Stream } from "effect"
import type { HttpClient } from "effect/http"
import type { SqlClient } from "effect/sql"
import { Contacts } from "./contacts/Contacts.ts"
import type { SourceUnavailable } from "./contacts/SourceUnavailable.ts"
import type { DatabaseError } from "./database/Database.ts"
import * as Database from "./database/Database.ts"
import * as Names from "./detect/Names.ts"
import { Profiles } from "./detect/Profiles.ts"
import { Scanner } from "./detect/Scanner.ts"
import type { ScanProgress } from "./detect/scanUsers.ts"
import type { Change } from "./domain/Change.ts"
import type { ContactPage } from "./domain/Contact.ts"
import type { Day } from "./domain/Day.ts"
import type { Forgotten } from "./domain/Forgotten.ts"
import type { FilePreview, GistFile } from "./domain/GistFile.ts"
import type { Preview } from "./domain/Preview.ts"
import type { Publication, PublicationDetails, PublicationState } from "./domain/Publication.ts"
import type { Scan, ScanDetails } from "./domain/Scan.ts"
import type { Source } from "./domain/Source.ts"
import type { Status } from "./domain/Status.ts"
import type { User, UserDetails, Username } from "./domain/User.ts"
import { defaultVisitor, type News, type Visit, type Visitor, type VisitRecord } from "./domain/Visit.ts"
import type { GithubError } from "./github/Github.ts"
import { layerParts, layerPipedrive, type Services } from "./layers.ts"
import { layerTransport } from "./net/transport.ts"
import { type Drained, Publisher } from "./publish/Publisher.ts"
import type { Sink } from "./publish/Sink.ts"
import { Settings } from "./Settings.ts"
import { Signals } from "./Signals.ts"
import { unusedChoices } from "./settings/unused.ts"
import { Changes } from "./status/Changes.ts"
import * as CurrentStatus from "./status/currentStatus.ts"
import { Gauges } from "./status/Gauges.ts"
import * as Health from "./status/Health.ts"
import * as Previews from "./status/previews.ts"
import type { UserBusy } from "./store/Forgetting.ts"
import type { FileNotFound } from "./store/GistFiles.ts"
import type { PublicationNotFailed, PublicationNotFound, PublicationNotSkippable } from "./store/Publications.ts"
import type { ScanNotFound, ScanRunning } from "./store/Scans.ts"
import { Store } from "./store/Store.ts"
import type { UserNotTracked } from "./store/Users.ts"
import type { TooManyVisitors, VisitNotFound, VisitRow } from "./store/Visits.ts"
import * as Tracking from "./tracking.ts"

/** A page of a list: at most `limit` rows, of keys smaller than `before`. */
export interface Cursor {
  readonly before: number
  readonly limit: number
}

/** The facade: everything that servers, commands and programs ask of Gitpip. */
export class Gitpip extends Context.Service<
  Gitpip,
  {
    /**
     * Tracks a user, by default under the next free id. `created` is false when the user was tracked under that id already.
     * With Pipedrive's number of a deal or a person, the user's files go there from now on, until `default` takes that back.
     * Rules hold for files that are found from now on.
     */
    readonly track: Tracking.Track
    /**
     * Whether GitHub has accounts of these names, tracked or not, how many public gists, and what is on record of each. At
     * most 100 names at a time. A GitHub that does not answer makes names `unchecked`, and fails nothing.
     */
    readonly checkNames: Names.CheckNames
    /**
     * The accounts of a source, page by page, with what tracking the new ones would cost at first. Stores nothing.
     * `next` is the `next` of the page before.
     */
    readonly contacts: (source: Source, next?: string) => Effect.Effect<ContactPage, SourceUnavailable | DatabaseError>
    /**
     * Tracks the accounts of a source's next page. The final page has `next: null`, and then the source begins again. A reading
     * that was cut off within a day goes on where it was. After more than a minute it reads the page before again, too. Users whom somebody untracked or forgot are left out.
     */
    readonly trackContacts: (source: Source) => Effect.Effect<ContactPage, SourceUnavailable | DatabaseError>
    /**
     * What tracking a user with these rules would publish. Lists all of the user's gists and stores nothing. With `contact`
     * Pipedrive is asked whom the first file would name, for up to 65 tokens.
     */
    readonly preview: (
      username: Username,
      options?: Previews.PreviewOptions
    ) => Effect.Effect<Preview, GithubError | DatabaseError>
    /** Stops tracking a user. Found files stay, and waiting ones are still published. */
    readonly untrack: (username: Username) => Effect.Effect<User, UserNotTracked | DatabaseError>
    /**
     * Erases what is stored about a user, tracked or not, and stops tracking. Keyed hashes of the name, and of the
     * files that are or may be in Pipedrive, stay, so that no list tracks the user again and no file is published again. What
     * stands in Pipedrive stays there, and is named in the answer.
     */
    readonly forget: (username: Username) => Effect.Effect<Forgotten, UserNotTracked | UserBusy | DatabaseError>
    /** Tracked users by ascending id, from after an id on. */
    readonly users: (page: {
      readonly after: number
      readonly limit: number
      /** Only users whose last check failed. */
      readonly state?: "failing" | undefined
    }) => Effect.Effect<ReadonlyArray<User>, DatabaseError>
    /** A user with the deal in Pipedrive and the counts of files. */
    readonly user: (username: Username) => Effect.Effect<UserDetails, UserNotTracked | DatabaseError>
    /** A visit: the files that are new to this visitor. A visit that shows nothing is not recorded, and has no id. */
    readonly latest: (
      username: Username,
      visitor?: Visitor
    ) => Effect.Effect<Visit, UserNotTracked | TooManyVisitors | DatabaseError>
    /** How many files are new to a visitor, for each tracked user by ascending id. Records no visit. */
    readonly news: (
      visitor: Visitor,
      page: { readonly after: number; readonly limit: number }
    ) => Effect.Effect<ReadonlyArray<News>, DatabaseError>
    /**
     * A visitor's visits to a user, newest first. A caller whose answer was lost finds the visit here, and its answer by
     * `visit`.
     */
    readonly visits: (
      username: Username,
      visitor: Visitor,
      page: Cursor
    ) => Effect.Effect<ReadonlyArray<VisitRecord>, UserNotTracked | DatabaseError>
    /** Reads a visit's answer again. */
    readonly visit: (
      username: Username,
      visit: number
    ) => Effect.Effect<Visit, UserNotTracked | VisitNotFound | DatabaseError>
    /** A user's files, newest found first. Records no visit. */
    readonly history: (
      username: Username,
      page: Cursor
    ) => Effect.Effect<ReadonlyArray<GistFile>, UserNotTracked | DatabaseError>
    /** The beginning of a file, as it is on GitHub now. Cached for some minutes. */
    readonly filePreview: (id: number) => Effect.Effect<FilePreview, FileNotFound | GithubError | DatabaseError>
    /** Checks all users, or one, now, and answers when done. */
    readonly scan: (options?: {
      readonly username?: Username | undefined
      readonly onProgress?: ((progress: ScanProgress) => Effect.Effect<void>) | undefined
    }) => Effect.Effect<Scan, UserNotTracked | ScanRunning | ScanNotFound | DatabaseError>
    /**
     * Reads public profiles that are due, as a server does before it publishes: for a minute at most, and only while
     * GitHub's hour has room. Answers how many were read.
     */
    readonly refreshProfiles: Effect.Effect<number, DatabaseError>
    /** Queues a scan for the server's worker, and answers at once. */
    readonly requestScan: (username?: Username) => Effect.Effect<Scan, UserNotTracked | ScanNotFound | DatabaseError>
    /** Scans, newest first. */
    readonly scans: (page: Cursor) => Effect.Effect<ReadonlyArray<Scan>, DatabaseError>
    /** A scan with its first 100 files and first 100 failures. */
    readonly scanDetails: (id: number) => Effect.Effect<ScanDetails, ScanNotFound | DatabaseError>
    /** Publishes all files that are due, and answers when none is. */
    readonly publish: Effect.Effect<Drained, DatabaseError>
    /** Publications, or those of one state, newest first. */
    readonly publications: (
      page: Cursor & { readonly state?: PublicationState | undefined }
    ) => Effect.Effect<ReadonlyArray<Publication>, DatabaseError>
    /** A publication with its last 100 attempts, oldest first. */
    readonly publication: (id: number) => Effect.Effect<PublicationDetails, PublicationNotFound | DatabaseError>
    /** Tries a failed or gone publication again, or publishes a skipped one. */
    readonly retry: (
      id: number
    ) => Effect.Effect<Publication, PublicationNotFound | PublicationNotFailed | DatabaseError>
    /** Leaves a pending or failed publication out, until somebody retries it. */
    readonly skip: (
      id: number
    ) => Effect.Effect<Publication, PublicationNotFound | PublicationNotSkippable | DatabaseError>
    /** Tries all failed publications again. Answers how many. */
    readonly retryFailed: Effect.Effect<number, DatabaseError>
    /** Users, scans and publications in numbers, and what is left of both services' limits. */
    readonly status: Effect.Effect<Status, DatabaseError>
    /** Brings the gauges among the metrics up to date. */
    readonly measure: Effect.Effect<void>
    /** Files found and published on each of the last days, today included, oldest first. Cached for some seconds. */
    readonly days: (days: number) => Effect.Effect<ReadonlyArray<Day>, DatabaseError>
    /** Changes from now on, in all processes on the same database. Begins with `listening`. */
    readonly changes: Stream.Stream<Change, DatabaseError>
    /** Why work does not get done; empty when it does. `since` is when the worker started. */
    readonly overdue: (since: DateTime.Utc) => Effect.Effect<ReadonlyArray<string>, DatabaseError>
  }
>()("gitpip/Gitpip") {
  /** Gitpip on services that the program wires itself. */
  static readonly layerNoDeps: Layer.Layer<Gitpip, never, Services | Settings> = Layer.effect(
    Gitpip,
    Effect.gen(function* () {
      const { days, files, forgetting, publications, scans, users, visits } = yield* Store
      const changes = yield* Changes
      const contacts = yield* Contacts
      const scanner = yield* Scanner
      const profiles = yield* Profiles
      const publisher = yield* Publisher
      const gauges = yield* Gauges
      const signals = yield* Signals
      const previews = yield* Previews.make
      const checkNames = yield* Names.makeWithRecord
      const status = yield* CurrentStatus.make
      const overdue = yield* Health.make
      const track = yield* Tracking.make
      const settings = yield* Settings
      const optionalKey = (username: Username | undefined) =>
        username === undefined ? Effect.succeed(null) : users.key(username)

      const showVisit = Effect.fnUntraced(function* ({ after, id, until, userKey, visitedAt, visitor }: VisitRow) {
        const shown = until === after ? [] : yield* files.between(userKey, after, until)
        return { id, visitor, visitedAt, files: shown } satisfies Visit
      })

      /** Every open page asks for days again and again, most often while much is published. */
      const countedDays = yield* Cache.makeWith(days.list, {
        capacity: 31,
        timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.seconds(5) : Duration.zero)
      })

      return Gitpip.of({
        track,
        checkNames,
        contacts: (source, next) => contacts.list(source, next ?? null),
        trackContacts: contacts.trackNext,
        preview: previews.user,
        untrack: Effect.fn("Gitpip.untrack")(function* (username) {
          const user = yield* users.untrack(username)
          yield* changes.report({ type: "user", login: user.login })
          return user
        }),
        forget: Effect.fn("Gitpip.forget")(function* (username) {
          const forgotten = yield* forgetting.forget(username)
          yield* previews.clear
          yield* changes.report({ type: "user", login: forgotten.login })
          return forgotten
        }),
        users: (page) => users.list(page),
        user: (username) =>
          Effect.map(users.details(username), (details) => {
            const chosen = { deal: details.isDealChosen, person: details.isPersonChosen }
            return { ...details, unusedChoices: unusedChoices(settings, chosen) }
          }),
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
        filePreview: previews.file,
        scan: Effect.fn("Gitpip.scan")(function* (options) {
          const userKey = yield* optionalKey(options?.username)
          return yield* scanner.scan({
            kind: "requested",
            userKey,
            ...(options?.onProgress === undefined ? {} : { onProgress: options.onProgress })
          })
        }),
        refreshProfiles: profiles.refresh,
        requestScan: Effect.fn("Gitpip.requestScan")(function* (username) {
          const userKey = yield* optionalKey(username)
          const id = yield* scans.request(userKey)
          yield* userKey === null ? signals.fullScans.raise : signals.singleScans.raise
          const scan = yield* scans.find(id)
          yield* changes.report({ type: "scan", scan })
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
          yield* changes.report({ type: "publication", id, login: publication.owner, state: publication.state })
          return publication
        }),
        skip: Effect.fn("Gitpip.skip")(function* (id) {
          const publication = yield* publications.skip(id)
          yield* changes.report({ type: "publication", id, login: publication.owner, state: publication.state })
          return publication
        }),
        retryFailed: Effect.gen(function* () {
          const retried = yield* publications.retryFailed
          yield* signals.publications.raise
          return retried
        }).pipe(Effect.withSpan("Gitpip.retryFailed")),
        status,
        measure: gauges.refresh,
        days: (count) => Cache.get(countedDays, count),
        changes: changes.all,
        overdue
      })
    })
  )

  /** Gitpip with a sink that the program brings, in Pipedrive's place. */
  static readonly layerWithSink: Layer.Layer<
    Gitpip | Exclude<Services, Sink>,
    never,
    Sink | Settings | SqlClient.SqlClient | HttpClient.HttpClient
  > = Gitpip.layerNoDeps.pipe(Layer.provideMerge(layerParts))

  /** Gitpip on a database and a transport that the program brings. */
  static readonly layerWithDatabase: Layer.Layer<
    Gitpip | Services,
    never,
    Settings | SqlClient.SqlClient | HttpClient.HttpClient
  > = Gitpip.layerWithSink.pipe(Layer.provideMerge(layerPipedrive))

  /** Gitpip as the settings say: their database, and a transport through their proxies. */
  static readonly layer: Layer.Layer<Gitpip | Services, DatabaseError, Settings> = Gitpip.layerWithDatabase.pipe(
    Layer.provide(Layer.mergeAll(Database.layer, layerTransport))
  )
}
