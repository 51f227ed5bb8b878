/**
 * What GitHub's and Pipedrive's own descriptions allow, Gitpip reads: through the services themselves, with answers in place
 * of the network.
 *
 * `pipedrive.openapi.json` is an extract, structure only, of https://developers.pipedrive.com/docs/api/v1/openapi-v2.yaml and
 * https://developers.pipedrive.com/docs/api/v1/openapi.yaml , held against https://github.com/pipedrive/client-nodejs (MIT).
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, Redacted, References } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Github } from "../../src/github/Github.ts"
import { ReportedFields } from "../../src/net/unreadable.ts"
import { Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import { settingsOf } from "../world.ts"
import { type Answer, type Described, makeDescribed } from "./described.ts"

interface Description {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>
  >
}

const require = createRequire(import.meta.url)
const githubDescription: Description = JSON.parse(
  readFileSync(require.resolve("@octokit/openapi/generated/api.github.com.json"), "utf8")
)
const pipedriveDescription: Description = JSON.parse(
  readFileSync(new URL("pipedrive.openapi.json", import.meta.url), "utf8")
)

const answersOf = (description: Description, method: string, path: string): ReadonlyArray<Answer> => {
  const response = description.paths[path]?.[method]?.responses["200"] as {
    readonly content: { readonly "application/json": { readonly schema: Described } }
  }
  return makeDescribed(description).answers(response.content["application/json"].schema)
}

/** Answers every request with this. */
const answering = (value: unknown) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.succeed(
        HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } })
        )
      )
    )
  )

const githubWith = (value: unknown) =>
  Github.layer.pipe(Layer.provide([settingsOf({ GITHUB_TOKEN: "token" }), answering(value)]), Layer.fresh)
const pipedriveWith = (value: unknown) =>
  Layer.fresh(
    Pipedrive.layer({
      token: Redacted.make("token"),
      origin: "https://example.pipedrive.com",
      pages: "https://example.pipedrive.com"
    } as Parameters<typeof Pipedrive.layer>[0]).pipe(Layer.provide(answering(value)))
  )

/** The answers that were not read, each with its error. */
const refusedOf = <E extends { readonly message: string }>(
  answers: ReadonlyArray<Answer>,
  read: (value: unknown) => Effect.Effect<unknown, E>
) =>
  Effect.map(
    Effect.forEach(answers, ({ label, value }) =>
      Effect.map(Effect.result(read(value)), (result) =>
        result._tag === "Failure" ? [`${label}: ${result.failure.message}`] : []
      )
    ),
    (refused) => refused.flat()
  )

/** Fields without which an answer proves nothing, although Pipedrive's description requires no field. */
const needed = /(^everything optional is|\b(data|items|item|id|title|key_string|field_code) is) missing$/

/** A gist that GitHub does not call public is not read. */
const secret = /^(everything optional|public) is missing: GitHub's answer cannot be read: it does not say whether/

describe("GitHub's description", () => {
  const reads: ReadonlyArray<
    readonly [string, (github: Github["Service"]) => Effect.Effect<unknown, { message: string }>]
  > = [
    ["/users/{username}/gists", (github) => Effect.map(github.gists("octocat", Option.none()), Option.getOrThrow)],
    ["/gists/public", (github) => github.feed(Option.none())],
    ["/gists/{gist_id}", (github) => github.contents("aa5a315d61ae9438b18d")],
    ["/user/{account_id}", (github) => github.account(7)],
    ["/orgs/{org}/public_members", (github) => github.accounts({ kind: "org", name: "github" }, 1)],
    ["/users/{username}/followers", (github) => github.accounts({ kind: "followers", name: "octocat" }, 1)],
    ["/repos/{owner}/{repo}/stargazers", (github) => github.accounts({ kind: "stargazers", name: "a/b" }, 1)],
    ["/users/{username}", (github) => Effect.map(github.profile("octocat", Option.none()), Option.getOrThrow)]
  ]
  for (const [path, read] of reads) {
    it.effect(`every form of ${path} that GitHub's description allows is read`, () =>
      Effect.gen(function* () {
        const answers = answersOf(githubDescription, "get", path)
        assert.isAbove(answers.length, 10)
        const refused = yield* refusedOf(answers, (value) =>
          Effect.provide(Effect.flatMap(Github, read), githubWith(value))
        )
        assert.deepStrictEqual(
          refused.filter((line) => !secret.test(line)),
          []
        )
      })
    )
  }
})

