/** A pause that one process met, as other processes on the database know it. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, Fault, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { elapse, inWorld, name, passTime, services, settingsOf } from "../world.ts"

const forever = Number.POSITIVE_INFINITY
const refusal = (status: number, error: string): Fault => ({ kind: "status", status, body: { success: false, error } })
const isCreate = ({ method, route }: Pick<LoggedRequest, "method" | "route">) =>
  method === "POST" && route === "/api/v2/activities"
const isProbe = ({ route }: Pick<LoggedRequest, "route">) => route === "/api/v1/users/me"

const publishing = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.status, ({ publishing: { message, since, state, until } }) => ({ message, since, state, until }))
)
const publish = Effect.flatMap(Gitpip, (gitpip) => gitpip.publish)

/** A server's work. The processes before it have left the windows, whose clock is the database's. */
const work = Effect.gen(function* () {
  yield* (yield* SqlClient.SqlClient)`delete from quotas`
  for (let n = 0; n < 4; n++) {
    const drain = yield* Effect.forkChild(publish)
    yield* elapse("5 minutes")
    yield* Fiber.join(drain)
  }
})

/** Users with a file each that was found and waits. */
const given = Effect.fnUntraced(function* (github: FakeGithub, ...logins: ReadonlyArray<string>) {
  const gitpip = yield* Gitpip
  for (const login of logins) {
    github.addUser(login)
    github.addGist(login, { files: { [`${login}.md`]: "1" } })
    yield* gitpip.track(name(login))
  }
  yield* gitpip.scan()
})

const users = ["ann", "bob", "carol", "dave"]

