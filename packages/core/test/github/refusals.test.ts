/** What a refusal of GitHub is evidence of: the rules that `access.ts` decides by. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect } from "effect"
import {
  Blocked,
  GistNotFound,
  type GithubError,
  githubError,
  NotPublic,
  PaginationLimited,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected,
  Unreachable,
  UserNotFound
} from "../../src/github/errors.ts"
import * as Refusals from "../../src/github/refusals.ts"

const message = "why"
const resumeAt = DateTime.makeUnsafe(60_000)

describe("an error of GitHub", () => {
  for (const [reason, isAccepted, isRefusal, isWeak] of [
    [new Unauthorized({ message }), false, true, false],
    [new Refused({ message }), undefined, true, false],
    [new UserNotFound({ message }), true, true, true],
    [new GistNotFound({ message }), true, true, true],
    [new Blocked({ message }), true, false, true],
    [new Unexpected({ message }), undefined, true, true],
    [new NotPublic({ message }), undefined, false, true],
    [new PaginationLimited({ message }), undefined, false, true],
    [new RateLimited({ message, resumeAt, enforcedBy: "service" }), undefined, false, true],
    [new Unreachable({ message }), undefined, false, true],
    [new Unavailable({ message }), undefined, false, true]
  ] as ReadonlyArray<readonly [GithubError["reason"], boolean | undefined, boolean, boolean]>) {
    it(`an error ${reason._tag} shows what its reason says about the token and the thing`, () => {
      const error = githubError(reason)
      assert.deepStrictEqual(
        [Refusals.acceptanceOf(error), Refusals.isRefusal(error), Refusals.isWeak(error)],
        [isAccepted, isRefusal, isWeak]
      )
    })
  }
})

describe("the signature of a refusal", () => {
  const refused = (message: string) => Refusals.refusalSignature(githubError(new Refused({ message })))

  it("the signature of a refusal is the same for different things, whose ids the text names", () => {
    assert.strictEqual(refused("no access to 0a1b2c from 10:42"), refused("no access to 3d4e5f from 11:07"))
    const missing = (message: string) => Refusals.refusalSignature(githubError(new UserNotFound({ message })))
    assert.strictEqual(missing("GitHub knows no user ann"), missing("GitHub knows no user bob"))
  })

  it("the signature of a refusal differs with the text and with the reason", () => {
    assert.notStrictEqual(refused("suspended"), refused("flagged"))
    assert.notStrictEqual(refused("no"), Refusals.refusalSignature(githubError(new Unexpected({ message: "no" }))))
  })
})

describe("the refusal of everything", () => {
  const all = (reason: GithubError["reason"], hasToken = true) =>
    Refusals.globalRefusal(githubError(reason), { hasToken, until: 15_000 })

  it("the refusal of everything names what to check, and when GitHub is asked again", () => {
    const refused = all(new Refused({ message: "no" }))
    assert.strictEqual(refused.message, "GitHub refuses every request with the token: no. Check GITHUB_TOKEN")
    assert.deepStrictEqual(
      [refused.reason._tag, refused.scope, refused.retryAt?.epochMilliseconds],
      ["Unauthorized", "credential", 15_000]
    )
    assert.include(all(new Refused({ message: "no" }), false).message, "every request without a token")
    const missing = all(new UserNotFound({ message: "GitHub knows no user ann" }))
    assert.deepStrictEqual([missing.reason._tag, missing.scope], ["Unexpected", "service"])
    assert.include(missing.message, "Check GITHUB_API_URL")
    const unauthorized = new Unauthorized({ message: "Bad credentials. Set GITHUB_TOKEN" })
    assert.strictEqual(all(unauthorized).reason, unauthorized)
  })

  it("the refusal of everything doubles its wait to a minute, and to five minutes when the token itself is wrong", () => {
    const waits = (message: string) =>
      [1, 2, 3, 4, 5, 6, 100].map((times) =>
        Duration.toSeconds(Refusals.refusalWait(times, githubError(new Refused({ message }))))
      )
    assert.deepStrictEqual(waits("suspended"), [15, 30, 60, 60, 60, 60, 60])
    assert.deepStrictEqual(waits("Bad credentials"), [15, 30, 60, 120, 240, 300, 300])
  })
})

describe("the refusal of one kind of requests", () => {
  const hamster = new Refused({ message: "GitHub refuses it (HTTP 403): The hamster is asleep" })
  const token = new Unauthorized({
    message: "GitHub refuses the token (HTTP 403): Not accessible. Set GITHUB_TOKEN to another"
  })
  for (const [kind, reason, hasToken, message] of [
    [
      "list",
      hamster,
      true,
      "GitHub refuses to list gists, for 3 users in a row (HTTP 403): The hamster is asleep. Check what GITHUB_TOKEN may read"
    ],
    [
      "gist",
      hamster,
      true,
      "GitHub refuses to show gists, for 3 gists in a row (HTTP 403): The hamster is asleep. Check what GITHUB_TOKEN may read"
    ],
    [
      "account",
      hamster,
      false,
      "GitHub refuses to show accounts, for 3 accounts in a row (HTTP 403): The hamster is asleep. Set GITHUB_TOKEN"
    ],
    [
      "gist",
      new Refused({ message: "no" }),
      false,
      "GitHub refuses to show gists, for 3 gists in a row: no. Set GITHUB_TOKEN"
    ],
    [
      "list",
      token,
      true,
      "GitHub refuses to list gists, for 3 users in a row (HTTP 403): Not accessible. Set GITHUB_TOKEN to another"
    ]
  ] as ReadonlyArray<readonly [Refusals.RefusedKind, GithubError["reason"], boolean, string]>) {
    it(`a refusal of every ${kind} (${reason._tag}, ${hasToken ? "with" : "without"} a token: ${reason.message}) says what is refused and what to check`, () => {
      const refused = Refusals.kindRefusal(githubError(reason), { hasToken, kind, until: 15_000 })
      assert.deepStrictEqual(
        [refused.message, refused.reason._tag, refused.scope, refused.retryAt?.epochMilliseconds],
        [message, "Refused", "credential", 15_000]
      )
    })
  }

  it("a refusal of every request gives GitHub's own words once", () => {
    const refused = Refusals.globalRefusal(githubError(hamster), { hasToken: true, until: 15_000 })
    assert.strictEqual(
      refused.message,
      "GitHub refuses every request with the token (HTTP 403): The hamster is asleep. Check GITHUB_TOKEN"
    )
  })
})

it.effect("a refused token that one thing alone meets becomes that thing's refusal, and other errors stay", () =>
  Effect.gen(function* () {
    const own = yield* Effect.flip(Refusals.failAsOwn(githubError(new Unauthorized({ message }))))
    assert.deepStrictEqual([own.reason._tag, own.scope, own.message], ["Refused", "thing", message])
    const missing = githubError(new GistNotFound({ message }))
    assert.strictEqual(yield* Effect.flip(Refusals.failAsOwn(missing)), missing)
  })
)

it("two logins that differ in case are one thing, and only lists, gists and accounts have limits of their own", () => {
  const list = Refusals.aboutOf({ _tag: "User", login: "Ann" })
  assert.deepStrictEqual(list, Refusals.aboutOf({ _tag: "User", login: "ann" }))
  assert.deepStrictEqual(
    (
      [
        { _tag: "User", login: "Ann" },
        { _tag: "Page", of: "/user/1/gists" },
        { _tag: "Account", id: 7 },
        { _tag: "Gist", id: "g" },
        { _tag: "Feed" },
        { _tag: "Limits" },
        { _tag: "Query" }
      ] as const
    ).map(Refusals.limitedThing),
    ["list ann", "list /user/1/gists", "account 7", "gist g", undefined, undefined, undefined]
  )
})
