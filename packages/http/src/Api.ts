/**
 * The contract: every call with its parameters and answers. Typed clients (`HttpApiClient`) and the OpenAPI document come
 * from the contract. Bodies are the domain's schemas in their JSON form.
 */
import {
  Change,
  Day,
  FilePreview,
  Forgotten,
  GistFile,
  NameCheck,
  News,
  Preview,
  Scan,
  ScanDetails,
  Status,
  User,
  UserDetails,
  UserId,
  Visit,
  VisitId,
  VisitRecord
} from "@gitpip/core"
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Contacts } from "./contacts.ts"
import { complete } from "./document.ts"
import {
  AccountNotFoundProblem,
  FileNotFoundProblem,
  GithubProblem,
  NotReadyProblem,
  ProblemDetails,
  ScanNotFoundProblem,
  TooManyVisitorsProblem,
  UserBusyProblem,
  UserNotTrackedProblem,
  VisitNotFoundProblem
} from "./Problems.ts"
import {
  between,
  contact,
  digits,
  github,
  idOf,
  Name,
  names,
  page,
  paged,
  rules,
  username,
  visitor
} from "./parameters.ts"
import { Publications } from "./publications.ts"
import { queryMeaning, tracking } from "./tracking.ts"

/** The calls that track users. */
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
      ...tracking
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Track a user under an id of your own",
        description: `201 when the user is new, 200 when the user was already tracked under this id. ${queryMeaning}`
      })
    ),
    HttpApiEndpoint.post("trackNext", "/users/:username", {
      params: username,
      ...tracking
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Track a user under the next free id",
        description: `201 when the user is new, 200 when the user was already tracked, under any id. ${queryMeaning}`
      })
    ),
    HttpApiEndpoint.get("names", "/names", {
      query: { names: Schema.optionalKey(names), github },
      success: Schema.Array(NameCheck)
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Whether GitHub has accounts of these names",
        description:
          "With a token, all names cost one query, and names near the unknown ones one more. A name that GitHub is not asked for within its limits, or within some seconds, is `unchecked`. GitHub's answers are remembered for ten minutes. With `github=false`, only what Gitpip has on record is read."
      })
    ),
    HttpApiEndpoint.get("preview", "/users/:username/preview", {
      params: username,
      query: { ...rules, contact },
      success: Preview,
      error: [AccountNotFoundProblem, GithubProblem]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "What tracking a user would publish and cost",
        description:
          "Reads all of the user's gist lists from GitHub and stores nothing. The user need not be tracked. Rules in the query come before the user's own, and those before the settings. With `contact=true` Pipedrive is asked whom the first file would name, for up to 65 tokens."
      })
    ),
    HttpApiEndpoint.get("list", "/users", {
      query: {
        ...page,
        state: Schema.optionalKey(
          Schema.Literal("failing").annotate({
            description: "Only users whose last check failed",
            message: "must be `failing`"
          })
        )
      },
      success: paged(Schema.Array(User))
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Tracked users by ascending id",
        description: "All users as one array. With `limit`, `after` or `state` a page, with a `Link` to the next one."
      })
    ),
    HttpApiEndpoint.get("get", "/users/:username", {
      params: username,
      success: UserDetails,
      error: UserNotTrackedProblem
    }).annotateMerge(OpenApi.annotations({ summary: "One user with profile, deal, rules and counts" })),
    HttpApiEndpoint.delete("untrack", "/users/:username", {
      params: username,
      success: User,
      error: UserNotTrackedProblem
    }).annotateMerge(OpenApi.annotations({ summary: "Stop tracking a user; the user's files stay" })),
    HttpApiEndpoint.delete("forget", "/users/:username/data", {
      params: username,
      success: Forgotten,
      error: [UserNotTrackedProblem, UserBusyProblem]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Erase everything that is stored about a user",
        description:
          "Stops tracking the user as well, who need not be tracked. Keyed hashes of the name and of published files stay, so that no list tracks the user again, and no file is published again. What stands in Pipedrive stays, and is named in the answer. Nothing is erased while a file of the user is being published (409)."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Users" })) {}

/** The calls that show files. */
export class Gists extends HttpApiGroup.make("gists")
  .add(
    HttpApiEndpoint.post("latest", "/latestgists/:username", {
      params: username,
      query: visitor,
      success: HttpApiSchema.WithHeaders(Schema.Array(GistFile), {
        "gitpip-visit": Schema.optionalKey(
          digits(VisitId, "a visit's id is a whole number", "The visit's number; absent when nothing was new")
        )
      }),
      error: [UserNotTrackedProblem, TooManyVisitorsProblem]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The files that are new since the visitor's last visit",
        description:
          "Records a visit that shows files. Its answer can be read again under the id in the `Gitpip-Visit` header. A visit that shows nothing is not recorded."
      })
    ),
    HttpApiEndpoint.get("news", "/news", {
      query: { ...page, ...visitor },
      success: paged(Schema.Array(News))
    }).annotateMerge(
      OpenApi.annotations({
        summary: "How many files are new to the visitor, for each tracked user by ascending id; records no visit",
        description: "Counts at most 1,000 files of one user."
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
        description:
          "A client that lost the answer of a visit finds the visit's id here, and reads the answer under that id."
      })
    ),
    HttpApiEndpoint.get("visit", "/users/:username/visits/:visit", {
      params: { username: Name, visit: idOf("visit") },
      success: Visit,
      error: [UserNotTrackedProblem, VisitNotFoundProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "The answer of an earlier visit" })),
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

/** The calls that start and show scans. */
export class Scans extends HttpApiGroup.make("scans")
  .add(
    HttpApiEndpoint.post("request", "/scans", {
      query: { username: Schema.optionalKey(Name.annotate({ description: "The only user to scan" })) },
      success: HttpApiSchema.WithHeaders(Scan.pipe(HttpApiSchema.status(202)), { location: Schema.String }),
      error: [UserNotTrackedProblem, ScanNotFoundProblem]
    }).annotateMerge(OpenApi.annotations({ summary: "Request a scan now, of all users or of one" })),
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

/** The calls of supervisors and dashboards. */
export class System extends HttpApiGroup.make("system")
  .add(
    HttpApiEndpoint.get("health", "/health", {
      success: HttpApiSchema.asText()(Schema.String),
      error: HttpApiSchema.asText()(Schema.String.annotate({ description: "Background work has ended" })).pipe(
        HttpApiSchema.status(503)
      )
    }).annotateMerge(
      OpenApi.annotations({ summary: "`Alive` while the process serves and its background work lives; needs no key" })
    ),
    HttpApiEndpoint.get("ready", "/ready", {
      query: {
        exclude: Schema.optionalKey(
          Schema.Literal("work").annotate({ description: "Check the database alone", message: "must be `work`" })
        )
      },
      success: Schema.Struct({ ready: Schema.Literal(true) }),
      error: NotReadyProblem
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Whether the database answers and work gets done; needs no key",
        description:
          "With `exclude=work`, only whether this server can answer callers. Work that is late at GitHub or Pipedrive is late for all servers of a database, so a load balancer gains nothing from another server."
      })
    ),
    HttpApiEndpoint.get("status", "/status", { success: Status }).annotateMerge(
      OpenApi.annotations({ summary: "The state of scanning, publishing, budgets and users" })
    ),
    HttpApiEndpoint.get("days", "/days", {
      query: {
        days: Schema.optionalKey(
          between([1, 31], "must be a whole number from 1 to 31", "How many days, 1 to 31; 14 by default")
        )
      },
      success: Schema.Array(Day)
    }).annotateMerge(OpenApi.annotations({ summary: "Files found and published on each of the last days" })),
    HttpApiEndpoint.get("events", "/events", {
      success: HttpApiSchema.StreamSse({ data: Change })
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Changes from now on, as server-sent events",
        description:
          "Each event is a hint to read again; the first one is `listening`. The stream ends after an hour, and when the server stops; browsers then connect again."
      })
    ),
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })(Schema.String)
    }).annotateMerge(OpenApi.annotations({ summary: "Metrics for Prometheus" }))
  )
  .annotateMerge(OpenApi.annotations({ title: "System" })) {}

/** For browsers, which keep a session in a cookie in place of the key. */
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

/** Gitpip's HTTP API. */
export class Api extends HttpApi.make("gitpip")
  .add(Users, Contacts, Gists, Scans, Publications, System, Session)
  .middleware(ProblemDetails)
  .annotateMerge(
    OpenApi.annotations({
      title: "Gitpip",
      version: "0.1.0",
      description:
        "Tracks the public gists of GitHub users and puts each new file into Pipedrive exactly once. Errors are RFC 9457 problems. Each path that takes GET also takes HEAD, and each path answers OPTIONS with 204 and its methods in Allow.",
      license: { name: "MIT", identifier: "MIT" },
      transform: complete
    })
  ) {}
