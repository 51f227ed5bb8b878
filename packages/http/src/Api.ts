/**
 * The contract alone: every call, what it takes and what it answers. Typed clients (`HttpApiClient`) and the OpenAPI
 * document come from it. Bodies are the domain's schemas in their JSON form.
 */
import {
  Change,
  Day,
  FilePreview,
  GistFile,
  News,
  Preview,
  Publication,
  PublicationDetails,
  PublicationState,
  Scan,
  ScanDetails,
  Status,
  User,
  UserDetails,
  UserId,
  Username,
  Visit,
  VisitId,
  Visitor,
  VisitRecord
} from "@gitpip/core"
import { Record, Schema, SchemaTransformation } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  FileNotFoundProblem,
  GithubProblem,
  NotReadyProblem,
  ProblemDetails,
  PublicationNotFailedProblem,
  PublicationNotFoundProblem,
  ScanNotFoundProblem,
  UserConflictProblem,
  UserNotTrackedProblem,
  VisitNotFoundProblem
} from "./Problems.ts"

/** A number in an address, in plain digits: what JavaScript would also read as one (`1e3`, `0x10`, ` 7`) is refused. */
const digits = <S extends Schema.Codec<number, number>>(number: S, message: string, description: string) =>
  Schema.String.annotate({ description })
    .check(Schema.isPattern(/^\d{1,16}$/, { message }))
    .pipe(Schema.decodeTo(number, SchemaTransformation.numberFromString))

const between = (
  [minimum, maximum]: readonly [minimum: number, maximum: number],
  message: string,
  description: string
) => digits(Schema.Int.check(Schema.isBetween({ minimum, maximum }, { message })), message, description)

const idOf = (what: string) =>
  between([1, Number.MAX_SAFE_INTEGER], "an id is a whole number from 1 to 9007199254740991", `The ${what}'s number`)

/** The greatest page, and how many rows are read at a time when all are asked for. */
export const pageLimit = 1_000
export const defaultLimit = 100

const page = {
  limit: Schema.optionalKey(
    between([1, pageLimit], "must be a whole number from 1 to 1000", "How many at most, 1 to 1,000; 100 unless told")
  ),
  after: Schema.optionalKey(
    between(
      [0, Number.MAX_SAFE_INTEGER],
      "must be the id of the last row seen, a whole number from 0 to 9007199254740991",
      "The id of the last row seen; what follows it is answered"
    )
  )
}

/** A page with a link to the next one, absent on the last. */
const paged = <S extends Schema.Top>(body: S) =>
  HttpApiSchema.WithHeaders(body, { link: Schema.optionalKey(Schema.String) })

const Name = Username.annotate({ description: "A GitHub username, in any case" })
const username = { username: Name }

const visitor = {
  visitor: Schema.optionalKey(
    Visitor.annotate({ description: "Who looks: 1 to 100 letters, digits, spaces or . _ @ + -; `default` unless told" })
  )
}

export class Users extends HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.post("track", "/users/:username/:id", {
      params: {
        username: Name,
        id: digits(
          UserId,
          "an id is a whole number from 1 to 9007199254740991",
          "Your own number for the user, 1 to 9007199254740991"
        )
      },
      success: [User.pipe(HttpApiSchema.status(201)), User.pipe(HttpApiSchema.status(200))],
      error: UserConflictProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Track a user under an id of your own",
        description: "201 when the user is new, 200 when it was tracked so already."
      })
    ),
    HttpApiEndpoint.post("trackNext", "/users/:username", {
      params: username,
      success: [User.pipe(HttpApiSchema.status(201)), User.pipe(HttpApiSchema.status(200))],
      error: UserConflictProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Track a user under the next free id",
        description: "201 when the user is new, 200 when it was tracked already, under whichever id."
      })
    ),
    HttpApiEndpoint.get("preview", "/users/:username/preview", {
      params: username,
      success: Preview,
      error: GithubProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "What tracking a user would publish, and cost",
        description: "Reads all of the user's gist lists from GitHub and stores nothing. The user need not be tracked."
      })
    ),
    HttpApiEndpoint.get("list", "/users", {
      query: {
        ...page,
        state: Schema.optionalKey(
          Schema.Literal("failing").annotate({ description: "Only users whose last look failed" })
        )
      },
      success: paged(Schema.Array(User))
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Tracked users by ascending id",
        description: "All of them as one array. With `limit`, `after` or `state` a page, with a `Link` to the next one."
      })
    ),
    HttpApiEndpoint.get("get", "/users/:username", {
      params: username,
      success: UserDetails,
      error: UserNotTrackedProblem
    }).annotateMerge(OpenApi.annotations({ summary: "One user with its deal and counts" })),
    HttpApiEndpoint.delete("untrack", "/users/:username", {
      params: username,
      success: User,
      error: UserNotTrackedProblem
    }).annotateMerge(OpenApi.annotations({ summary: "Stop tracking a user; what was found stays" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "Users" })) {}

