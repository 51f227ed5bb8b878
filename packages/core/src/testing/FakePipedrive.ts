/**
 * Pipedrive as an HTTP server on loopback: activities, deals, leads, notes, persons and organizations of one company, strict
 * bodies, cursor paging, both limits.
 *
 * The fake follows https://pipedrive.readme.io/docs and field reports. Where those are silent or disagree, an option
 * chooses, and the option's default is the reading that is hardest on a client.
 *
 * Hazard: nothing stops a second activity with the same subject, as with the real service. A test that wants to know
 * whether something was created twice must read `activities`.
 */
import { Clock, Effect, type Scope } from "effect"
import type { HttpServerError } from "effect/http"
import type { FakeRequest, FakeService, FakeServiceOptions } from "./FakeService.ts"
import { moveActivities } from "./internal/pipedrive/activities.ts"
import { type Company, makeCompany } from "./internal/pipedrive/company.ts"
import { addDeal, type DealInput, editDeal } from "./internal/pipedrive/deals.ts"
import { convertLead, editLead } from "./internal/pipedrive/leads.ts"
import {
  type BurstOptions,
  burstHeaders,
  cloudflareBlock,
  makeBudget,
  makeBurst,
  PATIENCE,
  tooMany
} from "./internal/pipedrive/limits.ts"
import { operations } from "./internal/pipedrive/operations.ts"
import { addOrganization, type OrganizationInput } from "./internal/pipedrive/organizations.ts"
import { addPerson, editPerson, type PersonInput } from "./internal/pipedrive/persons.ts"
import { refusal } from "./internal/pipedrive/requests.ts"
import { type PipedriveRoute, pipedriveRoutes } from "./internal/pipedrive/routes.ts"
import { newSetup, type PipedriveSetup } from "./internal/pipedrive/setup.ts"
import type {
  PipedriveActivity,
  PipedriveDeal,
  PipedriveLead,
  PipedriveNote,
  PipedriveOrganization,
  PipedrivePerson
} from "./internal/pipedrive/state.ts"
import { jsonReply, type Reply } from "./internal/reply.ts"
import { serve } from "./internal/server.ts"

export type { DealInput } from "./internal/pipedrive/deals.ts"
export type { OrganizationInput } from "./internal/pipedrive/organizations.ts"
export type { PersonInput } from "./internal/pipedrive/persons.ts"
export type { PipedriveRoute } from "./internal/pipedrive/routes.ts"
export type { PipedriveSetup } from "./internal/pipedrive/setup.ts"
export type {
  PipedriveActivity,
  PipedriveDeal,
  PipedriveLead,
  PipedriveNote,
  PipedriveOrganization,
  PipedrivePerson
} from "./internal/pipedrive/state.ts"

/**
 * A fault that the fake shows in place of an answer.
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
 */
export type PipedriveFault =
  /** Too many requests in the window: `429`, with seconds to wait in `x-ratelimit-reset` (default 2). */
  | { readonly kind: "burst-limit"; readonly resetInSeconds?: number }
  /** The company's day is over: `429` with no token left. */
  | { readonly kind: "budget-spent" }
  /** What follows when refusals are ignored: `403` with an HTML page. */
  | { readonly kind: "cloudflare-block" }

/** What a fake Pipedrive is like at its start. */
export interface FakePipedriveOptions extends FakeServiceOptions {
  /** Default `pipedrive-token`. */
  readonly token?: string
  /** A rolling window per token (default 20 in 2,000 ms; searches 10). `false`: no limit and no headers. */
  readonly burst?: BurstOptions | false
  /** The company's budget (default 30,000). `false`: no limit and no headers. */
  readonly dailyTokens?: number | false
  /** What a `POST` answers: the description says 200 (the default), the official client's tests say 201. */
  readonly createdStatus?: 200 | 201
  /** How long a new row is missing from lists. Default 0. */
  readonly listLagMillis?: number
  /** How long a new or changed deal is missing from searches. Default 5,000. */
  readonly searchLagMillis?: number
  /** For an activity or note on a deal that is deleted or was never there. Default 404. */
  readonly missingDealStatus?: 400 | 404
  /** For a note of more than 100,000 bytes, as sent or as cleaned. Default 400. */
  readonly noteTooLargeStatus?: 400 | 413
  /** Of the token's user, by its IANA name. Default `Etc/UTC`. */
  readonly timeZone?: string
  /** What differs from a new company: one pipeline with five stages, one user, three labels and priorities. */
  readonly setup?: Partial<PipedriveSetup>
}

