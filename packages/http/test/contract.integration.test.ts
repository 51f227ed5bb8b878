/**
 * Generated requests, whose answers must be documented: status, content type and body.
 *
 * `CONTRACT_RUNS=5000 CONTRACT_SEED=7` tries more and others. A failure prints the shrunk request.
 */
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, Layer } from "effect"
import { OpenApi } from "effect/http-api"
import { Api } from "../src/Api.ts"
import { type Documented, judge, operationsOf } from "./contract.ts"
import { bytesOf, type Generated, isElsewhere, isOutsidePattern, requestsOf } from "./generated.ts"
import { bytes, parse } from "./raw.ts"
import { found, type Json, layerRunning, Running } from "./server.ts"

const runs = Number(process.env.CONTRACT_RUNS ?? 250)
const seed = process.env.CONTRACT_SEED ?? 2

const document: Json = OpenApi.fromApi(Api)
const requests = Arbitrary.schema(requestsOf(document))
const faultOf = judge(document)

/** The operations by which the answer is judged. */
const candidates = (request: Generated, path: string, method: string): ReadonlyArray<readonly [string, string]> => {
  const all = (one: string) => Object.keys(document.paths[one]).map((own) => [one, own] as const)
  if (isElsewhere(request)) return Object.keys(document.paths).flatMap(all)
  const own = method === "HEAD" ? "get" : method.toLowerCase()
  return document.paths[path][own] === undefined ? all(path) : [[path, own]]
}

const isUnknownAddress = ({ headers, status, text }: Documented) =>
  status === 404 && headers["content-type"] === "application/problem+json" && JSON.parse(text).type === "about:blank"

/** What is not as documented; undefined when everything is. */
const judged = (request: Generated, { method, path }: { method: string; path: string }, answer: Documented) => {
  if (Number.isNaN(answer.status)) return "there is no answer"
  if (answer.status === 500) return "the server broke"
  if (request.fault._tag === "None" && answer.status === 400) return "a request without a fault is refused"
  if (isOutsidePattern(document, request) && answer.status < 400) return "a value that the document forbids is accepted"
  if (method === "OPTIONS" && answer.status === 204) return answer.text === "" ? undefined : "204 has a body"
  if (isElsewhere(request) && (method === "HEAD" ? answer.status === 404 : isUnknownAddress(answer))) return undefined
  const faults = candidates(request, path, method).map(([path, own]) =>
    faultOf(path, own, { ...answer, hasBody: method !== "HEAD" })
  )
  return faults.includes(undefined) ? undefined : faults[0]
}

/** Sends a generated request. An endless answer is read until its content type is known. */
const exchange = Effect.fnUntraced(function* (text: string) {
  const { origin } = yield* Running
  const answer = yield* bytes(origin, text, (socket) => {
    socket.on("data", (part) => {
      if (String(part).includes("text/event-stream")) socket.destroy()
    })
  })
  return parse(answer)
})

layer(layerRunning({ GITPIP_RATE_LIMIT: "1" }), { excludeTestServices: true })("a server with a limit", (it) => {
  it.effect("answers 429 to every call for which it is documented, and to no other one", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.strictEqual((yield* call("GET", "/users")).status, 200)
      for (const [name, operation] of operationsOf(document)) {
        const [method = "", path = ""] = name.split(" ")
        const answer = yield* call(method, path.replaceAll(/\{\w+\}/g, "1"))
        assert.strictEqual(answer.status === 429, operation.responses["429"] !== undefined, name)
        const { status, text } = answer
        assert.isUndefined(faultOf(path, method, { status, headers: Object.fromEntries(answer.headers), text }), name)
      }
    })
  )
})

const key = "hush-contract-key"
/** In milliseconds, so that a request that is cut off ends soon. */
const short = { headers: 100, request: 100, check: 20 }

for (const [name, env, headers, always] of [
  ["with a key", { GITPIP_API_KEY: key, GITPIP_RATE_LIMIT: "none" }, [`authorization: Bearer ${key}`], [401]],
  ["without a key", {}, [], [421]]
] as const) {
  const running = Layer.effectDiscard(found("ann", 2)).pipe(Layer.provideMerge(layerRunning(env, short)), Layer.orDie)
  layer(running, { excludeTestServices: true })(`a server ${name}, CONTRACT_SEED=${seed}`, (it) => {
    const seen = new Set<number>()

    it.effect.prop(
      "answers any request as its OpenAPI document says, and never breaks",
      [requests],
      ([request]) =>
        Effect.gen(function* () {
          const sent = bytesOf(document, request, headers)
          const answer = yield* exchange(sent.text)
          seen.add(answer.status)
          const fault = judged(request, sent, answer)
          assert.isUndefined(fault, `${sent.text.slice(0, 200)}\n${JSON.stringify(answer)}: ${fault}`)
        }),
      { arbitrary: { runs, seed, size: 20, concurrency: 4 } }
    )

    it.effect("refuses a call of another site", () =>
      Effect.gen(function* () {
        const fault = { _tag: "Header", lines: "origin: http://evil.example" } as const
        const request: Generated = { call: "POST /scans", values: {}, fault }
        const sent = bytesOf(document, request, headers)
        // A slow machine may send it too late for the short limits.
        const answer = yield* Effect.repeat(exchange(sent.text), { until: ({ status }) => status !== 408 })
        seen.add(answer.status)
        assert.strictEqual(answer.status, 403)
        assert.isUndefined(judged(request, sent, answer))
      })
    )

    it.effect("was asked for every answer that comes before a call", () =>
      Effect.sync(() => {
        const wanted = [200, 400, 403, 404, 405, 408, 413, 414, 417, 431, ...always]
        assert.deepStrictEqual(
          wanted.filter((status) => !seen.has(status)),
          []
        )
      })
    )
  })
}
