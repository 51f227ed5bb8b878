/**
 * Pipedrive's REST API (v2), as far as Gitpip needs it: activities, deals and notes.
 *
 * Guarantees: one gate for all requests with one token; the token travels in a header and to the configured origin only;
 * no redirect is followed; every error says whether the work may have been done all the same. Nothing is ever retried
 * here: Pipedrive has no idempotency key, so only the caller, who can look first, may try again.
 *
 * Outside facts: https://developers.pipedrive.com/docs/api/v1/openapi-v2.yaml ,
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting ,
 * https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes
 */
import { createHash } from "node:crypto"
import { Clock, Context, DateTime, Duration, Effect, Layer, Option, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { sentence } from "../domain/Text.ts"
import * as Timing from "../domain/Timing.ts"
import { type Answer, type ExchangeError, exchange, int, json } from "../net/exchange.ts"
import * as LimitEvidence from "../net/limitEvidence.ts"
import { RequestedFor } from "../net/limitEvidence.ts"
import { SharedQuota } from "../net/SharedQuota.ts"
import * as Gate from "../net/Throttle.ts"
import { fieldOf, tell } from "../net/unreadable.ts"
import type { PipedriveSettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

// ------------------------------------------------------------------------------------------------------------------
// Errors
// ------------------------------------------------------------------------------------------------------------------

/** Too many requests within two seconds, or there would be. Nothing was done. */
export class BurstLimited extends Schema.TaggedError<BurstLimited>()("BurstLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString
}) {}
/** The company's tokens for the day are used up. Nothing was done. */
export class BudgetSpent extends Schema.TaggedError<BudgetSpent>()("BudgetSpent", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString
}) {}
/** This request meets a limit again and again that others do not meet. Nothing was done. */
export class ItemLimited extends Schema.TaggedError<ItemLimited>()("ItemLimited", {
  message: Schema.String,
  resumeAt: Schema.DateTimeUtcFromString
}) {}
/** The token, the account or the address: nothing works until a person acts. Nothing was done. */
export class Denied extends Schema.TaggedError<Denied>()("Denied", { message: Schema.String }) {}
/** This one item is not accepted. Nothing was done. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { status: Schema.Int, message: Schema.String }) {}
/**
 * Refused, and the answer does not say whether this item, its deal or the credential is the reason: other items tell.
 * `isPage`: something in front of Pipedrive refused, a firewall for example. Nothing was done.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  message: Schema.String,
  isPage: Schema.Boolean
}) {}
/** What was asked about does not exist (any more), as Pipedrive itself says. Nothing was done. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message: Schema.String }) {}
/** The caller took the request back before it left. */
export class Withheld extends Schema.TaggedError<Withheld>()("Withheld", { message: Schema.String }) {}
/** The request certainly never reached Pipedrive. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { message: Schema.String }) {}
/** A web page came with a 2xx: a sign-in page, most likely. Only a proxy that did the work could hide behind it. */
export class NotPipedrive extends Schema.TaggedError<NotPipedrive>()("NotPipedrive", { message: Schema.String }) {}
/** No readable answer came: the work may or may not have been done. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {
  message: Schema.String
}) {}

export class PipedriveError extends Schema.TaggedError<PipedriveError>()("PipedriveError", {
  reason: Schema.Union([
    BurstLimited,
    BudgetSpent,
    ItemLimited,
    Denied,
    Refused,
    Forbidden,
    NotFound,
    Withheld,
    Unreachable,
    NotPipedrive,
    OutcomeUnknown
  ])
}) {
  override get message(): string {
    return this.reason.message
  }
}

// ------------------------------------------------------------------------------------------------------------------
// Values
// ------------------------------------------------------------------------------------------------------------------

export interface NewActivity {
  readonly subject: string
  /** `key_string` of an activity type. */
  readonly type: string
  readonly deal_id: number
  /** `YYYY-MM-DD`, a calendar day of whoever reads it. */
  readonly due_date: string
  readonly done: boolean
  /** HTML. */
  readonly note: string
}