describe("Pipedrive's description", () => {
  const activity = { subject: "a", type: "task", deal_id: 1, due_date: "2026-01-02", done: false, note: "" }
  const reads: ReadonlyArray<
    readonly [string, string, (pipedrive: Pipedrive["Service"]) => Effect.Effect<unknown, { message: string }>]
  > = [
    ["post", "/v2/activities", (pipedrive) => pipedrive.createActivity(activity)],
    ["get", "/v2/activities/{id}", (pipedrive) => pipedrive.activity(1)],
    ["get", "/v2/activities", (pipedrive) => pipedrive.activitiesOfDeal(1, Option.none())],
    ["get", "/v2/activities", (pipedrive) => pipedrive.newestActivities(Option.none())],
    ["delete", "/v2/activities/{id}", (pipedrive) => pipedrive.deleteActivity(1)],
    ["post", "/v2/deals", (pipedrive) => pipedrive.createDeal({ title: "a" })],
    ["get", "/v2/deals", (pipedrive) => pipedrive.newestDeals(Option.none())],
    ["get", "/v2/deals/{id}", (pipedrive) => pipedrive.deal(1)],
    ["delete", "/v2/deals/{id}", (pipedrive) => pipedrive.deleteDeal(1)],
    ["get", "/v2/deals/search", (pipedrive) => pipedrive.searchDeals("a", { isWholeTitle: true })],
    ["post", "/v2/organizations", (pipedrive) => pipedrive.createOrganization({ name: "a" })],
    ["get", "/v2/organizations", (pipedrive) => pipedrive.newestOrganizations(Option.none())],
    ["delete", "/v2/organizations/{id}", (pipedrive) => pipedrive.deleteOrganization(1)],
    ["get", "/v2/organizations/search", (pipedrive) => pipedrive.searchOrganizations("a")],
    ["get", "/v1/activityTypes", (pipedrive) => pipedrive.activityTypes],
    ["get", "/v2/pipelines", (pipedrive) => pipedrive.pipelines],
    ["get", "/v2/stages", (pipedrive) => pipedrive.stages],
    ["get", "/v1/users", (pipedrive) => pipedrive.users],
    ["get", "/v2/dealFields", (pipedrive) => pipedrive.dealChoices],
    ["get", "/v2/activityFields", (pipedrive) => pipedrive.priorities]
  ]
  for (const [method, path, read] of reads) {
    it.effect(`every form of ${method} ${path} that Pipedrive's description allows is read`, () =>
      Effect.gen(function* () {
        const answers = answersOf(pipedriveDescription, method, path)
        assert.isAbove(answers.length, 3)
        const refused = yield* refusedOf(
          answers.filter(({ label }) => !needed.test(label)),
          (value) => Effect.provide(Effect.flatMap(Pipedrive, read), pipedriveWith(value))
        )
        assert.deepStrictEqual(refused, [])
      })
    )
  }
})

describe("an answer that cannot be read", () => {
  const logged = (read: Effect.Effect<unknown, { message: string }>) =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.make(({ fiber }) => lines.push(fiber.getRef(References.CurrentLogAnnotations)))
      yield* read.pipe(
        Effect.ignore,
        Effect.repeat({ times: 2 }),
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(ReportedFields, new Set())
      )
      return lines
    })
  const gist = {
    id: "a",
    html_url: "https://gist.github.com/octocat/a",
    public: true,
    created_at: "2026-01-02T03:04:05Z",
    updated_at: "2026-01-02T03:04:05Z",
    files: {}
  }

  it.effect("a response of Pipedrive that cannot be read is logged once, by its field", () =>
    Effect.gen(function* () {
      const value = { success: true, data: { id: "secret words" } }
      const lines = yield* logged(
        Effect.provide(
          Effect.flatMap(Pipedrive, (pipedrive) => pipedrive.createDeal({ title: "a" })),
          pipedriveWith(value)
        )
      )
      assert.deepStrictEqual(lines, [{ detail: "Pipedrive's answer cannot be read at data.id" }])
    })
  )

  it.effect("a response of GitHub that cannot be read is logged by its field, once for all gists of a list", () =>
    Effect.gen(function* () {
      const value = [{ ...gist, created_at: 1 }, gist, { ...gist, created_at: null }]
      const lines = yield* logged(
        Effect.provide(
          Effect.flatMap(Github, (github) => github.gists("octocat", Option.none())),
          githubWith(value)
        )
      )
      const details = lines.filter((line) => Object.hasOwn(line as object, "detail"))
      assert.deepStrictEqual(details, [{ detail: "GitHub's answer cannot be read at created_at" }])
    })
  )
})