describe("a pause of publishing", () => {
  const spent = { "x-daily-ratelimit-token-remaining": "0", "x-ratelimit-remaining": "19", "x-ratelimit-limit": "20" }
  for (const [what, fault, message, isRefusal] of [
    ["a refused token", refusal(401, "unauthorized access"), /refuses the token/, true],
    ["an unpaid account", refusal(402, "Payment required"), /closed or unpaid/, true],
    ["a wrong company", { kind: "redirect", location: "https://example.com/" }, /redirects/, true],
    ["a firewall", { kind: "html", status: 403 }, /firewall/, true],
    [
      "a limit of an hour",
      { kind: "status", status: 429, headers: { "retry-after": "3600" } },
      /limit of requests/,
      true
    ],
    ["a spent day", { kind: "status", status: 429, headers: spent }, /used up/, false]
  ] as ReadonlyArray<readonly [string, Fault, RegExp, boolean]>) {
    it.effect(`for ${what} is shown by every process until something is published`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          yield* given(github, ...users)
          assert.strictEqual((yield* Effect.provide(publishing, services(settings))).state, "on")
          pipedrive.injectFault(fault, { times: forever })
          const begun = yield* DateTime.now
          yield* publish
          const other = yield* Effect.provide(publishing, services(settings))
          assert.strictEqual(other.state, "paused")
          assert.match(other.message ?? "", message)
          assert.isAbove(other.until?.epochMilliseconds ?? 0, begun.epochMilliseconds)
          assert.deepStrictEqual(other, yield* publishing)
          if (!isRefusal) return
          assert.strictEqual(other.since?.epochMilliseconds, begun.epochMilliseconds)

          // The refusal goes on: neither a restart nor the end of the pause removes it.
          yield* passTime("2 hours")
          const late = yield* Effect.provide(publishing, services(settings))
          assert.deepInclude(late, { state: "paused", until: null })
          assert.match(late.message ?? "", message)
          pipedrive.clearRequests()
          const restarted = yield* Effect.provide(Effect.andThen(publish, publishing), services(settings))
          assert.strictEqual(restarted.state, "paused")
          assert.strictEqual(restarted.since?.epochMilliseconds, begun.epochMilliseconds)
          assert.isTrue(pipedrive.requests.slice(0, 1).every(isProbe))

          // The refusal ends: a restarted process no longer obeys it.
          pipedrive.clearFaults()
          const ended = yield* Effect.provide(Effect.andThen(work, publishing), services(settings))
          assert.deepStrictEqual(ended, { state: "on", message: null, since: null, until: null })
          assert.lengthOf(pipedrive.activities, users.length)
          assert.strictEqual((yield* Effect.provide(publishing, services(settings))).state, "on")
        })
      )
    )
  }

  it.effect("after a burst limit that only the time zone's read met holds no other process", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        pipedrive.injectFault({ kind: "status", status: 429, headers: { "retry-after": "60" } }, { when: isProbe })
        yield* publish
        // This process waits, because its throttle keeps the create back.
        assert.lengthOf(pipedrive.activities, 0)
        yield* Effect.provide(publish, services(settings))
        assert.lengthOf(pipedrive.activities, 1)
      })
    )
  )

  it.effect("of one token does not pause another token", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        const wrong = services(
          settingsOf({
            GITHUB_TOKEN: "github-secret",
            GITHUB_API_URL: github.url.origin,
            PIPEDRIVE_TOKEN: "another-secret",
            PIPEDRIVE_API_URL: pipedrive.url.origin
          })
        )
        assert.strictEqual((yield* Effect.provide(Effect.andThen(publish, publishing), wrong)).state, "paused")
        assert.strictEqual((yield* publishing).state, "on")
        yield* publish
        assert.lengthOf(pipedrive.activities, 1)
        assert.strictEqual((yield* Effect.provide(publishing, wrong)).state, "paused")
      })
    )
  )

  it.effect("that another process met ends when an idle server finds the token accepted", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        pipedrive.injectFault(refusal(401, "unauthorized access"), { times: forever })
        yield* Effect.provide(publish, services(settings))
        assert.strictEqual((yield* publishing).state, "paused")
        // No file is left whose publication could show that the token is accepted.
        pipedrive.clearFaults()
        pipedrive.injectFault(refusal(400, "not this one"), { when: isCreate, times: forever })
        yield* publish
        assert.strictEqual((yield* publishing).state, "on")
        pipedrive.clearRequests()
        yield* publish
        assert.lengthOf(pipedrive.requests.filter(isProbe), 0)
      })
    )
  )

  it.effect("costs another process a few cheap requests an hour", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        pipedrive.injectFault(refusal(401, "unauthorized access"), { times: forever })
        yield* Effect.provide(publish, services(settings))
        pipedrive.clearRequests()
        for (let minutes = 0; minutes < 60; minutes++) {
          yield* publish
          yield* passTime("1 minute")
        }
        assert.isAtMost(pipedrive.requests.filter(isProbe).length, 6)
        assert.isAtMost(pipedrive.requests.length, 12)
      })
    )
  )

  it.effect("costs another process four cheap requests an hour when their responses prove nothing", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        pipedrive.injectFault(refusal(401, "unauthorized access"), { times: forever })
        yield* Effect.provide(publish, services(settings))
        pipedrive.clearFaults()
        pipedrive.injectFault(refusal(400, "not this one"), { when: isCreate, times: forever })
        pipedrive.injectFault(refusal(500, "Internal Server Error"), { when: isProbe, times: forever })
        yield* publish
        pipedrive.clearRequests()
        for (let minutes = 0; minutes < 60; minutes++) {
          yield* passTime("1 minute")
          yield* publish
        }
        assert.lengthOf(pipedrive.requests, 4)
        assert.isTrue(pipedrive.requests.every(isProbe))
        assert.strictEqual((yield* publishing).state, "paused")
      })
    )
  )

  it.effect("for GitHub's refused token is shown by every process until GitHub answers", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, ...users)
        yield* passTime("5 minutes")
        github.injectFault({ kind: "status", status: 401, body: { message: "Bad credentials" } }, { times: forever })
        yield* publish
        const other = yield* Effect.provide(publishing, services(settings))
        assert.strictEqual(other.state, "paused")
        assert.match(other.message ?? "", /GITHUB_TOKEN/)
        github.clearFaults()
        const ended = yield* Effect.provide(Effect.andThen(publish, publishing), services(settings))
        assert.strictEqual(ended.state, "on")
        assert.lengthOf(pipedrive.activities, users.length)
      })
    )
  )
})

describe("a cheap read that never ends", () => {
  it.effect("keeps a restarted process from publishing for no longer than twenty seconds", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, "ann")
        pipedrive.injectFault(refusal(401, "unauthorized access"), { times: forever })
        yield* Effect.provide(publish, services(settings))
        pipedrive.clearFaults()
        pipedrive.clearRequests()
        pipedrive.injectFault({ kind: "hang" }, { when: isProbe, times: forever })
        const restarted = Effect.gen(function* () {
          const drain = yield* Effect.forkChild(publish)
          // The second question is for the company's time zone.
          for (let questions = 1; questions <= 2; questions++) {
            yield* pipedrive.seen(questions, isProbe)
            yield* TestClock.adjust("10 seconds")
          }
          yield* Fiber.join(drain)
        })
        yield* Effect.provide(restarted, services(settings))
        assert.lengthOf(pipedrive.activities, 1)
      })
    )
  )
})