/** A Pipedrive on 127.0.0.1 that keeps deals and activities, counts tokens, and breaks on request. */
export interface FakePipedrive extends FakeService<PipedriveRoute, PipedriveFault> {
  readonly token: string
  /** All that are not deleted, in order of creation. */
  readonly activities: ReadonlyArray<PipedriveActivity>
  readonly deals: ReadonlyArray<PipedriveDeal>
  /** Those that are archived included. */
  readonly leads: ReadonlyArray<PipedriveLead>
  readonly notes: ReadonlyArray<PipedriveNote>
  readonly persons: ReadonlyArray<PipedrivePerson>
  /** Adds a deal as if a person had made it, long enough ago for a search to find it. Returns its id. */
  readonly addDeal: (deal: DealInput) => number
  readonly deleteDeal: (id: number) => void
  /** Changes a deal as a person would. */
  readonly changeDeal: (id: number, change: Partial<DealInput>) => void
  /** Merges a deal into another one, as a person would: its activities move, and it is deleted. */
  readonly mergeDeal: (id: number, into: number) => void
  /** What the company has set up, with the fields that were added by requests. */
  readonly setup: PipedriveSetup
  /** Changes pipelines, stages, users, labels or priorities as an administrator would. */
  readonly changeSetup: (change: Partial<PipedriveSetup>) => void
  readonly deleteActivity: (id: number) => void
  /** Changes a lead as a person would: another title, or archived. */
  readonly changeLead: (id: string, change: Partial<Pick<PipedriveLead, "title" | "is_archived">>) => void
  /** Converts a lead to a deal as a person would. Returns the deal's id. */
  readonly convertLead: (id: string) => number
  /** Adds a person as a salesperson would, long enough ago for a search to find it. Returns its id. */
  readonly addPerson: (person: PersonInput) => number
  /** Changes a person as a salesperson would. */
  readonly changePerson: (id: number, change: Partial<PersonInput>) => void
  readonly deletePerson: (id: number) => void
  readonly organizations: ReadonlyArray<PipedriveOrganization>
  /** Adds an organization as a salesperson would, long enough ago for a search to find it. Returns its id. */
  readonly addOrganization: (organization: OrganizationInput) => number
  readonly deleteOrganization: (id: number) => void
  /** By all requests since the start. */
  readonly tokensSpent: number
  /** Sets how many tokens are left for the rest of the day. */
  readonly setDailyTokens: (tokens: number) => void
}

/** Throws when what was to be changed or deleted is not there. */
const deleted = (done: boolean, what: string, id: number | string) => {
  if (!done) throw new Error(`The Pipedrive fake has no ${what} ${id}`)
}

/** What salespeople do to persons. */
const personsOf = (company: Company): Pick<FakePipedrive, "addPerson" | "changePerson" | "deletePerson"> => ({
  addPerson: (person) => addPerson(company, person),
  changePerson: (id, change) => deleted(editPerson(company, id, change), "person", id),
  deletePerson: (id) => deleted(company.persons.delete(id, company.now()), "person", id)
})

