/** Requests to GitHub and Pipedrive go through the proxies that the environment names. */
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { layerTransport, TunnelTimeout } from "../../src/net/transport.ts"
import { FakeGithub, FakePipedrive } from "../../src/testing/index.ts"
import { settingsOf } from "../world.ts"
import { githubToken, makeGithub, makePipedrive, pipedriveToken, reasonOf } from "./clients.ts"
import { behindTls, certificate, makeProxy, type ProxyOptions } from "./proxy.ts"

const trusted = getCACertificates()
beforeAll(() => setDefaultCACertificates([...trusted, certificate.cert]))
afterAll(() => setDefaultCACertificates(trusted))

const through = (env: Record<string, string>) => layerTransport.pipe(Layer.provide(settingsOf(env)), Layer.orDie)

/** Both services behind a proxy that alone knows their names. */
const company = Effect.fnUntraced(function* (options: ProxyOptions = {}) {
  const github = yield* FakeGithub.make({ token: githubToken })
  const pipedrive = yield* FakePipedrive.make({ token: pipedriveToken, burst: false })
  github.addUser("octocat")
  github.addGist("octocat", { files: { "a.md": "a" } })
  const proxy = yield* makeProxy({
    hosts: {
      "github.test:443": yield* behindTls(github.url),
      "pipedrive.test:443": yield* behindTls(pipedrive.url),
      "github.test": Number(github.url.port),
      "pipedrive.test": Number(pipedrive.url.port)
    },
    ...options
  })
  return { github, pipedrive, proxy }
})

const clients = Effect.fnUntraced(function* (scheme: "http" | "https", env: Record<string, string>) {
  const transport = Layer.provide(through(env), Layer.succeed(TunnelTimeout, yield* TunnelTimeout))
  return {
    github: yield* makeGithub(`${scheme}://github.test`, { transport }),
    pipedrive: yield* makePipedrive(`${scheme}://pipedrive.test`, { transport })
  }
})

