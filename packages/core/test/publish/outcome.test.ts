/** The table of docs/lifecycle.md: what becomes of a publication, and who waits, for each way in which an attempt can fail. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import { UserKey } from "../../src/domain/User.ts"
import {
  Blocked,
  GistNotFound,
  type GithubError,
  githubError,
  NotPublic,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected
} from "../../src/github/Github.ts"
import type { Decision, Situation } from "../../src/publish/decision.ts"
import type { FailureVerdict } from "../../src/publish/evidence.ts"
import { afterContentError, afterGithubError, failureOfGithub } from "../../src/publish/githubOutcome.ts"
import * as Outcome from "../../src/publish/outcome.ts"
import {
  Forbidden,
  ItemLimited,
  ItemRefused,
  NotSent,
  NotYet,
  OutcomeUnknown,
  Paused,
  SinkError,
  TargetGone
} from "../../src/publish/Sink.ts"

const message = "why"
const instant = DateTime.makeUnsafe("2026-11-28T12:00:00Z")

const verdict = (scope: FailureVerdict["scope"], isProven: boolean): FailureVerdict => ({
  scope,
  isProven,
  failures: 2,
  userFailures: 2,
  isAlone: scope === "thing"
})

/** Whose failure it is. */
const whose = {
  "the file's": verdict("thing", true),
  "perhaps the file's": verdict("thing", false),
  "the user's": verdict("user", true),
  "perhaps the user's": verdict("user", false),
  global: verdict("service", false)
}

const userKey = UserKey.make(1)

const situation = (attempts = 1, errorReason: string | null = null): Situation => ({ attempts, errorReason })

/** Which of the publication's attempts failed. */
const attempts = {
  first: situation(),
  last: situation(Timing.maxAttempts),
  "second as missing": situation(2, "GistNotFound")
}

const refused = new ItemRefused({ message })
const forbidden = new Forbidden({ message, scope: "thing" })
const denied = new Forbidden({ message, scope: "credential" })
const unknown = new OutcomeUnknown({ message })
const targetGone = new TargetGone({ message })
const notSent = new NotSent({ message })
const limited = new ItemLimited({ message, until: instant })
const notYet = new NotYet({ message, retryAt: instant })
const paused = (enforcedBy: "service" | "self") => new Paused({ message, until: instant, enforcedBy })

const missingGist = githubError(new GistNotFound({ message }))
const secretGist = githubError(new NotPublic({ message }))
const blockedGist = githubError(new Blocked({ message }))
const rateLimited = (enforcedBy: "service" | "self") => new RateLimited({ message, resumeAt: instant, enforcedBy })
const githubRefused = githubError(new Refused({ message }))
const unavailable = githubError(new Unavailable({ message }))
const unexpected = githubError(new Unexpected({ message }))

type Error = SinkError["reason"] | GithubError
type Step = Outcome.Step | "read"

/** An error, at which step of which attempt, and whose it is; then what becomes of the publication, and who waits. */
type Row = readonly [Error, Step, keyof typeof attempts, keyof typeof whose, becomes: string, waits?: string]

const growing = (scope: string) => `${scope}: Growing, suspicion by self`

