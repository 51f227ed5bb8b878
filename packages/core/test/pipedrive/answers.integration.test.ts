/** What the client makes of Pipedrive's answers: each error says whether the work may have been done. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { FakePipedrive } from "../../src/testing/index.ts"
import { makePipedrive, pipedriveToken, reasonOf, server } from "../net/clients.ts"
import { activity, world } from "./client.ts"

describe("a response of Pipedrive that is no success", () => {
  const failure = (error: string, code?: string) => ({ success: false, error, ...(code === undefined ? {} : { code }) })
  const answers: ReadonlyArray<
    readonly [
      what: string,
      fault: Parameters<FakePipedrive["injectFault"]>[0],
      reason: string,
      says: RegExp,
      done?: boolean
    ]
  > = [
    ["a bad token", { kind: "status", status: 401, body: failure("unauthorized access") }, "Denied", /PIPEDRIVE_TOKEN/],
    ["an unpaid account", { kind: "status", status: 402, body: failure("payment") }, "Denied", /unpaid: payment/],
    ["no rights", { kind: "status", status: 403, body: failure("Scope") }, "Forbidden", /denies access: Scope/],
    [
      "a full account",
      { kind: "status", status: 403, body: failure("deal limit", "feature_capping_deals_limit") },
      "Refused",
      /deal limit/
    ],
    ["a block by Cloudflare", { kind: "cloudflare-block" }, "Forbidden", /firewall in front of Pipedrive/],
    [
      "a missing thing",
      { kind: "status", status: 404, body: failure("Deal not found", "ERR_NOT_FOUND") },
      "NotFound",
      /Deal not found ERR_NOT_FOUND/
    ],
    [
      "a bad request",
      { kind: "status", status: 400, body: failure("Validation failed: type") },
      "Refused",
      /Validation failed: type/
    ],
    ["a note too large", { kind: "status", status: 413, body: "Too large" }, "Refused", /HTTP 413/],
    ["a page of a proxy's", { kind: "html", status: 400 }, "Forbidden", /HTTP 400/],
    ["a page of a proxy that does not find it", { kind: "html", status: 404 }, "Forbidden", /in front.*HTTP 404/],
    ["a proxy that gave up", { kind: "html", status: 499 }, "OutcomeUnknown", /HTTP 499/],
    ["a lock", { kind: "status", status: 423, body: failure("Locked") }, "Refused", /Locked/],
    ["an end of life", { kind: "status", status: 410, body: failure("gone") }, "Forbidden", /retired.*Update Gitpip/],
    [
      "success that reports a failure",
      { kind: "status", status: 200, body: failure("Something") },
      "OutcomeUnknown",
      /reports a failure: Something/
    ],
    ["an odd thing", { kind: "status", status: 422, body: failure("odd") }, "Refused", /odd/],
    ["a redirect", { kind: "redirect", location: "https://evil.example/" }, "Denied", /PIPEDRIVE_ORG/],
    ["a timeout of its own", { kind: "status", status: 408 }, "OutcomeUnknown", /408/],
    ["a fault", { kind: "status", status: 500, body: failure("oops") }, "OutcomeUnknown", /500/],
    ["a bad gateway's page", { kind: "html", status: 502 }, "OutcomeUnknown", /502/],
    ["a page with status 200", { kind: "html", status: 200 }, "NotPipedrive", /sign-in page/],
    [
      "success that says otherwise",
      { kind: "status", status: 200, body: { success: false } },
      "OutcomeUnknown",
      /cannot be read/
    ],
    [
      "success with an unknown body",
      { kind: "status", status: 200, body: { success: true, data: {} } },
      "OutcomeUnknown",
      /unknown form/
    ],
    ["a connection broken before the work", { kind: "reset" }, "OutcomeUnknown", /connection failed/],
    ["half of an answer", { kind: "garbage" }, "OutcomeUnknown", /cannot be read/, true],
    ["a connection broken after the work", { kind: "lost" }, "OutcomeUnknown", /connection failed/, true],
    ["an error after the work", { kind: "lost", how: "status", status: 504 }, "OutcomeUnknown", /504/, true]
  ]
  for (const [what, fault, tag, says, done = false] of answers) {
    it.effect(`${what}: ${tag}, and nothing is tried again`, () =>
      Effect.gen(function* () {
        const { deal, pipedrive, fake } = yield* world()
        fake.injectFault(fault)
        const reason = yield* reasonOf(pipedrive.createActivity(activity(deal)))
        assert.strictEqual(reason._tag, tag)
        assert.match(reason.message, says)
        assert.strictEqual(fake.requests.length, 1)
        assert.strictEqual(fake.activities.length, done ? 1 : 0)
        yield* pipedrive.createActivity(activity(deal))
      })
    )
  }

  it.effect("no response: OutcomeUnknown after twenty seconds, whether or not the work was done", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      for (const fault of [{ kind: "hang" }, { kind: "lost", how: "hang" }] as const) {
        fake.clearRequests()
        fake.injectFault(fault)
        const call = yield* Effect.forkChild(reasonOf(pipedrive.createActivity(activity(deal))))
        yield* fake.seen(1)
        yield* TestClock.adjust("19 seconds")
        assert.isUndefined(call.pollUnsafe())
        yield* TestClock.adjust("1 second")
        const reason = yield* Fiber.join(call)
        assert.deepStrictEqual([reason._tag, reason.message], ["OutcomeUnknown", "Pipedrive: no answer within 20s"])
      }
      assert.lengthOf(fake.activities, 1)
    })
  )

  it.effect("no server: Unreachable, so the request may be tried again without a lookup", () =>
    Effect.gen(function* () {
      const gone = yield* server(() => undefined)
      yield* gone.close
      const pipedrive = yield* makePipedrive(gone.url)
      const reason = yield* reasonOf(pipedrive.createActivity(activity(1)))
      assert.strictEqual(reason._tag, "Unreachable")
      assert.include(reason.message, "ECONNREFUSED")
    })
  )

  it.effect("a server that ends while it handles the request: OutcomeUnknown", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const { url } = yield* server((request) => {
        request.resume().on("end", () => {
          Deferred.doneUnsafe(arrived, Effect.void)
          request.socket.destroy()
        })
      })
      const pipedrive = yield* makePipedrive(url)
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(1))))._tag, "OutcomeUnknown")
      yield* Deferred.await(arrived)
    })
  )

  it.effect("a redirect is never followed, so no other host sees the token", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const other = yield* FakePipedrive.make({ token: "theirs" })
      for (const status of [301, 302, 303, 307, 308] as const) {
        fake.injectFault({ kind: "redirect", status, location: new URL("/api/v2/activities", other.url).href })
        assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(deal))))._tag, "Denied")
      }
      assert.deepStrictEqual(other.requests, [])
    })
  )
})

describe("a failure of the transport without a cause", () => {
  it.effect("is no proof that nothing was sent", () =>
    Effect.gen(function* () {
      const odd = HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, cause: new Error(`odd ${pipedriveToken}`) })
          })
        )
      )
      const pipedrive = yield* makePipedrive("http://127.0.0.1:1", {
        transport: Layer.succeed(HttpClient.HttpClient, odd)
      })
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(1))))._tag, "OutcomeUnknown")
    })
  )
})