const StoredActivity = Schema.Struct({
  id: Schema.Int,
  note: Schema.optional(Schema.NullOr(Schema.String)),
  add_time: Schema.optional(Schema.NullOr(Schema.String))
})
export type StoredActivity = typeof StoredActivity.Type

const StoredDeal = Schema.Struct({
  id: Schema.Int,
  title: Schema.String,
  add_time: Schema.optional(Schema.NullOr(Schema.String)),
  status: Schema.optional(Schema.NullOr(Schema.String)),
  is_deleted: Schema.optional(Schema.NullOr(Schema.Boolean)),
  is_archived: Schema.optional(Schema.NullOr(Schema.Boolean))
})
export type StoredDeal = typeof StoredDeal.Type

const StoredNote = Schema.Struct({ id: Schema.Int, content: Schema.optional(Schema.NullOr(Schema.String)) })
export type StoredNote = typeof StoredNote.Type

const ActivityType = Schema.Struct({ key_string: Schema.String, active_flag: Schema.optional(Schema.Unknown) })

type Call<A> = Effect.Effect<A, PipedriveError>

/** Runs right before the request leaves, behind every wait. With `false` it does not leave. */
export type Begin = Effect.Effect<boolean>

// ------------------------------------------------------------------------------------------------------------------
// Service
// ------------------------------------------------------------------------------------------------------------------

/** Each method names its price in tokens of the company's day budget. */
export class Pipedrive extends Context.Service<
  Pipedrive,
  {
    /** Names the limits that apply, without naming the token. */
    readonly limitKey: string
    readonly origin: string
    /** 5 tokens. Answers the new activity's id. */
    readonly createActivity: (activity: NewActivity, begin?: Begin) => Call<number>
    /** 3 tokens. Deleting what is deleted already succeeds. */
    readonly deleteActivity: (id: number) => Call<void>
    /** 10 tokens a page of up to 500, newest first, from `cursor` on. */
    readonly activitiesOfDeal: (dealId: number, cursor: Option.Option<string>) => Call<Page<StoredActivity>>
    /** 5 tokens. Answers the new deal's id. */
    readonly createDeal: (title: string, begin?: Begin) => Call<number>
    /** 3 tokens. Deleting what is deleted already succeeds. */
    readonly deleteDeal: (id: number) => Call<void>
    /** 1 token. `None` when it is deleted or cannot be seen. */
    readonly deal: (id: number) => Call<Option.Option<StoredDeal>>
    /** 20 tokens. Deals whose title equals the term but for case. The index lags by seconds. */
    readonly searchDeals: (title: string) => Call<ReadonlyArray<StoredDeal>>
    /** 10 tokens a page of up to 500, newest first, from `cursor` on. Not delayed like the search. */
    readonly newestDeals: (cursor: Option.Option<string>) => Call<Page<StoredDeal>>
    /** 10 tokens (v1 only). */
    readonly createNote: (note: { readonly deal_id: number; readonly content: string }) => Call<number>
    /** 20 tokens (v1 only). */
    readonly notesOfDeal: (dealId: number) => Call<ReadonlyArray<StoredNote>>
    /** 2 tokens (v1 only). Succeeds while the token is accepted. `timeZone` is an IANA name, or empty when not told. */
    readonly me: Call<{ readonly timeZone: string }>
    /** 20 tokens (v1 only). The `key_string`s of the active activity types. */
    readonly activityTypes: Call<ReadonlyArray<string>>
    /** What is left of the burst window and of the day, by Pipedrive's last word. */
    readonly limits: Effect.Effect<Gate.ThrottleState>
    /** The company's tokens of the day, by the last answer that told. */
    readonly budget: Effect.Effect<Option.Option<DayBudget>>
    /** Sends nothing until then: another process, or an earlier one, met a limit. */
    readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
  }