describe("requests through a proxy", () => {
  for (const [how, options, address] of [
    ["a proxy", {}, (host: string) => `http://${host}`],
    ["a proxy without a scheme in its address", {}, (host: string) => host],
    ["a proxy with a password", { credentials: "me:p@ss/word" }, (host: string) => `http://me:p%40ss%2Fword@${host}`],
    ["a proxy behind TLS", { tls: true }, (host: string) => `https://${host}`]
  ] as const) {
    it.live(`requests to https addresses go through a tunnel of ${how}, which sees no token`, () =>
      Effect.gen(function* () {
        const { github, pipedrive, proxy } = yield* company(options)
        const client = yield* clients("https", { HTTPS_PROXY: address(proxy.host) })
        assert.isTrue(Option.isSome(yield* client.github.gists("octocat", Option.none())))
        assert.isAbove((yield* client.pipedrive.createDeal({ title: "d" })).id, 0)
        assert.deepStrictEqual(
          proxy.asked.map(({ line }) => line),
          ["CONNECT github.test:443", "CONNECT pipedrive.test:443"]
        )
        for (const { headers } of proxy.asked) assert.notIncludeMembers([...headers], ["authorization", "x-api-token"])
        for (const { headers } of [...github.requests, ...pipedrive.requests]) {
          assert.notProperty(headers, "proxy-authorization")
        }
        assert.deepStrictEqual([github.requests.length, pipedrive.requests.length], [1, 1])
      })
    )

    it.live(`requests to http addresses are passed on by ${how}`, () =>
      Effect.gen(function* () {
        const { github, pipedrive, proxy } = yield* company(options)
        const client = yield* clients("http", { http_proxy: address(proxy.host) })
        assert.isTrue(Option.isSome(yield* client.github.gists("octocat", Option.none())))
        assert.isAbove((yield* client.pipedrive.createDeal({ title: "d" })).id, 0)
        assert.match(proxy.asked[0]?.line ?? "", /^GET http:\/\/github\.test\//)
        assert.match(proxy.asked[1]?.line ?? "", /^POST http:\/\/pipedrive\.test\//)
        assert.deepStrictEqual([github.requests.length, pipedrive.requests.length], [1, 1])
      })
    )
  }

  it.live("requests to loopback addresses and to hosts of NO_PROXY go through no proxy", () =>
    Effect.gen(function* () {
      const { github, proxy } = yield* company()
      const env = { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host, NO_PROXY: "github.test" }
      const local = yield* makeGithub(github.url, { transport: through(env) })
      assert.isTrue(Option.isSome(yield* local.gists("octocat", Option.none())))
      const client = yield* clients("https", env)
      const reason = yield* reasonOf(client.github.gists("octocat", Option.none()))
      assert.match(reason.message, /^GitHub cannot be reached: the connection failed \((ENOTFOUND|EAI_AGAIN)\)$/)
      assert.deepStrictEqual(proxy.asked, [])
    })
  )
})

describe("a proxy that fails", () => {
  const faults: ReadonlyArray<
    readonly [what: string, options: ProxyOptions & { readonly scheme?: "https" }, says: RegExp]
  > = [
    ["rejects the password", { credentials: "me:other" }, /rejects the user and password, or asks for them \(407\)/],
    ["forbids the address", { refuse: 403 }, /refuses the connection \(403\)\. Allow this address at the proxy/],
    ["does not know the host", { hosts: {} }, /refuses the connection \(502\)/],
    ["hangs up", { refuse: "hang up" }, /cannot be reached \(.+\)\. Check HTTPS_PROXY and that proxy$/],
    ["never answers", { refuse: "never answer" }, /does not answer \(.+\)\. Check HTTPS_PROXY and that proxy$/],
    ["does not speak TLS", { scheme: "https" }, /does not answer with TLS \(.+\)\. Set HTTPS_PROXY to http:\/\/\S+$/]
  ]
  for (const [what, { scheme = "http", ...options }, says] of faults) {
    it.live(`a proxy that ${what} is named in the error, and nothing was sent through it`, () =>
      Effect.gen(function* () {
        const { github, pipedrive, proxy } = yield* company(options)
        const client = yield* clients("https", { HTTPS_PROXY: `${scheme}://me:hush-password@${proxy.host}` }).pipe(
          // Only a proxy that never answers is not waited for: the others must not meet a limit on a slow machine.
          Effect.updateService(TunnelTimeout, (usual) =>
            options.refuse === "never answer" ? Duration.millis(50) : usual
          )
        )
        const read = yield* reasonOf(client.github.gists("octocat", Option.none()))
        const created = yield* reasonOf(client.pipedrive.createDeal({ title: "d" }))
        assert.deepStrictEqual([read._tag, created._tag], ["Unreachable", "Unreachable"])
        for (const { message } of [read, created]) {
          assert.include(message, `cannot be reached: the proxy ${scheme}://${proxy.host} `)
          assert.match(message, says)
          assert.notInclude(JSON.stringify([read, created]), "hush-password")
        }
        assert.deepStrictEqual([github.requests.length, pipedrive.requests.length], [0, 0])
      })
    )
  }

  it.live("a proxy that rejects the password of a request to an http address is named in the error", () =>
    Effect.gen(function* () {
      const { proxy } = yield* company({ credentials: "me:other" })
      const client = yield* clients("http", { HTTP_PROXY: `http://me:hush-password@${proxy.host}` })
      const { _tag, message } = yield* reasonOf(client.pipedrive.createDeal({ title: "d" }))
      assert.strictEqual(_tag, "Unreachable")
      assert.match(message, /the proxy \S+ rejects .* \(407\)\. Set HTTP_PROXY to http:\/\/USER:PASSWORD@HOST:PORT$/)
    })
  )

  it.live("the variable in lower case is named when the proxy was read from it", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(makeProxy())
      const client = yield* clients("https", { https_proxy: gone.host, HTTPS_PROXY: "http://other.corp" })
      const { message } = yield* reasonOf(client.pipedrive.createDeal({ title: "d" }))
      assert.match(message, /\. Check https_proxy and that proxy$/)
    })
  )

  it.live("a proxy that cannot be reached is named in the error", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(makeProxy())
      for (const scheme of ["http", "https"] as const) {
        const client = yield* clients(scheme, { HTTPS_PROXY: gone.host, HTTP_PROXY: gone.host })
        const { _tag, message } = yield* reasonOf(client.pipedrive.createDeal({ title: "d" }))
        assert.strictEqual(_tag, "Unreachable")
        assert.match(message, new RegExp(`the proxy http://${gone.host} cannot be reached \\(ECONNREFUSED\\)`))
      }
    })
  )

  it.live("a certificate of the proxy's own authority is said to miss in NODE_EXTRA_CA_CERTS", () =>
    Effect.gen(function* () {
      setDefaultCACertificates(trusted)
      yield* Effect.addFinalizer(() => Effect.sync(() => setDefaultCACertificates([...trusted, certificate.cert])))
      const { pipedrive, proxy } = yield* company()
      const client = yield* clients("https", { HTTPS_PROXY: proxy.host })
      const { _tag, message } = yield* reasonOf(client.pipedrive.createDeal({ title: "d" }))
      assert.strictEqual(_tag, "Unreachable")
      assert.match(
        message,
        /or that of the proxy http:\/\/\S+, name the file of its certificate in NODE_EXTRA_CA_CERTS$/
      )
      assert.deepStrictEqual(pipedrive.requests, [])
    })
  )
})
