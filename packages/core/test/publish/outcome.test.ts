/** The table of docs/lifecycle.md: what becomes of a publication, and who waits, for each way in which an attempt can fail. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import {
  Blocked,
  GistNotFound,
  githubError,
  NotPublic,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected
} from "../../src/github/Github.ts"
import type { Verdict } from "../../src/publish/evidence.ts"
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

const verdict = (scope: Verdict["scope"], isProven: boolean): Verdict => ({
  scope,
  isProven,
  failures: 2,
  userFailures: 2,
  isAlone: scope === "thing"
})
const own = verdict("thing", true)
const open = verdict("thing", false)
const users = verdict("user", false)
const all = verdict("service", false)

const claim = (attempts = 1, errorReason: string | null = null): Outcome.Situation => ({ attempts, errorReason })
const last = claim(Timing.maxAttempts)

/** In one line: what becomes of it, as which reason; then who waits, and why. */
const inWords = ({ block, outcome }: Outcome.Decision): string => {
  const marks = [
    ...("reason" in outcome ? [outcome.reason] : []),
    ...("counts" in outcome && outcome.counts ? ["counts"] : []),
    ...("isUncertain" in outcome && outcome.isUncertain ? ["uncertain"] : []),
    ...("due" in outcome ? [outcome.due._tag] : [])
  ]
  const waits = block === undefined ? "" : `; ${block.scope} ${block.until._tag} ${block.cause}`
  return `${outcome._tag}: ${marks.join(", ")}${waits}`
}