>()("gitpip/Pipedrive") {
  static readonly layer = (settings: PipedriveSettings): Layer.Layer<Pipedrive, never, HttpClient.HttpClient> =>
    Layer.effect(
      Pipedrive,
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const limitKey = `pipedrive:${createHash("sha256")
          .update(`${settings.origin}\n${Redacted.value(settings.token)}`)
          .digest("hex")
          .slice(0, 16)}`
        const sharedQuota = yield* SharedQuota
        const throttle = Gate.make({ concurrency, patience, quota: sharedQuota.quota(limitKey) })
        const searchThrottle = Gate.make({
          concurrency: searchWindow.limit,
          patience,
          quota: sharedQuota.quota(`${limitKey}:searches`)
        })
        searchThrottle.pace(searchWindow)
        let budget: DayBudget | undefined
        let evidence = LimitEvidence.none
        /** Answers of 429 in a row that may be everybody's: how many, when the last one came, and the price of the cheapest call among them. */
        let refusals = 0
        let refusedAt = Number.NEGATIVE_INFINITY
        let refusedCost = Number.POSITIVE_INFINITY

        const note = Effect.fnUntraced(function* (answer: Answer, search: boolean, startedAt: number) {
          const now = yield* Clock.currentTimeMillis
          const left = tokensLeft(answer)
          const day = int(answer.headers, "x-daily-ratelimit-token-limit")
          if (left !== undefined) {
            budget = {
              left: Math.max(left, 0),
              limit: day ?? smallestBudget,
              renewsAt: DateTime.makeUnsafe(midnightAfter(now)),
              period: oneDay
            }
          }
          const limit = int(answer.headers, "x-ratelimit-limit")
          const remaining = int(answer.headers, "x-ratelimit-remaining")
          const reset = int(answer.headers, "x-ratelimit-reset")
          // A search counts in a window of its own, and its headers tell of that one.
          if (limit === undefined || remaining === undefined || search) return
          const resetAt = now + Math.min(Math.max(reset ?? 2, 1), maxReset) * 1_000
          throttle.learnWindow({ limit, millis: windowMillis, remaining, resetAt, startedAt })
        })

        const call = Effect.fnUntraced(function* (
          request: HttpClientRequest.HttpClientRequest,
          {
            begin = Effect.succeed(true),
            cost,
            maxPause = maxBurst,
            maxBytes = maxItemBytes,
            search = false,
            timeout = Timing.createTimeout
          }: {
            readonly cost: number
            readonly begin?: Begin | undefined
            readonly search?: boolean
            readonly maxBytes?: number
            readonly timeout?: Duration.Duration
            /** Within which others are asked again whatever is answered. Shorter: what a refusal says of limits is not believed. */
            readonly maxPause?: Duration.Duration
          }
        ): Effect.fn.Return<unknown, PipedriveError> {
          const authorized = HttpClientRequest.setHeaders(request, {
            "x-api-token": Redacted.value(settings.token),
            accept: "application/json",
            "user-agent": "gitpip"
          })
          const requester = yield* RequestedFor
          const by =
            requester === undefined
              ? undefined
              : { ...requester, thing: `${request.method} ${request.url} ${requester.thing}` }
          const held = LimitEvidence.heldUntil(evidence, by?.thing, yield* Clock.currentTimeMillis)
          if (held !== undefined) return yield* fail(ownLimit("Pipedrive's limit of requests is reached", held))
          let startedAt = 0
          const sent = throttle.pass(
            Effect.gen(function* () {
              if (!(yield* begin)) return undefined
              startedAt = yield* Clock.currentTimeMillis
              const answer = yield* exchange(client, authorized, {
                timeout,
                maxBytes,
                durations
              })
              if (answer.status < 300 || maxPause === maxBurst) yield* note(answer, search, startedAt)
              return answer
            })
          )
          const answer = yield* (search ? searchThrottle.pass(sent) : sent).pipe(
            Effect.catchTags({
              ExchangeError: (error: ExchangeError) =>
                fail(
                  error.sent
                    ? new OutcomeUnknown({ message: `Pipedrive: ${error.message}` })
                    : new Unreachable({ message: `Pipedrive cannot be reached: ${error.message}` })
                ),
              Closed: ({ pace, until, why }) => {
                const Reason = pace ? BurstLimited : BudgetSpent
                return fail(
                  new Reason({
                    message: `Pipedrive is not asked again yet: ${why}`,
                    resumeAt: DateTime.makeUnsafe(until)
                  })
                )
              }
            })
          )
          if (answer === undefined) return yield* fail(new Withheld({ message: "the request was not sent in time" }))
          const body = json(answer)
          if (answer.status !== 429) {
            evidence = LimitEvidence.answered(evidence, { thing: by?.thing, startedAt })
            // A cheaper call can fit into what is left of a day.
            if (cost >= refusedCost) {
              refusals = 0
              refusedCost = Number.POSITIVE_INFINITY
            }
          }
          if (answer.status >= 200 && answer.status < 300) {
            // A 2xx alone is no proof: only a body that says so is.
            if (Schema.is(WireSuccess)(body) && !answer.cut) return body
            return yield* fail(unreadable(answer, body))
          }
          // Several that were under way at once are refused once.
          const times = refusals + (startedAt > refusedAt ? 1 : 0)
          const reason = yield* classify(answer, body, { refusals: times, cost })
          if (reason._tag !== "BurstLimited" && reason._tag !== "BudgetSpent") return yield* fail(reason)
          const { message } = reason
          const now = yield* Clock.currentTimeMillis
          const told = reason.resumeAt.epochMilliseconds
          const limit = LimitEvidence.refused(evidence, {
            by,
            isStated: isSpent(answer, cost),
            startedAt,
            now,
            told,
            minWait: (n) => growingWait(n) * 1_000
          })
          evidence = limit.evidence
          const until = LimitEvidence.blockedUntil(limit.scope, told, now)
          if (until === undefined) return yield* fail(ownLimit(message, limit.until))
          if (times > refusals) refusedAt = now
          refusals = times
          refusedCost = Math.min(refusedCost, cost)
          const latest = maxPause === maxBurst ? until : Math.min(until, now + Duration.toMillis(maxPause))
          throttle.close(latest, message)
          // A day that is not known to be spent is no limit for another process.
          const Reason = limit.scope === "everybody" && reason._tag === "BudgetSpent" ? BudgetSpent : BurstLimited
          return yield* fail(new Reason({ message, resumeAt: DateTime.makeUnsafe(until) }))
        })

        const get = (path: string, query: Record<string, string | number> = {}) =>
          HttpClientRequest.get(`${settings.origin}/api/${path}`, { urlParams: query })
        const post = (path: string, body: unknown) =>
          HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(`${settings.origin}/api/${path}`), body)

        const create = (
          path: string,
          body: unknown,
          { begin, cost }: { readonly cost: number; readonly begin?: Begin | undefined }
        ) =>
          call(post(path, body), { cost, begin }).pipe(
            Effect.flatMap(read(WireCreated)),
            Effect.map(({ data }) => data.id)
          )
        const remove = (path: string) =>
          call(HttpClientRequest.delete(`${settings.origin}/api/${path}`), { cost: 3 }).pipe(
            Effect.asVoid,
            Effect.catchReason("PipedriveError", "NotFound", () => Effect.void)
          )
        const newestFirst = (cursor: Option.Option<string>) => ({
          sort_by: "add_time",
          sort_direction: "desc",
          limit: 500,
          ...(Option.isSome(cursor) ? { cursor: cursor.value } : {})
        })
        const list = <A, I>(schema: Schema.Codec<A, I>, request: HttpClientRequest.HttpClientRequest, cost: number) =>
          call(request, { cost, maxBytes: maxListBytes }).pipe(
            Effect.flatMap(read(wirePage(schema))),
            Effect.map(
              (page): Page<A> => ({
                items: page.data ?? [],
                cursor: Option.fromNullishOr(page.additional_data?.next_cursor)
              })
            )
          )

        return Pipedrive.of({
          limitKey,
          origin: settings.origin,
          createActivity: Effect.fn("Pipedrive.createActivity")((activity: NewActivity, begin?: Begin) =>
            create("v2/activities", activity, { cost: Timing.createCost, begin })
          ),
          deleteActivity: Effect.fn("Pipedrive.deleteActivity")((id: number) => remove(`v2/activities/${id}`)),
          activitiesOfDeal: Effect.fn("Pipedrive.activitiesOfDeal")((dealId: number, cursor: Option.Option<string>) =>
            list(StoredActivity, get("v2/activities", { deal_id: dealId, ...newestFirst(cursor) }), 10)
          ),
          createDeal: Effect.fn("Pipedrive.createDeal")((title: string, begin?: Begin) =>
            create("v2/deals", { title }, { cost: Timing.createCost, begin })
          ),
          deleteDeal: Effect.fn("Pipedrive.deleteDeal")((id: number) => remove(`v2/deals/${id}`)),
          deal: Effect.fn("Pipedrive.deal")((id: number) =>
            call(get(`v2/deals/${id}`), { cost: 1 }).pipe(
              Effect.flatMap(read(wireOne(StoredDeal))),
              Effect.map(({ data }) => (data.is_deleted === true ? Option.none() : Option.some(data))),
              Effect.catchReason("PipedriveError", "NotFound", () => Effect.succeedNone)
            )
          ),
          searchDeals: Effect.fn("Pipedrive.searchDeals")((title: string) =>
            call(get("v2/deals/search", { term: title, fields: "title", exact_match: "true", limit: 100 }), {
              cost: 20,
              search: true,
              maxBytes: maxListBytes
            }).pipe(
              Effect.flatMap(read(WireSearch)),
              Effect.map(({ data }) => data.items.map(({ item }) => item))
            )
          ),
          newestDeals: Effect.fn("Pipedrive.newestDeals")((cursor: Option.Option<string>) =>
            list(StoredDeal, get("v2/deals", newestFirst(cursor)), 10)
          ),
          createNote: Effect.fn("Pipedrive.createNote")(
            (body: { readonly deal_id: number; readonly content: string }) => create("v1/notes", body, { cost: 10 })
          ),
          notesOfDeal: Effect.fn("Pipedrive.notesOfDeal")((dealId: number) =>
            Effect.map(list(StoredNote, get("v1/notes", { deal_id: dealId, limit: 100 }), 20), ({ items }) => items)
          ),
          me: call(get("v1/users/me"), { cost: 2, maxPause: pauseForZone, timeout: probeTimeout }).pipe(
            Effect.map((body) => ({
              timeZone: Schema.is(WireCurrentUser)(body) ? (body.data.timezone_name ?? "") : ""
            })),
            Effect.withSpan("Pipedrive.me")
          ),
          activityTypes: Effect.map(list(ActivityType, get("v1/activityTypes"), 20), ({ items }) =>
            items.filter((type) => type.active_flag !== false && type.active_flag !== 0).map((type) => type.key_string)
          ),
          limits: Effect.sync(throttle.state),
          // What was said yesterday no longer holds.
          budget: Effect.map(DateTime.now, (now) =>
            Option.filter(Option.fromUndefinedOr(budget), ({ renewsAt }) => DateTime.isLessThan(now, renewsAt))
          ),
          block: (until, why) => Effect.sync(() => throttle.close(until.epochMilliseconds, why))
        })
      })
    )
}