export class Gists extends HttpApiGroup.make("gists")
  .add(
    HttpApiEndpoint.post("latest", "/latestgists/:username", {
      params: username,
      query: visitor,
      success: HttpApiSchema.WithHeaders(Schema.Array(GistFile), {
        "gitpip-visit": digits(VisitId, "a visit's id is a whole number", "The visit's number")
      }),
      error: UserNotTrackedProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The files that are new since the visitor's last visit",
        description: "Records the visit. Its answer can be read again under the id in the `Gitpip-Visit` header."
      })
    ),
    HttpApiEndpoint.get("news", "/news", {
      query: { ...page, ...visitor },
      success: paged(Schema.Array(News))
    }).annotateMerge(
      OpenApi.annotations({
        summary: "How many files are new to the visitor, for each tracked user by ascending id; records no visit",
        description: "More than 1,000 of one user are not counted."
      })
    ),
    HttpApiEndpoint.get("visits", "/users/:username/visits", {
      params: username,
      query: { ...page, ...visitor },
      success: paged(Schema.Array(VisitRecord)),
      error: UserNotTrackedProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "A visitor's visits, newest first",
        description: "Whoever did not get a visit's answer finds its id here, and its answer under that id."
      })
    ),
    HttpApiEndpoint.get("visit", "/users/:username/visits/:visit", {
      params: { username: Name, visit: idOf("visit") },
      success: Visit,
      error: [UserNotTrackedProblem, VisitNotFoundProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "What a visit answered, again" })),
    HttpApiEndpoint.get("history", "/users/:username/gists", {
      params: username,
      query: page,
      success: paged(Schema.Array(GistFile)),
      error: UserNotTrackedProblem
    }).annotateMerge(OpenApi.annotations({ summary: "A user's files, newest found first; records no visit" })),
    HttpApiEndpoint.get("preview", "/files/:id/preview", {
      params: { id: idOf("file") },
      success: FilePreview,
      error: [FileNotFoundProblem, GithubProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "The beginning of a file, as it is on GitHub now" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "Gists" })) {}

