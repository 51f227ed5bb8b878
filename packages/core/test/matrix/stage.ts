/** The parts of provocations: who and what is on stage, and which requests are the victim's. */
import type { Effect } from "effect"
import type { DatabaseError } from "../../src/database/Database.ts"
import type { Gitpip } from "../../src/Gitpip.ts"
import type { Github } from "../../src/github/Github.ts"
import type { Store } from "../../src/store/Store.ts"
import type { FakeGithub, FakePipedrive, FakeRequest } from "../../src/testing/index.ts"
import type { WorldOptions } from "../world.ts"

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
  /** Nobody has made a deal for the victim. */
  readonly hasNoDeal?: true
  /** Each user shows a company of its own. */
  readonly hasCompanies?: true
  /** Each user shows a name of its own. */
  readonly hasNames?: true
  /** What a person asks of Gitpip every ten minutes, from the beginning of the trouble on. */
  readonly ask?: Effect.Effect<unknown, unknown, Gitpip>
  /** A list names `listed`, who has to be tracked by it, and whose file is published once. */
  readonly tracks?: true
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
/** The user whom only a list of contacts names. */
export const listed = "eve"
/** The users of a crowd. */
export const crowd: ReadonlyArray<string> = Array.from({ length: 12 }, (_, n) => `crowd-${n}`)
export const file = "ann-new.md"
export const other = "ann-other.md"
export const secret = "ann-secret.md"
/** Public when it is found, and secret a minute later. */
export const turned = "ann-turned.md"

export const addNews = (stage: Stage) => {
  stage.gist = stage.github.addGist(stage.victim, { files: { [file]: "news" } })
  stage.gists.push(stage.gist, stage.github.addGist(stage.victim, { files: { [other]: "news" } }))
}

/** The account that a list names, with a file. */
export const addListed = ({ github }: Stage) => {
  github.addUser(listed)
  github.addGist(listed, { files: { [`${listed}.md`]: "news" } })
}

/** Where the content comes from its own address: behind a file that is too large, in a gist that is. */
export const addNewsBehindLarge = (stage: Stage) => {
  for (const filename of [file, other]) {
    const id = stage.github.addGist(stage.victim, { files: { [`large-${filename}`]: large, [filename]: "news" } })
    stage.gists.push(id)
    stage.gist ||= id
  }
}

export const is = (method: string, route: string) => (request: FakeRequest) =>
  request.method === method && request.route === route

export const bodyOf = ({ body }: FakeRequest) => (body ?? {}) as Readonly<Record<string, unknown>>
export const titled = (title: string) => (request: FakeRequest) => String(bodyOf(request).title ?? "").startsWith(title)
/** `victim`'s person bears the login, where no user shows a name. */
export const named = (login: string) => (request: FakeRequest) => bodyOf(request).name === login
export const isQuery = (name: string) => (request: FakeRequest) =>
  request.route === "/graphql" && String(bodyOf(request).query ?? "").startsWith(`query ${name}`)

export const dealOf = (stage: Stage) => stage.pipedrive.deals.find(({ title }) => title === victim)?.id
export const isTheirDeal = (request: FakeRequest, stage: Stage) =>
  String(bodyOf(request).deal_id ?? request.query.deal_id ?? request.params[0]) === `${dealOf(stage)}`
const large = Buffer.alloc(4 * 1024 * 1024 + 1, "line of text\n")

export const isActivity = is("POST", "/api/v2/activities")
export const isFileActivity = (request: FakeRequest) => bodyOf(request).subject === file
export const asDeals = { env: { GITPIP_PUBLISH_AS: "deal" } }
export const personField = { key: "0123456789".repeat(4), name: "GitHub" }
export const withField = {
  env: { GITPIP_PERSON_FIELD: personField.name },
  pipedrive: { setup: { personFields: [personField] } }
}
export const companyOf = (login: string) => `Company of ${login}`
export const nameOf = (login: string) => `Name of ${login}`
export const withCompany = { env: { GITPIP_ORGANIZATION: "create" } }
export const asLeads = { env: { GITPIP_PUBLISH_AS: "lead" } }
export const isFileLead = (request: FakeRequest) => is("POST", "/api/v1/leads")(request) && titled(file)(request)
export const loseOnce = (stage: Stage, when: (request: FakeRequest) => boolean, kind: "lost" | "twice" = "lost") =>
  stage.pipedrive.injectFault({ kind }, { when })
export const always = () => true