describe("after an error of the sink", () => {
  const refused = new ItemRefused({ message })
  const forbidden = new Forbidden({ message, scope: "thing" })
  const denied = new Forbidden({ message, scope: "credential" })
  const unknown = new OutcomeUnknown({ message })
  const limited = new ItemLimited({ message, until: instant })
  const table: ReadonlyArray<readonly [SinkError["reason"], Outcome.Step, Outcome.Situation, Verdict, string]> = [
    [refused, "create", claim(), open, "fail: ItemRefused"],
    [refused, "create", claim(), own, "fail: ItemRefused"],
    [refused, "create", claim(), users, "fail: ItemRefused; user Growing suspicion"],
    [refused, "create", claim(), all, "retry: ItemRefused, Backoff; service Growing suspicion"],
    [refused, "target", claim(), users, "fail: ItemRefused; user Growing suspicion"],
    [forbidden, "create", claim(), open, "retry: Forbidden, Backoff"],
    [forbidden, "create", claim(), own, "retry: Forbidden, counts, Backoff"],
    [forbidden, "create", last, own, "fail: Forbidden"],
    [forbidden, "create", last, open, "retry: Forbidden, Backoff"],
    [forbidden, "create", claim(), users, "retry: Forbidden, Backoff; user Growing suspicion"],
    [forbidden, "create", last, verdict("user", true), "fail: Forbidden; user Growing suspicion"],
    [forbidden, "create", claim(), all, "retry: Forbidden, Backoff; service Growing suspicion"],
    [denied, "create", claim(), open, "release: Forbidden; service After suspicion"],
    [denied, "target", claim(), users, "release: Forbidden; service After suspicion"],
    [denied, "create", claim(), own, "retry: Forbidden, counts, Backoff"],
    [unknown, "create", claim(), open, "retry: OutcomeUnknown, uncertain, Backoff"],
    [unknown, "create", claim(), own, "retry: OutcomeUnknown, counts, uncertain, Backoff"],
    [unknown, "create", last, own, "retry: OutcomeUnknown, counts, uncertain, Backoff"],
    [unknown, "create", claim(), users, "retry: OutcomeUnknown, uncertain, Backoff; user Growing suspicion"],
    [unknown, "create", claim(), all, "retry: OutcomeUnknown, uncertain, Backoff; service Growing suspicion"],
    [unknown, "target", claim(), users, "retry: DealUnknown, Backoff; user Growing suspicion"],
    [unknown, "lookup", claim(), open, "retry: LookupFailed, uncertain, Backoff"],
    [unknown, "lookup", last, own, "fail: LookupFailed, uncertain"],
    [forbidden, "lookup", claim(), all, "retry: LookupFailed, uncertain, Backoff; service Growing suspicion"],
    [refused, "lookup", claim(), own, "retry: LookupFailed, counts, uncertain, Backoff"],
    [new TargetGone({ message }), "create", claim(), open, "retry: TargetGone, counts, Backoff"],
    [new TargetGone({ message }), "create", last, open, "fail: TargetGone"],
    [new NotSent({ message }), "create", claim(), open, "retry: NotSent, counts, Backoff"],
    [new NotSent({ message }), "create", last, open, "fail: NotSent"],
    [limited, "create", claim(), open, "retry: ItemLimited, Backoff"],
    [limited, "create", last, open, "retry: ItemLimited, Backoff"],
    [limited, "create", last, own, "fail: ItemLimited"],
    [limited, "create", claim(), users, "retry: ItemLimited, Backoff; user Growing suspicion"],
    [limited, "lookup", claim(), open, "retry: LookupFailed, uncertain, Backoff"],
    [new NotYet({ message, retryAt: instant }), "target", last, open, "snooze: NotYet, At"],
    [new Paused({ message, until: instant, binding: true }), "create", last, open, "release: Paused; service At limit"],
    [new Paused({ message, until: instant, binding: false }), "lookup", last, open, "release: Paused; service At fault"]
  ]
  for (const [reason, step, situation, judged, expected] of table) {
    const tries = situation === last ? "the last try" : "a try"
    it(`${reason._tag} at ${step}, ${tries}, ${judged.scope}'s ${judged.isProven ? "for certain" : "perhaps"}`, () => {
      assert.strictEqual(
        inWords(Outcome.afterSinkError(situation, new SinkError({ reason }), { step, verdict: judged })),
        expected
      )
    })
  }

  it("waits as long as a service says that limits one publication alone, also for a lookup", () => {
    const error = new SinkError({ reason: limited })
    for (const step of ["create", "lookup"] as const) {
      const { outcome } = Outcome.afterSinkError(claim(), error, { step, verdict: open })
      assert.deepStrictEqual(outcome._tag === "retry" && outcome.due, {
        _tag: "Backoff",
        failures: 2,
        atLeast: Duration.zero,
        notBefore: instant
      })
    }
  })

  it("waits for a lost answer until the request has certainly ended, and at most an hour where a sink asks for more", () => {
    const lost = Outcome.afterSinkError(claim(), new SinkError({ reason: unknown }), { step: "create", verdict: open })
    assert.deepStrictEqual(lost.outcome._tag === "retry" && lost.outcome.due, {
      _tag: "Backoff",
      failures: 2,
      atLeast: Timing.settleDelay
    })
    const later = Outcome.afterSinkError(
      claim(),
      new SinkError({ reason: new NotYet({ message, retryAt: instant }) }),
      {
        step: "target",
        verdict: open
      }
    )
    assert.deepStrictEqual(later.outcome._tag === "snooze" && later.outcome.due, {
      _tag: "At",
      instant,
      atMost: Timing.maxPutOff
    })
  })

  it("sends no more often than a file may be tried, and the last times without the content", () => {
    assert.isUndefined(Outcome.beforeResend(claim(Timing.maxAttempts)))
    assert.strictEqual(Outcome.beforeResend(claim(Timing.maxAttempts + 1))?._tag, "fail")
    assert.isTrue(Outcome.sendsContent(claim(Timing.maxAttempts - 2)))
    assert.isFalse(Outcome.sendsContent(claim(Timing.maxAttempts - 1)))
  })
})