export class Scans extends HttpApiGroup.make("scans")
  .add(
    HttpApiEndpoint.post("request", "/scans", {
      query: { username: Schema.optionalKey(Username.annotate({ description: "The only user to look at" })) },
      success: HttpApiSchema.WithHeaders(Scan.pipe(HttpApiSchema.status(202)), { location: Schema.String }),
      error: [UserNotTrackedProblem, ScanNotFoundProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "Ask for a scan now, of everybody or of one user" })),
    HttpApiEndpoint.get("list", "/scans", {
      query: page,
      success: paged(Schema.Array(Scan))
    }).annotateMerge(OpenApi.annotations({ summary: "Past scans, newest first" })),
    HttpApiEndpoint.get("get", "/scans/:id", {
      params: { id: idOf("scan") },
      success: ScanDetails,
      error: ScanNotFoundProblem
    }).annotateMerge(OpenApi.annotations({ summary: "One scan with files it added and users that failed" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "Scans" })) {}

export class Publications extends HttpApiGroup.make("publications")
  .add(
    HttpApiEndpoint.get("list", "/publications", {
      query: {
        ...page,
        state: Schema.optionalKey(PublicationState.annotate({ description: "Only those in this state" }))
      },
      success: paged(Schema.Array(Publication))
    }).annotateMerge(OpenApi.annotations({ summary: "The outbox, newest first" })),
    HttpApiEndpoint.get("get", "/publications/:id", {
      params: { id: idOf("publication") },
      success: PublicationDetails,
      error: PublicationNotFoundProblem
    }).annotateMerge(OpenApi.annotations({ summary: "Why one file is or is not in Pipedrive" })),
    HttpApiEndpoint.post("retryAll", "/publications/retry", {
      success: Schema.Struct({ retried: Schema.Int.annotate({ description: "How many" }) })
    }).annotateMerge(OpenApi.annotations({ summary: "Try all failed publications again" })),
    HttpApiEndpoint.post("retry", "/publications/:id/retry", {
      params: { id: idOf("publication") },
      success: Publication,
      error: [PublicationNotFoundProblem, PublicationNotFailedProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "Try a failed or gone publication again" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "Publications" })) {}

export class System extends HttpApiGroup.make("system")
  .add(
    HttpApiEndpoint.get("health", "/health", {
      success: HttpApiSchema.asText()(Schema.String),
      error: HttpApiSchema.asText()(Schema.String).pipe(HttpApiSchema.status(503))
    }).annotateMerge(
      OpenApi.annotations({ summary: "`Alive` while the process serves and its background work lives; needs no key" })
    ),
    HttpApiEndpoint.get("ready", "/ready", {
      query: {
        exclude: Schema.optionalKey(Schema.Literal("work").annotate({ description: "Look at the database alone" }))
      },
      success: Schema.Struct({ ready: Schema.Literal(true) }),
      error: NotReadyProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Whether the database answers and work gets done; needs no key",
        description:
          "With `exclude=work`, only whether this server can answer callers: what is late at GitHub or Pipedrive is late for all servers of a database, and no reason to send callers elsewhere."
      })
    ),
    HttpApiEndpoint.get("status", "/status", { success: Status }).annotateMerge(
      OpenApi.annotations({ summary: "How things stand" })
    ),
    HttpApiEndpoint.get("days", "/days", {
      query: {
        days: Schema.optionalKey(
          between([1, 31], "must be a whole number from 1 to 31", "How many days, 1 to 31; 14 unless told")
        )
      },
      success: Schema.Array(Day)
    }).annotateMerge(OpenApi.annotations({ summary: "What was found and published on each of the last days (14)" })),
    HttpApiEndpoint.get("events", "/events", {
      success: HttpApiSchema.StreamSse({ data: Change })
    }).annotateMerge(
      OpenApi.annotations({
        summary: "What changes from now on, as server-sent events",
        description:
          "Hints to read anew. The first one is `listening`. Ends after an hour, and when the server stops; browsers then ask again."
      })
    ),
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })(Schema.String)
    }).annotateMerge(OpenApi.annotations({ summary: "Metrics for Prometheus" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "System" })) {}

/** For browsers, which keep a session in a cookie instead of the key. */
export class Session extends HttpApiGroup.make("session")
  .add(
    HttpApiEndpoint.post("signIn", "/session", { success: HttpApiSchema.NoContent }).annotateMerge(
      OpenApi.annotations({ summary: "Sign in: the key once, and a cookie from then on" })
    ),
    HttpApiEndpoint.delete("signOut", "/session", { success: HttpApiSchema.NoContent }).annotateMerge(
      OpenApi.annotations({ summary: "Sign out: the cookie ends" })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Session" })) {}

/** The calls that need no key, so that a supervisor can make them. */
export const openPaths: ReadonlySet<string> = new Set(["/health", "/ready"])

/** Gitpip's HTTP API. */
export class Api extends HttpApi.make("gitpip")
  .add(Users, Gists, Scans, Publications, System, Session)
  .middleware(ProblemDetails)
  .annotateMerge(
    OpenApi.annotations({
      title: "Gitpip",
      version: "0.1.0",
      description:
        "Tracks the public gists of GitHub users and puts each new file into Pipedrive exactly once. Errors are RFC 9457 problems.",
      license: { name: "MIT", identifier: "MIT" },
      transform: (document) => declareKey(document)
    })
  ) {}

/** The server asks for the key before any routing, so the builder does not know of it and declares every call open. */
const declareKey = (document: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const key = { type: "http", scheme: "bearer", description: "`GITPIP_API_KEY`, when the server has one" }
  const { components, paths } = document as {
    readonly components: object
    readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  }
  return {
    ...document,
    components: { ...components, securitySchemes: { key } },
    paths: Record.map(paths, (operations, path) =>
      Record.map(operations, (operation) => ({ ...operation, security: openPaths.has(path) ? [] : [{ key: [] }] }))
    )
  }
}