const table: ReadonlyArray<Row> = [
  // The sink rejects the file.
  [refused, "create", "first", "perhaps the file's", "fail ItemRefused"],
  [refused, "create", "first", "the file's", "fail ItemRefused"],
  [refused, "create", "first", "perhaps the user's", "fail ItemRefused", growing("user")],
  [refused, "create", "first", "global", "retry ItemRefused, Backoff", growing("service")],
  [refused, "target", "first", "perhaps the user's", "fail ItemRefused", growing("user")],
  [refused, "lookup", "first", "the file's", "retry LookupFailed, counts, uncertain, Backoff"],

  // The sink rejects the request, and does not say why.
  [forbidden, "create", "first", "perhaps the file's", "retry Forbidden, Backoff"],
  [forbidden, "create", "first", "the file's", "retry Forbidden, counts, Backoff"],
  [forbidden, "create", "last", "the file's", "fail Forbidden"],
  [forbidden, "create", "last", "perhaps the file's", "retry Forbidden, Backoff"],
  [forbidden, "create", "first", "perhaps the user's", "retry Forbidden, Backoff", growing("user")],
  [forbidden, "create", "last", "the user's", "fail Forbidden", growing("user")],
  [forbidden, "create", "first", "global", "retry Forbidden, Backoff", growing("service")],
  [forbidden, "lookup", "first", "global", "retry LookupFailed, uncertain, Backoff", growing("service")],

  // The sink rejects the credential.
  [denied, "create", "first", "perhaps the file's", "release Forbidden", "service: After, suspicion by self"],
  [denied, "target", "first", "perhaps the user's", "release Forbidden", "service: After, suspicion by self"],
  [denied, "create", "first", "the file's", "retry Forbidden, counts, Backoff"],
  [denied, "lookup", "first", "perhaps the file's", "release Forbidden", "service: After, suspicion by self"],
  [denied, "lookup", "last", "perhaps the user's", "release Forbidden", "service: After, suspicion by self"],
  [denied, "lookup", "first", "global", "release Forbidden", "service: After, suspicion by self"],
  [denied, "lookup", "first", "the file's", "retry LookupFailed, counts, uncertain, Backoff"],
  [denied, "lookup", "last", "the file's", "fail LookupFailed, uncertain"],

  // No readable answer came.
  [unknown, "create", "first", "perhaps the file's", "retry OutcomeUnknown, uncertain, Backoff"],
  [unknown, "create", "first", "the file's", "retry OutcomeUnknown, counts, uncertain, Backoff"],
  [unknown, "create", "last", "the file's", "retry OutcomeUnknown, counts, uncertain, Backoff"],
  [unknown, "create", "first", "perhaps the user's", "retry OutcomeUnknown, uncertain, Backoff", growing("user")],
  [unknown, "create", "first", "global", "retry OutcomeUnknown, uncertain, Backoff", growing("service")],
  [unknown, "target", "first", "perhaps the user's", "retry DealUnknown, Backoff", growing("user")],
  [unknown, "lookup", "first", "perhaps the file's", "retry LookupFailed, uncertain, Backoff"],
  [unknown, "lookup", "last", "the file's", "fail LookupFailed, uncertain"],

  // The target is gone, or the request was not sent.
  [targetGone, "create", "first", "the file's", "retry TargetGone, counts, Backoff"],
  [targetGone, "create", "first", "perhaps the user's", "retry TargetGone, counts, Backoff", growing("user")],
  [targetGone, "create", "last", "the file's", "fail TargetGone"],
  [notSent, "create", "first", "perhaps the file's", "retry NotSent, counts, Backoff"],
  [notSent, "create", "last", "perhaps the file's", "fail NotSent"],
  [notYet, "target", "last", "the file's", "snooze NotYet, At"],

  // A limit of the sink.
  [limited, "create", "first", "perhaps the user's", "retry ItemLimited, Backoff", growing("user")],
  [limited, "create", "last", "perhaps the user's", "retry ItemLimited, Backoff", growing("user")],
  [limited, "create", "last", "the user's", "fail ItemLimited", growing("user")],
  [limited, "create", "last", "global", "retry ItemLimited, Backoff", growing("service")],
  [limited, "lookup", "first", "perhaps the user's", "retry LookupFailed, uncertain, Backoff", growing("user")],
  [paused("service"), "create", "last", "the file's", "release Paused", "service: At, limit by service"],
  [paused("self"), "lookup", "last", "the file's", "release Paused", "service: At, fault by self"],

  // GitHub does not give the gist.
  [missingGist, "read", "first", "the file's", "retry GistNotFound, counts, After"],
  [missingGist, "read", "second as missing", "the file's", "discard GistGone"],
  [secretGist, "read", "first", "the file's", "discard NotPublic"],
  [blockedGist, "read", "first", "the file's", "fail Blocked"],
  [githubRefused, "read", "first", "perhaps the file's", "retry Refused, Backoff"],
  [githubRefused, "read", "first", "the file's", "fail Refused"],
  [githubRefused, "read", "first", "global", "retry Refused, Backoff", growing("service")],
  [unexpected, "read", "first", "the file's", "retry Unexpected, counts, Backoff"],
  [unexpected, "read", "last", "the file's", "fail Unexpected"],

  // GitHub does not answer.
  [unavailable, "read", "first", "perhaps the file's", "retry Unavailable, Backoff"],
  [unavailable, "read", "last", "the file's", "fail Unavailable"],
  [unavailable, "read", "last", "global", "retry Unavailable, Backoff", growing("service")],
  [githubError(new Unavailable({ message }), "thing"), "read", "last", "the file's", "fail Unavailable"],

  // A limit of GitHub, or the token.
  [
    githubError(rateLimited("service")),
    "read",
    "first",
    "the file's",
    "release RateLimited",
    "service: At, limit by service"
  ],
  [
    githubError(rateLimited("self")),
    "read",
    "first",
    "the file's",
    "release RateLimited",
    "service: At, limit by self"
  ],
  [githubError(rateLimited("service"), "host"), "read", "first", "the file's", "snooze RateLimited, At"],
  [
    githubError(rateLimited("service"), "thing"),
    "read",
    "first",
    "the user's",
    "retry RateLimited, counts, Backoff",
    growing("user")
  ],
  [
    githubError(new Unauthorized({ message })),
    "read",
    "first",
    "perhaps the file's",
    "release Unauthorized",
    "service: After, suspicion by self"
  ],
  [
    githubError(new Refused({ message }), "credential"),
    "read",
    "first",
    "perhaps the file's",
    "release Refused",
    "service: After, suspicion by self"
  ]
]