describe("after an error of GitHub", () => {
  const limited = (binding: boolean) => new RateLimited({ message, resumeAt: instant, binding })
  const table: ReadonlyArray<readonly [string, ReturnType<typeof githubError>, Outcome.Situation, Verdict, string]> = [
    [
      "a gist that is missing once",
      githubError(new GistNotFound({ message })),
      claim(),
      own,
      "retry: GistNotFound, counts, After"
    ],
    [
      "a gist that is missing twice",
      githubError(new GistNotFound({ message })),
      claim(2, "GistNotFound"),
      own,
      "discard: GistGone"
    ],
    ["a stated limit", githubError(limited(true)), claim(), own, "release: RateLimited; service At limit"],
    ["the own pace", githubError(limited(false)), claim(), own, "release: RateLimited; service At pace"],
    ["a limit of one host", githubError(limited(true), "host"), claim(), own, "snooze: RateLimited, At"],
    [
      "a refused token",
      githubError(new Unauthorized({ message })),
      claim(),
      open,
      "release: Unauthorized; service After suspicion"
    ],
    [
      "a 403 that is the token's",
      githubError(new Refused({ message }), "credential"),
      claim(),
      open,
      "release: Refused; service After suspicion"
    ],
    ["a gist that GitHub withholds", githubError(new Blocked({ message })), claim(), open, "fail: Blocked"],
    ["a gist that became secret", githubError(new NotPublic({ message })), claim(), open, "discard: NotPublic"],
    [
      "a gist that is not said to be public or secret",
      githubError(new Unavailable({ message: "it does not say whether the gist is public" })),
      claim(),
      open,
      "retry: Unavailable, Backoff"
    ],
    ["a 403, perhaps the gist's", githubError(new Refused({ message })), claim(), open, "retry: Refused, Backoff"],
    ["a 403, certainly the gist's", githubError(new Refused({ message })), claim(), own, "fail: Refused"],
    [
      "a 403 of three users",
      githubError(new Refused({ message })),
      claim(),
      all,
      "retry: Refused, Backoff; service Growing suspicion"
    ],
    [
      "no answer, perhaps the gist's",
      githubError(new Unavailable({ message })),
      claim(),
      open,
      "retry: Unavailable, Backoff"
    ],
    ["no answer, certainly the gist's", githubError(new Unavailable({ message })), last, own, "fail: Unavailable"],
    [
      "no answer, the last try in an outage",
      githubError(new Unavailable({ message })),
      last,
      all,
      "retry: Unavailable, Backoff; service Growing suspicion"
    ],
    [
      "no answer for one thing by GitHub's own scope",
      githubError(new Unavailable({ message }), "thing"),
      last,
      all,
      "fail: Unavailable"
    ],
    ["nonsense", githubError(new Unexpected({ message })), claim(), all, "retry: Unexpected, counts, Backoff"],
    ["nonsense, the last try", githubError(new Unexpected({ message })), last, open, "fail: Unexpected"]
  ]
  for (const [what, error, situation, judged, expected] of table) {
    it(what, () => {
      assert.strictEqual(inWords(Outcome.afterGithubError(situation, error, judged)), expected)
    })
  }

  const contents: ReadonlyArray<
    readonly [string, ReturnType<typeof githubError>, Outcome.Situation, boolean, boolean]
  > = [
    ["a content that GitHub withholds", githubError(new Blocked({ message })), claim(), false, true],
    ["a content elsewhere", githubError(new Unexpected({ message })), claim(), false, true],
    [
      "a content behind a limit",
      githubError(new RateLimited({ message, resumeAt: instant, binding: true }), "host"),
      claim(),
      false,
      false
    ],
    [
      "a content behind a limit that was waited for",
      githubError(new RateLimited({ message, resumeAt: instant, binding: true }), "host"),
      claim(1, "RateLimited"),
      false,
      true
    ],
    ["a content that does not come", githubError(new Unavailable({ message }), "thing"), claim(), false, false],
    [
      "a content that does not come the last time",
      githubError(new Unavailable({ message }), "thing"),
      last,
      false,
      true
    ],
    ["a content in an outage", githubError(new Unavailable({ message })), last, false, false],
    ["a whole gist that GitHub withholds", githubError(new Blocked({ message })), last, true, false]
  ]
  for (const [what, error, situation, isWhole, isOmitted] of contents) {
    it(`${what} is ${isOmitted ? "left out" : "not left out"}`, () => {
      assert.strictEqual(Outcome.contentInPlaceOf(situation, error, { isWhole }) !== undefined, isOmitted)
    })
  }
})

it("failures look alike whatever their numbers, and different when their words differ", () => {
  const signature = (text: string) => Outcome.signatureOf(new SinkError({ reason: new ItemRefused({ message: text }) }))
  assert.strictEqual(signature("deal 12 is closed"), signature("deal 3 is closed"))
  assert.notStrictEqual(signature("deal 12 is closed"), signature("note is too long"))
})

it("all tries of a file take longer than trouble of an hour", () => {
  const waits = Array.from({ length: Timing.maxAttempts - 1 }, (_, n) => Timing.publicationRetryDelay(n + 1))
  const total = waits.reduce((sum, wait) => Duration.sum(sum, Timing.jittered(wait, 0)), Duration.zero)
  assert.isTrue(Duration.isGreaterThan(total, Duration.hours(1)))
})