/** Tokens of the company's day. The day is taken to end at midnight UTC. */
export interface DayBudget {
  readonly left: number
  readonly limit: number
  readonly renewsAt: DateTime.Utc
  readonly period: Duration.Duration
}

/** A part of a list, and where the next one begins. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly cursor: Option.Option<string>
}

// ------------------------------------------------------------------------------------------------------------------
// Manners
// ------------------------------------------------------------------------------------------------------------------

/** Below the burst of the smallest plan (20 in two seconds), so that the first answers can tell the true one. */
const concurrency = 12
const patience = Duration.seconds(15)

/** A page of 500 activities with notes of 100 KB each would be 50 MB; a page of such is read in no other way. */
const maxListBytes = 64 * 1024 * 1024

/** One item: its note has 100 KB at most, and JSON writes no character with more than six. */
const maxItemBytes = 1024 * 1024

/** The budget of the smallest plan: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
const smallestBudget = 30_000

const oneDay = Duration.days(1)
const durations = Telemetry.requestsTo("pipedrive")

/** The end of the day in UTC. */
const midnightAfter = (now: number): number => {
  const day = Duration.toMillis(oneDay)
  return (Math.floor(now / day) + 1) * day
}

/** Pipedrive counts requests within two seconds; a little more, since its clock is not ours. */
const windowMillis = 2_050