const make = Effect.fnUntraced(function* (
  options: FakePipedriveOptions = {}
): Effect.fn.Return<FakePipedrive, HttpServerError.ServeError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const token = options.token ?? "pipedrive-token"
  const company = makeCompany(
    {
      createdStatus: options.createdStatus ?? 200,
      listLagMillis: options.listLagMillis ?? 0,
      searchLagMillis: options.searchLagMillis ?? 5000,
      missingDealStatus: options.missingDealStatus ?? 404,
      noteTooLargeStatus: options.noteTooLargeStatus ?? 400,
      timeZone: options.timeZone ?? "Etc/UTC"
    },
    { ...newSetup, ...options.setup },
    now
  )
  const admission = makeAdmission(company, token, options)
  const server = yield* serve<PipedriveRoute, PipedriveFault>(options, () => ({
    routes: pipedriveRoutes,
    answer: admission.answer,
    fault: faultReply
  }))
  return {
    ...server,
    token,
    get activities() {
      return company.activities.present()
    },
    get deals() {
      return company.deals.present()
    },
    get leads() {
      return [...company.leads.values()].map(({ value }) => value)
    },
    notes: company.notes,
    get persons() {
      return company.persons.present()
    },
    ...personsOf(company),
    get organizations() {
      return company.organizations.present()
    },
    addOrganization: (organization) => addOrganization(company, organization),
    deleteOrganization: (id) => deleted(company.organizations.delete(id, now()), "organization", id),
    addDeal: (deal) => addDeal(company, deal),
    deleteDeal: (id) => deleted(company.deals.delete(id, now()), "deal", id),
    changeDeal: (id, change) => deleted(editDeal(company, id, change), "deal", id),
    mergeDeal: (id, into) => {
      moveActivities(company, id, into)
      deleted(company.deals.delete(id, now()), "deal", id)
    },
    get setup() {
      return company.setup
    },
    changeSetup: (change) => {
      company.setup = { ...company.setup, ...change }
    },
    changeLead: (id, change) => deleted(editLead(company, id, change), "lead", id),
    convertLead: (id) => {
      const deal = convertLead(company, id)
      if (deal === undefined) throw new Error(`The Pipedrive fake has no lead ${id}`)
      return deal
    },
    deleteActivity: (id) => deleted(company.activities.delete(id, now()), "activity", id),
    get tokensSpent() {
      return admission.spent()
    },
    setDailyTokens: (tokens) => admission.setDailyTokens(tokens, now())
  }
})

/** A Pipedrive on 127.0.0.1 that keeps deals and activities, counts tokens, and breaks on request. */
export const FakePipedrive: { readonly make: typeof make } = { make }

/** Searches have a window of their own, on every plan. */
const SEARCHES = 10

/** What each request passes before it is answered: token, burst, budget. */
const makeAdmission = (company: Company, token: string, options: FakePipedriveOptions) => {
  const { burst: window = { limit: 20, windowMillis: 2000 } } = options
  const burst = window === false ? undefined : makeBurst(window)
  const searches = window === false ? undefined : makeBurst({ ...window, limit: SEARCHES })
  const budget = makeBudget(options.dailyTokens ?? 30_000)
  let refusedInARow = 0
  let spent = 0
  let requests = 0

  const refuse = (headers: Readonly<Record<string, string>>): Reply => {
    refusedInARow += 1
    return refusedInARow > PATIENCE ? cloudflareBlock() : tooMany(headers)
  }

  const answer = (request: FakeRequest<PipedriveRoute>): Reply => {
    const correlation = { "x-correlation-id": `00000000-0000-4000-8000-${`${++requests}`.padStart(12, "0")}` }
    if (request.headers["x-api-token"] !== token) return unauthorized(correlation)

    const facts = (/search$/i.test(request.route ?? "") ? searches : burst)?.(request.at)
    const headers = () => ({
      ...correlation,
      ...(facts === undefined ? {} : burstHeaders(facts)),
      ...budget.headers(request.at)
    })
    if (facts?.refused === true || budget.left(request.at) <= 0) return refuse(headers())
    refusedInARow = 0

    const operation = operations[`${request.method} ${request.route}`]
    if (operation !== undefined) {
      spent += operation.cost
      budget.spend(operation.cost, request.at)
    }
    const reply = operation?.run(company, request) ?? refusal(request.route === undefined ? 404 : 405, "Unknown method")
    return { ...reply, headers: { ...reply.headers, ...headers() } }
  }

  return { answer, spent: () => spent, setDailyTokens: budget.set }
}

/** As a live probe recorded it. */
const unauthorized = (headers: Readonly<Record<string, string>>): Reply =>
  jsonReply(
    401,
    {
      success: false,
      error: "unauthorized access",
      errorCode: 401,
      error_info: "Please check developers.pipedrive.com"
    },
    { ...headers, "x-401-by-gw": "true" }
  )

const faultReply = (fault: PipedriveFault): Reply => {
  if (fault.kind === "cloudflare-block") return cloudflareBlock()
  const isBurst = fault.kind === "burst-limit"
  const resetInSeconds = isBurst ? (fault.resetInSeconds ?? 2) : 2
  return tooMany({
    ...burstHeaders({ refused: isBurst, limit: 20, remaining: isBurst ? 0 : 19, reset: resetInSeconds }),
    "x-daily-ratelimit-token-limit": "30000",
    "x-daily-ratelimit-token-remaining": isBurst ? "20000" : "0"
  })
}
