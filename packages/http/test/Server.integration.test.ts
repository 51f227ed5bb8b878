import { assert, describe, it, layer } from "@effect/vitest"
import { Username } from "@gitpip/core"
import { Effect, Layer, Logger, References, Result } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Api } from "../src/Api.ts"
import { layerRoutes, toWebHandler } from "../src/Server.ts"
import { judge, operationsOf, responseOf } from "./contract.ts"
import { found, type Json, layerRunning, layerServices, Running } from "./server.ts"

/** Every call of the contract, as the document must name it. */
const calls = [
  "DELETE /session",
  "DELETE /users/{username}",
  "DELETE /users/{username}/data",
  "GET /contacts",
  "GET /days",
  "GET /events",
  "GET /files/{id}/preview",
  "GET /health",
  "GET /metrics",
  "GET /names",
  "GET /news",
  "GET /publications",
  "GET /publications/{id}",
  "GET /ready",
  "GET /scans",
  "GET /scans/{id}",
  "GET /status",
  "GET /users",
  "GET /users/{username}",
  "GET /users/{username}/gists",
  "GET /users/{username}/preview",
  "GET /users/{username}/visits",
  "GET /users/{username}/visits/{visit}",
  "POST /contacts",
  "POST /latestgists/{username}",
  "POST /publications/retry",
  "POST /publications/{id}/retry",
  "POST /publications/{id}/skip",
  "POST /scans",
  "POST /session",
  "POST /users/{username}",
  "POST /users/{username}/{id}"
]

layer(layerRunning(), { excludeTestServices: true })("openapi.json", (it) => {
  const document = Effect.gen(function* () {
    const { call } = yield* Running
    const answer = yield* call("GET", "/openapi.json")
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(answer.headers.get("content-type"), "application/json")
    return answer.json
  })

  it.effect("is OpenAPI 3.1 and names every call, its parameters and its problems", () =>
    Effect.gen(function* () {
      const openapi = yield* document
      assert.match(openapi.openapi, /^3\.1\./)
      assert.deepStrictEqual(
        operationsOf(openapi)
          .map(([name]) => name)
          .toSorted(),
        calls
      )
      const ids = operationsOf(openapi).map(([, { operationId }]) => operationId)
      assert.strictEqual(new Set(ids).size, calls.length)
      for (const [name, operation] of operationsOf(openapi)) {
        const inPath = operation.parameters
          .filter((parameter: Json) => parameter.in === "path")
          .map((p: Json) => p.name)
        assert.deepStrictEqual(
          inPath,
          [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
          name
        )
        assert.isString(operation.summary, name)
        const isOpen = name === "GET /health" || name === "GET /ready"
        for (const status of isOpen ? ["400"] : ["400", "401", "421", "429"]) {
          assert.containsAllKeys(
            responseOf(openapi, operation, status).content,
            ["application/problem+json"],
            `${name} ${status}`
          )
        }
      }
      assert.containsAllKeys(openapi.paths["/users/{username}/{id}"].post.responses, ["200", "201", "409"])
      assert.containsAllKeys(openapi.paths["/latestgists/{username}"].post.responses["200"].headers, ["gitpip-visit"])
      assert.containsAllKeys(openapi.components.securitySchemes, ["key"])
      for (const [name, { security }] of operationsOf(openapi)) {
        assert.deepStrictEqual(security, name === "GET /health" || name === "GET /ready" ? [] : [{ key: [] }], name)
      }
    })
  )

  it.effect("declares no key, limit or host for the calls of supervisors, which need none", () =>
    Effect.gen(function* () {
      const openapi = yield* document
      assert.deepStrictEqual(Object.keys(openapi.paths["/health"].get.responses), [
        "200",
        "400",
        "403",
        "405",
        "408",
        "413",
        "414",
        "417",
        "431",
        "500",
        "503"
      ])
      assert.deepStrictEqual(Object.keys(openapi.paths["/ready"].get.responses), [
        ...Object.keys(openapi.paths["/health"].get.responses)
      ])
      assert.deepStrictEqual(Object.keys(openapi.paths["/health"].get.responses["503"].content), ["text/plain"])
      assert.deepStrictEqual(openapi.paths["/ready"].get.responses["503"], {
        description: "Not ready",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/NotReadyProblemEncoded" } } }
      })
    })
  )

  it.effect("describes the real answers", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const openapi = yield* document
      const faultOf = judge(openapi)
      const scan = yield* found("ann", 2)
      const check = Effect.fnUntraced(function* (method: string, template: string, path: string, status: number) {
        const answer = yield* call(method, path)
        assert.strictEqual(answer.status, status, `${method} ${path}: ${answer.text}`)
        const headers = Object.fromEntries(answer.headers)
        const fault = faultOf(template, method, { status, headers, text: answer.text })
        assert.isUndefined(fault, `${method} ${path}: ${fault}`)
      })
      yield* check("GET", "/users", "/users", 200)
      yield* check("GET", "/users/{username}", "/users/ann", 200)
      yield* check("POST", "/users/{username}/{id}", "/users/bob/50", 201)
      yield* check("POST", "/users/{username}/{id}", "/users/cid/50", 409)
      yield* check("POST", "/users/{username}", "/users/eve", 201)
      yield* check("POST", "/users/{username}", "/users/EVE", 200)
      yield* check("GET", "/users/{username}/preview", "/users/ann/preview", 200)
      yield* check("GET", "/users/{username}/preview", "/users/nobody-here/preview", 404)
      yield* check("GET", "/contacts", "/contacts?source=org:nobody-here", 404)
      yield* check("POST", "/contacts", "/contacts?source=pipedrive", 422)
      yield* check("GET", "/contacts", "/contacts?source=ann", 400)
      yield* check("POST", "/latestgists/{username}", "/latestgists/ann", 200)
      yield* check("GET", "/users/{username}/visits", "/users/ann/visits", 200)
      yield* check("GET", "/users/{username}/visits/{visit}", "/users/ann/visits/1", 200)
      yield* check("GET", "/users/{username}/visits/{visit}", "/users/ann/visits/99", 404)
      yield* check("GET", "/users/{username}/gists", "/users/ann/gists", 200)
      yield* check("GET", "/scans/{id}", `/scans/${scan.id}`, 200)
      yield* check("GET", "/scans", "/scans", 200)
      yield* check("POST", "/scans", "/scans", 202)
      yield* check("GET", "/publications", "/publications", 200)
      yield* check("GET", "/publications/{id}", "/publications/1", 200)
      yield* check("POST", "/publications/{id}/retry", "/publications/1/retry", 409)
      yield* check("POST", "/publications/retry", "/publications/retry", 200)
      yield* check("GET", "/status", "/status", 200)
      yield* check("GET", "/ready", "/ready", 200)
      yield* check("GET", "/users", "/users?limit=0", 400)
    })
  )
})