const inWords = ({ block, outcome }: Decision): readonly [string, string | undefined] => {
  const why = outcome._tag === "release" ? outcome.why : outcome._tag === "published" ? undefined : outcome
  const marks = [
    ...("counts" in outcome && outcome.counts ? ["counts"] : []),
    ...("isUncertain" in outcome && outcome.isUncertain ? ["uncertain"] : []),
    ...("due" in outcome ? [outcome.due._tag] : [])
  ]
  return [
    [`${outcome._tag} ${why?.reason}`, ...marks].join(", "),
    block && `${block.scope}: ${block.until._tag}, ${block.cause} by ${block.enforcedBy}`
  ]
}

const decide = (error: Error, step: Step, claim: Situation, judged: FailureVerdict): Decision =>
  error._tag === "GithubError"
    ? afterGithubError(claim, error, judged)
    : Outcome.afterSinkError(claim, new SinkError({ reason: error }), { step: step as Outcome.Step, verdict: judged })

/** Whether the judge can come to this verdict, by the error and the step alone. */
const canOccur = ([error, step, , owner]: Row): boolean => {
  const failure =
    error._tag === "GithubError"
      ? failureOfGithub({ userKey, gistId: "a" }, error)
      : Outcome.failureOfSink({ userKey, key: 1 }, new SinkError({ reason: error }), step as Outcome.Step)
  // An error that names its scope itself, and a target that was just replaced, are compared with no other.
  if (failure === undefined || (error._tag === "TargetGone" && owner === "the file's")) return owner === "the file's"
  return !failure.isUserWide || whose[owner].scope !== "thing"
}

it("each row of the table of outcomes is one that can occur", () => {
  assert.deepStrictEqual(
    table.filter((row) => !canOccur(row)).map(([error, step, attempt, owner]) => [`${error}`, step, attempt, owner]),
    []
  )
})

describe("the outcome of an attempt", () => {
  for (const [error, step, attempt, owner, becomes, waits] of table) {
    const name = error._tag === "GithubError" ? `${error.reason._tag} (${error.scope})` : error._tag
    it(`${name} at ${step}, ${attempt} attempt, ${owner}: ${becomes}`, () => {
      assert.deepStrictEqual(inWords(decide(error, step, attempts[attempt], whose[owner])), [becomes, waits])
    })
  }
})

describe("an item that a lookup found and that could not be completed", () => {
  const finish = (reason: SinkError["reason"], attempt: keyof typeof attempts, owner: keyof typeof whose) =>
    inWords(
      Outcome.afterFinishError(attempts[attempt], new SinkError({ reason }), { remoteId: "7", verdict: whose[owner] })
    )

  it("is followed by another lookup while attempts are left", () => {
    assert.deepStrictEqual(finish(unknown, "first", "the file's"), [
      "retry LookupFailed, counts, uncertain, Backoff",
      undefined
    ])
  })

  it("is adopted unchanged after the last attempt", () => {
    for (const reason of [unknown, refused, forbidden]) {
      assert.deepStrictEqual(finish(reason, "last", "perhaps the file's"), ["published undefined", undefined])
    }
  })

  it("waits, also after the last attempt, while no file can be sent", () => {
    assert.deepStrictEqual(finish(denied, "last", "perhaps the file's"), [
      "release Forbidden",
      "service: After, suspicion by self"
    ])
    assert.deepStrictEqual(finish(paused("service"), "last", "the file's"), [
      "release Paused",
      "service: At, limit by service"
    ])
  })
})