/** Seconds until a window of two is renewed, whatever a header says. */
const maxReset = 60

/** Searching is limited to ten requests in two seconds on every plan. */
const searchWindow = { limit: 10, millis: windowMillis }

/** The company's tokens left, by the answer. A day can end below zero. */
const tokensLeft = ({ headers }: Answer): number | undefined => {
  const value = headers["x-daily-ratelimit-token-remaining"]
  return value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** Whether the answer says that the day leaves less than a call costs. */
const isSpent = (answer: Answer, cost: number): boolean => (tokensLeft(answer) ?? cost) < cost

/** The longest wait for a burst to end, whatever a header says. */
const maxBurst = Duration.hours(1)

/** Files wait for this read, which none of them needs: a read that never ends costs no more than this. */
const probeTimeout = Duration.seconds(10)

/** Publishing needs no time zone: a limit that only the question for it meets keeps nothing back for longer. */
const pauseForZone = Duration.seconds(30)

/** From the third refusal in a row on, the wait grows: half a minute, doubling. Headers that promise more were wrong twice. */
const growingWait = (refusals: number): number => (refusals < 3 ? 0 : 30 * 2 ** Math.min(refusals - 3, 10))

/**
 * What an answer that is no success means.
 *
 * Both kinds of 429 look alike; only undocumented headers tell them apart, and they can be missing. The day is spent when
 * fewer tokens are left than the call costs; without headers, at the third 429 in a row. The day ends at midnight of the
 * server's zone, which is taken to be UTC.
 */
const classify = Effect.fnUntraced(function* (
  answer: Answer,
  body: unknown,
  { cost, refusals }: { readonly cost: number; readonly refusals: number }
) {
  const { status, headers } = answer
  const now = yield* Clock.currentTimeMillis
  const message = Schema.is(WireFailure)(body)
    ? sentence([body.error, body.code].filter(Boolean).join(" "), 500)
    : `HTTP ${status}`
  // Pipedrive's own refusals say `success: false`; all else comes from something in front of it.
  const isPage = !Schema.is(WireFailure)(body) || body.success !== false
  if (status === 429) {
    const spent = isSpent(answer, cost)
    if (spent || (refusals >= 3 && headers["x-ratelimit-remaining"] === undefined)) {
      const renewed = midnightAfter(now) + 60_000
      return new BudgetSpent({
        message: "Pipedrive's tokens for the day are used up",
        resumeAt: DateTime.makeUnsafe(spent ? renewed : Math.min(renewed, now + 3_600_000))
      })
    }
    const wait = Math.max(
      int(headers, "retry-after") ?? 0,
      int(headers, "x-ratelimit-reset") ?? 0,
      growingWait(refusals),
      2
    )
    return new BurstLimited({
      message: "Pipedrive's limit of requests is reached",
      resumeAt: DateTime.makeUnsafe(now + Math.min(wait * 1_000, Duration.toMillis(maxBurst)))
    })
  }
  if (status === 401)
    return new Denied({ message: `Pipedrive refuses the token: ${message}. Set PIPEDRIVE_TOKEN to a valid one` })
  if (status === 402) return new Denied({ message: `Pipedrive says the account is closed or unpaid: ${message}` })
  if (status === 403) {
    if (/capping|limit/.test(message)) return new Refused({ status, message: `Pipedrive refuses: ${message}` })
    return new Forbidden({
      isPage,
      message: isPage
        ? `A firewall in front of Pipedrive refuses the request: ${message}`
        : `Pipedrive denies access: ${message}. Check what the token's user may see and edit`
    })
  }
  // A page of a proxy does not tell that a deal is gone: another deal would take its place.
  if (status === 404 && !isPage) return new NotFound({ message: `Pipedrive does not find it: ${message}` })
  if (status === 410) {
    return new Forbidden({
      isPage: false,
      message: `Pipedrive has retired what was asked for (HTTP 410). Update Gitpip; if it is the newest, report this`
    })
  }
  if (status === 408 || status >= 500) return new OutcomeUnknown({ message: `Pipedrive answers with HTTP ${status}` })
  if (status >= 300 && status < 400)
    return new Denied({ message: `Pipedrive redirects (HTTP ${status}), which is not followed. Check PIPEDRIVE_ORG` })
  return isPage && status !== 413
    ? new Forbidden({
        isPage,
        message: `Something in front of Pipedrive refuses the request: ${message} (HTTP ${status})`
      })
    : new Refused({ status, message: `Pipedrive refuses: ${message}` })
})

/** What a 2xx means whose body does not say that it succeeded. */
const unreadable = (answer: Answer, body: unknown) => {
  const { headers, status } = answer
  if (Schema.is(WireFailure)(body)) {
    return new OutcomeUnknown({
      message: `Pipedrive answers HTTP ${status} and yet reports a failure: ${sentence(body.error, 500)}`
    })
  }
  const isPage = /html/i.test(headers["content-type"] ?? "") || answer.body[0] === 0x3c
  return isPage
    ? new NotPipedrive({
        message: `A web page answers in Pipedrive's place (HTTP ${status}). PIPEDRIVE_API_URL or PIPEDRIVE_ORG leads to a sign-in page`
      })
    : new OutcomeUnknown({ message: `Pipedrive answers HTTP ${status} with a body that cannot be read` })
}

const ownLimit = (message: string, until: number) => new ItemLimited({ message, resumeAt: DateTime.makeUnsafe(until) })

const fail = (reason: PipedriveError["reason"]) => Effect.fail(new PipedriveError({ reason }))

// ------------------------------------------------------------------------------------------------------------------
// Wire
// ------------------------------------------------------------------------------------------------------------------

const WireSuccess = Schema.Struct({ success: Schema.Literal(true) })
const WireFailure = Schema.Struct({
  success: Schema.optional(Schema.Unknown),
  error: Schema.String,
  code: Schema.optional(Schema.Unknown)
})
/** https://developers.pipedrive.com/docs/api/v1/Users#getCurrentUser */
const WireCurrentUser = Schema.Struct({
  data: Schema.Struct({ timezone_name: Schema.optional(Schema.NullOr(Schema.String)) })
})
const WireCreated = Schema.Struct({ data: Schema.Struct({ id: Schema.Int }) })
const WireSearch = Schema.Struct({ data: Schema.Struct({ items: Schema.Array(Schema.Struct({ item: StoredDeal })) }) })
const wireOne = <A, I>(schema: Schema.Codec<A, I>) => Schema.Struct({ data: schema })
const wirePage = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.Struct({
    data: Schema.NullOr(Schema.Array(schema)),
    additional_data: Schema.optional(
      Schema.NullOr(Schema.Struct({ next_cursor: Schema.optional(Schema.NullOr(Schema.String)) }))
    )
  })

const read =
  <A, I>(schema: Schema.Codec<A, I>) =>
  (body: unknown): Effect.Effect<A, PipedriveError> =>
    Schema.decodeUnknownEffect(schema)(body).pipe(
      Effect.catch((error) =>
        Effect.andThen(
          tell("Pipedrive", fieldOf(error)),
          fail(new OutcomeUnknown({ message: "Pipedrive's answer has an unknown form" }))
        )
      )
    )