layer(layerRunning({ GITPIP_API_KEY: "hush-client-key" }), { excludeTestServices: true })("a typed client", (it) => {
  const client = (key: string) =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      return yield* HttpApiClient.make(Api, {
        baseUrl: origin,
        transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(key))
      })
    }).pipe(Effect.provide(FetchHttpClient.layer))
  const ann = Username.make("ann")

  it.effect("speaks to every group and gets the domain's values", () =>
    Effect.gen(function* () {
      const api = yield* client("hush-client-key")
      yield* found("ann", 2)
      const users = yield* api.users.list({ query: {} })
      assert.deepStrictEqual(
        users.body.map(({ login }) => login),
        [ann]
      )
      assert.isUndefined(users.headers.link)
      const { body, headers } = yield* api.gists.latest({ params: { username: ann }, query: {} })
      assert.strictEqual(body.length, 2)
      const visit = yield* api.gists.visit({ params: { username: ann, visit: headers["gitpip-visit"] ?? 0 } })
      assert.deepStrictEqual(visit.files, body)
      const history = yield* api.gists.history({ params: { username: ann }, query: { limit: 1 } })
      assert.include(history.headers.link, 'rel="next"')
      assert.strictEqual((yield* api.publications.list({ query: { state: "pending" } })).body.length, 2)
      assert.strictEqual((yield* api.scans.request({ query: {} })).headers.location.startsWith("/scans/"), true)
      assert.strictEqual((yield* api.system.status()).users, 1)
      assert.strictEqual(yield* api.system.health(), "Alive")
    })
  )

  it.effect("fails with the problems by their tags", () =>
    Effect.gen(function* () {
      const api = yield* client("hush-client-key")
      const tag = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure._tag : "success"))
      const nobody = { params: { username: Username.make("nobody") } }
      assert.strictEqual(yield* tag(api.users.get(nobody)), "UserNotTrackedProblem")
      assert.strictEqual(
        yield* tag(api.gists.visit({ params: { username: ann, visit: 99_999 } })),
        "VisitNotFoundProblem"
      )
      assert.strictEqual(yield* tag(api.publications.retry({ params: { id: 1 } })), "PublicationNotFailedProblem")
      const stranger = yield* client("wrong")
      assert.strictEqual(yield* tag(stranger.users.list({ query: {} })), "UnauthorizedProblem")
    })
  )
})