describe("an item that a lookup found and whose content GitHub gives for no file", () => {
  const later = (error: GithubError) => inWords(afterContentError(attempts.first, error, whose.global))

  it("stays uncertain and waits, and publishing is paused as GitHub says", () => {
    assert.deepStrictEqual(later(githubError(new Unauthorized({ message }))), [
      "snooze ContentLater, uncertain, After",
      "service: After, suspicion by self"
    ])
    assert.deepStrictEqual(later(githubError(rateLimited("service"))), [
      "snooze ContentLater, uncertain, After",
      "service: At, limit by service"
    ])
    assert.deepStrictEqual(later(unavailable), ["snooze ContentLater, uncertain, After", growing("service")])
  })
})

describe("the wait", () => {
  const first = attempts.first
  const open = whose["perhaps the file's"]
  const dueAfter = (reason: SinkError["reason"], step: Outcome.Step) => {
    const { outcome } = Outcome.afterSinkError(first, new SinkError({ reason }), { step, verdict: open })
    return "due" in outcome ? outcome.due : undefined
  }

  it("lasts as long as a service says that limits one publication alone, also for a lookup", () => {
    for (const step of ["create", "lookup"] as const) {
      assert.deepStrictEqual(dueAfter(limited, step), {
        _tag: "Backoff",
        failures: 2,
        atLeast: Duration.zero,
        notBefore: instant
      })
    }
  })

  it("after a lost response lasts until the request has certainly ended", () => {
    assert.deepStrictEqual(dueAfter(unknown, "create"), { _tag: "Backoff", failures: 2, atLeast: Timing.settleDelay })
  })

  it("lasts an hour at most when a sink asks for more", () => {
    assert.deepStrictEqual(dueAfter(notYet, "target"), { _tag: "At", instant, atMost: Timing.maxSnooze })
  })
})

it("a limit that was read from the database is not stored again, and its reason is the one that the service gave", () => {
  const throttling = { why: "the day is over", isStored: true }
  const repeated = `Pipedrive is not asked again yet: ${throttling.why}`
  const paused = new Paused({ message: repeated, until: instant, enforcedBy: "service", throttling })
  const ofGithub = new RateLimited({ message: repeated, resumeAt: instant, enforcedBy: "service", throttling })
  for (const { block } of [
    Outcome.afterSinkError(attempts.first, new SinkError({ reason: paused }), {
      step: "create",
      verdict: whose.global
    }),
    afterGithubError(attempts.first, githubError(ofGithub), whose.global)
  ]) {
    assert.deepStrictEqual([block?.message, block?.cause], [throttling.why, "restored"])
  }
})

it("a burst limit for which the throttle keeps a request back is not stored again, and the limit itself is shown", () => {
  const why = "Pipedrive's limit of requests is reached"
  const pausedFor = (more: { readonly throttling?: { readonly why: string; readonly isStored: boolean } }) =>
    Outcome.afterSinkError(
      attempts.first,
      new SinkError({ reason: new Paused({ message: why, until: instant, enforcedBy: "self", ...more }) }),
      { step: "create", verdict: whose.global }
    ).block
  assert.deepInclude(pausedFor({}), { message: why, cause: "fault", enforcedBy: "self" })
  assert.deepInclude(pausedFor({ throttling: { why, isStored: false } }), {
    message: why,
    cause: "restored",
    enforcedBy: "self"
  })
})

it("a publication is sent no more often than its attempts allow", () => {
  assert.isUndefined(Outcome.beforeResend(situation(Timing.maxAttempts)))
  assert.strictEqual(Outcome.beforeResend(situation(Timing.maxAttempts + 1))?._tag, "fail")
})

it("failures are similar whatever their numbers, and different when their words differ", () => {
  const signature = (text: string) => Outcome.signatureOf(new SinkError({ reason: new ItemRefused({ message: text }) }))
  assert.strictEqual(signature("deal 12 is closed"), signature("deal 3 is closed"))
  assert.notStrictEqual(signature("deal 12 is closed"), signature("note is too long"))
})
