/** How each kind of request comes about in a combination, and which of these requests are the victim's. */
import { Duration, Effect } from "effect"
import type { DatabaseError } from "../../src/database/Database.ts"
import { Github } from "../../src/github/Github.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub, FakePipedrive, FakeRequest } from "../../src/testing/index.ts"
import type { WorldOptions } from "../world.ts"
import type { RequestKind } from "./dimensions.ts"

/** How a request of each kind comes about, and which ones are the victim's. */
export interface Provocation {
  readonly options?: WorldOptions
  readonly isBatch?: true
  /** More users, who have no deals: enough that the list of deals is read in place of searches. */
  readonly isCrowd?: true
  /** Before the work begins. */
  readonly prepare?: Effect.Effect<void, DatabaseError, Github | Store>
  readonly provoke: (stage: Stage) => void
  readonly matches: (request: FakeRequest) => boolean
  /** Of the requests that match: those of the victim, or of the one thing of theirs. */
  readonly ofUser?: (request: FakeRequest, stage: Stage) => boolean
  readonly ofThing?: (request: FakeRequest, stage: Stage) => boolean
  /** The victim is tracked when the trouble begins, not before. */
  readonly isNew?: true
  /** Each user shows a company of its own. */
  readonly hasCompanies?: true
  /** The trouble is there when the process starts. */
  readonly atStart?: true
}

export interface Stage {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  victim: string
  gist: string
  readonly gists: Array<string>
}

export const victim = "ann"
/** The users of a crowd. */
export const crowd: ReadonlyArray<string> = Array.from({ length: 12 }, (_, n) => `crowd-${n}`)
export const file = "ann-new.md"
export const other = "ann-other.md"
export const secret = "ann-secret.md"
/** Public when it is found, and secret a minute later. */
export const turned = "ann-turned.md"

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
/** `victim`'s person bears the login, since no user of the matrix shows a name. */
const named = (login: string) => (request: FakeRequest) => bodyOf(request).name === login
const isQuery = (name: string) => (request: FakeRequest) =>
  request.route === "/graphql" && String(bodyOf(request).query ?? "").startsWith(`query ${name}`)

export const dealOf = (stage: Stage) => stage.pipedrive.deals.find(({ title }) => title === victim)?.id
const isTheirDeal = (request: FakeRequest, stage: Stage) =>
  String(bodyOf(request).deal_id ?? request.query.deal_id ?? request.params[0]) === `${dealOf(stage)}`
const large = Buffer.alloc(4 * 1024 * 1024 + 1, "line of text\n")

const isActivity = is("POST", "/api/v2/activities")
const isFileActivity = (request: FakeRequest) => bodyOf(request).subject === file
const asDeals = { env: { GITPIP_PUBLISH_AS: "deal" } }
const personField = { key: "0123456789".repeat(4), name: "GitHub" }
const withField = {
  env: { GITPIP_PERSON_FIELD: personField.name },
  pipedrive: { setup: { personFields: [personField] } }
}
export const companyOf = (login: string) => `Company of ${login}`
const withCompany = { env: { GITPIP_ORGANIZATION: "create" } }
const asLeads = { env: { GITPIP_PUBLISH_AS: "lead" } }
const isFileLead = (request: FakeRequest) => is("POST", "/api/v1/leads")(request) && titled(file)(request)
const loseOnce = (stage: Stage, when: (request: FakeRequest) => boolean, kind: "lost" | "twice" = "lost") =>
  stage.pipedrive.injectFault({ kind }, { when })
const always = () => true

export const provocations: { readonly [K in RequestKind]: Provocation } = {
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
  "pipedrive item search": {
    options: withField,
    isNew: true,
    provoke: addNews,
    matches: is("GET", "/api/v2/itemSearch"),
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
  "pipedrive deal list": {
    isNew: true,
    isCrowd: true,
    provoke: (stage) => {
      for (const login of crowd) stage.github.addGist(login, { files: { [`${login}.md`]: "news" } })
      addNews(stage)
    },
    matches: (request) => is("GET", "/api/v2/deals")(request) && request.query.sort_by !== "add_time"
  },
  "pipedrive person": {
    isNew: true,
    provoke: addNews,
    matches: is("POST", "/api/v2/persons"),
    ofThing: named(victim)
  },
  "pipedrive persons": {
    isNew: true,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/persons")(request) && named(victim)(request))
    },
    matches: (request) => is("GET", "/api/v2/persons")(request) && request.query.sort_by !== "update_time"
  },
  "pipedrive contacts": {
    options: {
      env: { GITPIP_PERSON_FIELD: "GitHub", GITPIP_FOLLOW_PIPEDRIVE: "10 minutes" },
      pipedrive: { setup: { personFields: [{ key: "c".repeat(40), name: "GitHub" }] } }
    },
    provoke: addNews,
    matches: (request) => is("GET", "/api/v2/persons")(request) && request.query.sort_by === "update_time"
  },
  "pipedrive organization": {
    options: withCompany,
    hasCompanies: true,
    isNew: true,
    provoke: addNews,
    matches: is("POST", "/api/v2/organizations"),
    ofThing: named(companyOf(victim))
  },
  "pipedrive organizations": {
    options: withCompany,
    hasCompanies: true,
    isNew: true,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/organizations")(request) && named(companyOf(victim))(request))
    },
    matches: is("GET", "/api/v2/organizations")
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
  },
  "pipedrive lead": {
    options: asLeads,
    provoke: addNews,
    matches: is("POST", "/api/v1/leads"),
    ofUser: titled("ann-"),
    ofThing: titled(file)
  },
  "pipedrive leads": {
    options: asLeads,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, isFileLead)
    },
    matches: is("GET", "/api/v1/leads"),
    ofThing: always
  },
  "pipedrive archived leads": {
    options: asLeads,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, isFileLead)
    },
    matches: is("GET", "/api/v1/leads/archived"),
    ofThing: always
  },
  "pipedrive lead removal": {
    options: asLeads,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, isFileLead, "twice")
    },
    matches: is("DELETE", "/api/v1/leads/{id}"),
    ofThing: always
  }
}
