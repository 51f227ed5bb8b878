/**
 * The services a benchmark talks to, in a process of their own so that their work is not counted in ours:
 * `node services.ts github|pipedrive|unchanged|accepting OPTIONS`. Answers calls that come over IPC. With the option
 * `latency`, each answer takes that many milliseconds longer. With the option `queries`, GitHub answers GraphQL.
 */
import { createServer } from "node:http"
import { type AddressInfo, connect, createServer as createRelay } from "node:net"
import { Effect } from "effect"
import { FakeGithub, FakePipedrive } from "../../src/testing/index.ts"
import { graphqlEngine } from "../../test/github/graphqlEngine.ts"

export interface Calls {
  /** Users `user-FROM` to `user-(FROM + users - 1)`, each with this many gists more. The gists' ids by user. */
  readonly gists: (input: {
    readonly from: number
    readonly users: number
    /** Files of each gist. */
    readonly files: ReadonlyArray<number>
    readonly bytes: number
  }) => ReadonlyArray<string>
  readonly deal: (title: string) => number
  /** Deals of these titles, as people made them. */
  readonly deals: (titles: ReadonlyArray<string>) => void
  /** Persons of these names, as people added them. */
  readonly persons: (names: ReadonlyArray<string>) => void
  /** From now on the lists of deals and persons answer 403. */
  readonly refuseLists: () => void
  /** Tokens spent since the start, and requests of each kind. */
  readonly spent: () => {
    readonly tokens: number
    readonly creates: number
    readonly searches: number
    readonly lists: number
  }
  /** Requests since the last call, by the status of the answer. */
  readonly counts: () => Readonly<Record<string, number>>
}

type Handlers = { readonly [K in keyof Calls]?: Calls[K] }

const github = Effect.fnUntraced(function* ({ queries = false }: { readonly queries?: boolean }) {
  const fake = yield* FakeGithub.make({ limit: false, log: false, ...(queries ? { graphql: graphqlEngine } : {}) })
  const known = new Set<string>()
  let made = 0
  const handlers: Handlers = {
    gists: ({ bytes, files, from, users }) => {
      const ids: Array<string> = []
      for (let n = from; n < from + users; n++) {
        const login = `user-${n}`
        if (!known.has(login)) fake.addUser(login)
        known.add(login)
        for (const count of files) {
          const named = Array.from({ length: count }, (_, file) => [`file-${file}.ts`, content(bytes)] as const)
          ids.push(
            fake.addGist(login, { files: Object.fromEntries(named), createdAt: 1_600_000_000_000 + made++ * 1_000 })
          )
        }
      }
      return ids
    },
    counts: () => counts((status) => fake.count(undefined, undefined, status), fake.clearRequests)
  }
  return { url: fake.url.origin, handlers }
})

const pipedrive = (options: object) =>
  Effect.gen(function* () {
    const fake = yield* FakePipedrive.make({ dailyTokens: false, log: false, burst: false, ...options })
    const handlers: Handlers = {
      deal: (title) => fake.addDeal({ title }),
      deals: (titles) => {
        for (const title of titles) fake.addDeal({ title })
      },
      persons: (names) => {
        for (const name of names) fake.addPerson({ name })
      },
      refuseLists: () =>
        fake.injectFault(
          { kind: "status", status: 403, body: { success: false, error: "Not permitted" } },
          {
            times: Number.POSITIVE_INFINITY,
            when: ({ method, route }) => method === "GET" && (route === "/api/v2/deals" || route === "/api/v2/persons")
          }
        ),
      spent: () => ({
        tokens: fake.tokensSpent,
        creates: fake.count("POST"),
        searches: fake.count("GET", "/api/v2/deals/search") + fake.count("GET", "/api/v2/persons/search"),
        lists: fake.count("GET", "/api/v2/deals") + fake.count("GET", "/api/v2/persons")
      }),
      counts: () => counts((status) => fake.count(undefined, undefined, status), fake.clearRequests)
    }
    return { url: fake.url.origin, handlers }
  })

/** GitHub at its fastest: each list is unchanged, each gist is the same, and no state is kept. */
const unchanged = Effect.callback<{ readonly url: string; readonly handlers: Handlers }>((resume) => {
  let answered = 0
  const server = createServer((request, response) => {
    answered++
    if (request.url?.startsWith("/gists/") === true) {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(anyGist)
      return
    }
    response.writeHead(request.headers["if-none-match"] === undefined ? 500 : 304, { etag: '"same"' })
    response.end()
  })
  const handlers: Handlers = {
    counts: () => {
      const found = { 304: answered }
      answered = 0
      return found
    }
  }
  server.listen(0, "127.0.0.1", () =>
    resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, handlers }))
  )
})

/** Pipedrive at its fastest: accepts and forgets each request, and finds nothing. */
const accepting = Effect.callback<{ readonly url: string; readonly handlers: Handlers }>((resume) => {
  let made = 0
  const server = createServer((request, response) => {
    request.resume()
    request.once("end", () => {
      const data =
        request.method === "POST" ? { id: ++made } : request.url?.includes("/search") === true ? { items: [] } : []
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify({ success: true, data }))
    })
  })
  server.listen(0, "127.0.0.1", () =>
    resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, handlers: {} }))
  )
})

/** The address of a relay to a service, on which each byte of an answer arrives some milliseconds later. */
const latent = (origin: string, millis: number) =>
  Effect.callback<string>((resume) => {
    const relay = createRelay({ noDelay: true }, (caller) => {
      const service = connect({ port: Number(new URL(origin).port), host: "127.0.0.1", noDelay: true })
      caller.pipe(service)
      service.on("data", (part) => setTimeout(() => caller.write(part), millis))
      service.once("close", () => setTimeout(() => caller.destroy(), millis))
      for (const socket of [caller, service]) socket.on("error", () => service.destroy())
    })
    relay.listen(0, "127.0.0.1", () =>
      resume(Effect.succeed(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`))
    )
  })

const content = (bytes: number) =>
  "export const answer = (question: string) => question.length < 42\n".repeat(Math.ceil(bytes / 65)).slice(0, bytes)

const counts = (of: (status: number) => number, clear: () => void): Readonly<Record<string, number>> => {
  const found = [200, 201, 304, 400, 403, 404, 429, 500].map((status) => [status, of(status)] as const)
  clear()
  return Object.fromEntries(found.filter(([, count]) => count > 0))
}

const anyGist = JSON.stringify({
  description: "What I keep forgetting",
  files: Object.fromEntries([0, 1, 2].map((n) => [`notes-${n}.md`, { content: content(2_000), truncated: false }]))
})

const [kind, given = "{}"] = process.argv.slice(2)
const { latency = 0, ...options } = JSON.parse(given)
const service =
  kind === "github"
    ? github(options)
    : kind === "pipedrive"
      ? pipedrive(options)
      : kind === "accepting"
        ? accepting
        : unchanged

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const { handlers, url } = yield* service
      process.on("message", ({ id, input, name }: { id: number; name: keyof Calls; input: never }) =>
        process.send?.({ id, output: handlers[name]?.(input) })
      )
      process.send?.({ url: latency > 0 ? yield* latent(url, latency) : url })
      // Until the parent process has ended.
      yield* Effect.callback<void>((resume) => void process.once("disconnect", () => resume(Effect.void)))
    })
  )
)
process.exit(0)