describe("toWebHandler", () => {
  it.live("is the whole server for any other server, with the services' own logger", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Layer.merge(
        Logger.layer([
          Logger.make(({ fiber, message }) => {
            lines.push(`${message} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
          })
        ]),
        Layer.succeed(References.MinimumLogLevel, "Debug")
      )
      const { dispose, handler } = toWebHandler(
        Layer.merge(layerServices({ GITPIP_API_KEY: "hush-web-key" }), logger).pipe(Layer.orDie)
      )
      const ask = (method: string, path: string, key = "hush-web-key") =>
        Effect.promise(() =>
          handler(new Request(`http://any.example${path}`, { method, headers: { authorization: `Bearer ${key}` } }))
        )
      assert.strictEqual((yield* ask("POST", "/users/ann/1")).status, 201)
      yield* ask("POST", "/users/bob/2")
      const page = yield* ask("GET", "/users?limit=1")
      assert.strictEqual(page.headers.get("link"), '</users?limit=1&after=1>; rel="next"')
      const users = yield* Effect.promise(() => page.json() as Promise<Array<{ login: string }>>)
      assert.deepStrictEqual(
        users.map(({ login }) => login),
        ["ann"]
      )
      assert.strictEqual((yield* ask("GET", "/nowhere")).status, 404)
      assert.strictEqual((yield* ask("GET", "/users", "wrong")).status, 401)
      assert.strictEqual((yield* ask("HEAD", "/users")).status, 200)
      yield* Effect.promise(dispose)
      assert.include(lines, 'http.answered {"method":"GET","path":"/users","status":401}')
    })
  )

  it.live("rejects with the reason when its services cannot start", () =>
    Effect.gen(function* () {
      const broken = Layer.effectContext(Effect.fail(new Error("no database today"))) as Layer.Layer<never, Error>
      const { dispose, handler } = toWebHandler(Layer.provideMerge(broken, layerServices()))
      const reason = yield* Effect.promise(() =>
        handler(new Request("http://any.example/health")).then(() => "", String)
      )
      assert.include(reason, "no database today")
      yield* Effect.promise(dispose)
    })
  )
})

describe("layerRoutes", () => {
  it.live("leaves the other routes of an application alone", () =>
    Effect.gen(function* () {
      const mine = HttpRouter.add("GET", "/mine", HttpServerResponse.text("mine"))
      const app = Layer.mergeAll(layerRoutes, mine).pipe(
        Layer.provideMerge(layerServices({ GITPIP_API_KEY: "hush-mounted-key" })),
        Layer.provide(HttpServer.layerServices),
        Layer.orDie
      )
      const { dispose, handler } = HttpRouter.toWebHandler(app, { disableLogger: true })
      const ask = (path: string, headers: Record<string, string> = {}) =>
        Effect.promise(() => handler(new Request(`http://any.example${path}`, { headers })))
      const own = yield* ask("/mine")
      assert.strictEqual(yield* Effect.promise(() => own.text()), "mine")
      assert.isNull(own.headers.get("cache-control"))
      for (const path of ["/users", "/status", "/metrics", "/docs", "/openapi.json"]) {
        assert.strictEqual((yield* ask(path)).status, 401, path)
        assert.strictEqual((yield* ask(path, { authorization: "Bearer hush-mounted-key" })).status, 200, path)
      }
      assert.strictEqual((yield* ask("/health")).status, 200)
      yield* Effect.promise(dispose)
    })
  )
})
