/** How each kind of request comes about in a combination, and which of these requests are the victim's. */
import { Duration, Effect } from "effect"
import { Source } from "../../src/domain/Source.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import { Store } from "../../src/store/Store.ts"
import type { RequestKind } from "./dimensions.ts"
import { setupProvocations } from "./setupProvocations.ts"
import {
  addListed,
  addNews,
  addNewsBehindLarge,
  always,
  asDeals,
  asLeads,
  bodyOf,
  companyOf,
  crowd,
  file,
  is,
  isActivity,
  isFileActivity,
  isFileLead,
  isQuery,
  isTheirDeal,
  listed,
  loseOnce,
  named,
  nameOf,
  type Provocation,
  personField,
  titled,
  victim,
  withCompany,
  withField
} from "./stage.ts"

export const provocations: { readonly [K in RequestKind]: Provocation } = {
  ...setupProvocations,
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
  // Read when a user is tracked. Only the names of new persons come from profiles.
  "github profile": {
    isNew: true,
    atStart: true,
    hasNames: true,
    provoke: addNews,
    matches: is("GET", "/users/{login}"),
    ofThing: ({ params }) => params[0] === victim
  },
  "github contacts": {
    ask: Effect.flatMap(Gitpip, ({ trackContacts }) => trackContacts(Source.make("org:acme"))),
    tracks: true,
    provoke: (stage) => {
      addNews(stage)
      stage.github.addUser("acme", { type: "Organization" })
      addListed(stage)
      stage.github.setMembers("acme", [listed])
    },
    matches: is("GET", "/orgs/{org}/public_members"),
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
  "pipedrive person search": {
    isNew: true,
    hasNoDeal: true,
    hasNames: true,
    provoke: addNews,
    matches: is("GET", "/api/v2/persons/search"),
    ofThing: ({ query }) => query.term === nameOf(victim)
  },
  // The login is in the field of a person whom a salesperson added.
  "pipedrive person check": {
    options: withField,
    isNew: true,
    hasNoDeal: true,
    provoke: (stage) => {
      addNews(stage)
      stage.pipedrive.addPerson({ name: `${victim} of sales`, custom_fields: { [personField.key]: victim } })
    },
    matches: is("GET", "/api/v2/persons/{id}"),
    ofThing: always
  },
  "pipedrive organization search": {
    options: withCompany,
    hasCompanies: true,
    isNew: true,
    hasNoDeal: true,
    provoke: addNews,
    matches: is("GET", "/api/v2/organizations/search"),
    ofThing: ({ query }) => query.term === companyOf(victim)
  },
  "pipedrive deal": {
    isNew: true,
    hasNoDeal: true,
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
    hasNoDeal: true,
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
    hasNoDeal: true,
    provoke: addNews,
    matches: is("POST", "/api/v2/persons"),
    ofThing: named(victim)
  },
  "pipedrive persons": {
    isNew: true,
    hasNoDeal: true,
    provoke: (stage) => {
      addNews(stage)
      loseOnce(stage, (request) => is("POST", "/api/v2/persons")(request) && named(victim)(request))
    },
    matches: (request) => is("GET", "/api/v2/persons")(request) && request.query.sort_by === "add_time"
  },
  // Of a crowd whose names Pipedrive would be searched for otherwise.
  "pipedrive person list": {
    isNew: true,
    isCrowd: true,
    hasNames: true,
    provoke: (stage) => {
      for (const login of crowd) stage.github.addGist(login, { files: { [`${login}.md`]: "news" } })
      addNews(stage)
    },
    matches: (request) => is("GET", "/api/v2/persons")(request) && request.query.sort_by !== "add_time"
  },
  "pipedrive contacts": {
    options: { ...withField, env: { ...withField.env, GITPIP_FOLLOW_PIPEDRIVE: "10 minutes" } },
    tracks: true,
    provoke: (stage) => {
      addNews(stage)
      addListed(stage)
      stage.pipedrive.addPerson({ name: listed, custom_fields: { [personField.key]: listed } })
    },
    matches: (request) =>
      is("GET", "/api/v2/persons")(request) &&
      request.query.sort_by === "update_time" &&
      request.query.sort_direction === "asc"
  },
  "pipedrive organization": {
    options: withCompany,
    hasCompanies: true,
    isNew: true,
    hasNoDeal: true,
    provoke: addNews,
    matches: is("POST", "/api/v2/organizations"),
    ofThing: named(companyOf(victim))
  },
  "pipedrive organizations": {
    options: withCompany,
    hasCompanies: true,
    isNew: true,
    hasNoDeal: true,
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
