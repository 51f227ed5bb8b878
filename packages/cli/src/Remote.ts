/**
 * The commands' work done by a server, over its HTTP API. Its problems become the errors that the services themselves
 * would have failed with; all else is a `ServerError`.
 */
import {
  defaultVisitor,
  type PublicationId,
  PublicationNotFound,
  type ScanDetails,
  ScanNotFound,
  UserConflict,
  UserNotTracked,
  type Username,
  VisitNotFound
} from "@gitpip/core"
import { Api, pageLimit } from "@gitpip/http"
import { Clock, Effect, Layer, Option, type Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Backend, type Report, ServerError } from "./Backend.ts"
import type { Progress } from "./Progress.ts"
import { publishAll } from "./publishing.ts"
import { explain } from "./ServerFaults.ts"
import { scanning } from "./scanning.ts"

export interface Server {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: Option.Option<Redacted.Redacted>
}

/** Between two questions how a scan, or the outbox, is getting on. */
const pause = "500 millis"

/** A server's work that has not moved for so long is not waited for. */
const patience = 120_000

/** How often a request is made again that came too soon after others, when the server says for how long to wait. */
const patientTries = 5

export const layer = (server: Server): Layer.Layer<Backend> =>
  Layer.effect(Backend, make(server)).pipe(Layer.provide(transport))

/** The key goes to this server, and not to where it might point. */
const transport = Layer.fresh(FetchHttpClient.layer).pipe(
  Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/** Whether the server can be used: it answers, takes the key, and gets its work done. */
export const check = (server: Server): Effect.Effect<void, ServerError> =>
  Effect.gen(function* () {
    const { system } = yield* connect(server)
    const failing = explain(server)
    yield* failing(system.status(), {})
    yield* failing(system.ready({ query: {} }), {
      NotReadyProblem: ({ reasons }) =>
        new ServerError({ message: `The server at ${server.url} does not get its work done: ${reasons.join("; ")}` })
    })
  }).pipe(Effect.provide(transport))

const connect = (server: Server) => HttpApiClient.make(Api, { baseUrl: server.url, transformClient: prepared(server) })

const make = Effect.fnUntraced(function* (server: Server) {
  const client = yield* connect(server)
  const failing = explain(server)

  /** Newest first: before a row, at most so many, in as many pages as that takes. */
  const newest = Effect.fnUntraced(function* <A extends { readonly id: number }, E, R>(
    { before, limit }: { readonly before: number; readonly limit: number },
    read: (page: {
      readonly after: number
      readonly limit: number
    }) => Effect.Effect<{ readonly body: ReadonlyArray<A> }, E, R>
  ) {
    const found: Array<A> = []
    for (let after = before; found.length < limit; ) {
      const { body } = yield* read({ after, limit: Math.min(limit - found.length, pageLimit) })
      found.push(...body)
      const last = body.at(-1)
      if (last === undefined || body.length < Math.min(limit, pageLimit)) break
      after = last.id
    }
    return found
  })

  const user = (username: Username) =>
    failing(client.users.get({ params: { username } }), {
      UserNotTrackedProblem: () => new UserNotTracked({ username })
    })

  const status = failing(client.system.status(), {})

  const publications: Backend["Service"]["publications"] = ({ state, ...page }) =>
    newest(page, (query) =>
      failing(client.publications.list({ query: state === undefined ? query : { ...query, state } }), {})
    )

  /** Waits until the server has published what is due, and counts what became of the files behind a mark. */
  const outboxSince = (mark: number) => {
    const counted = { published: 0, failed: 0, gone: 0 }
    const publish = Effect.gen(function* () {
      let waiting = Number.NaN
      let moved = 0
      for (;;) {
        const { publications, publishing } = yield* status
        const now = yield* Clock.currentTimeMillis
        const left = publications.pending + publications.sending
        if (left !== waiting) moved = now
        waiting = left
        const due = publications.oldestDue !== null && publications.oldestDue.epochMilliseconds <= now
        if (publishing.state !== "on" || (publications.sending === 0 && !due) || now - moved > patience) break
        yield* Effect.sleep(pause)
      }
      const now = { published: 0, failed: 0, gone: 0 }
      for (let before: number = Number.MAX_SAFE_INTEGER; ; ) {
        const page = yield* publications({ before, limit: pageLimit })
        for (const { id, state } of page) if (id > mark && state in now) now[state as keyof typeof now]++
        const last = page.at(-1)
        if (last === undefined || last.id <= mark || page.length < pageLimit) break
        before = last.id
      }
      const drained = {
        published: now.published - counted.published,
        failed: now.failed - counted.failed,
        gone: now.gone - counted.gone
      }
      Object.assign(counted, now)
      return drained
    })
    return { publish, status }
  }

  const scanOne = Effect.fnUntraced(function* (username: Username | undefined, progress: Progress) {
    const asked = yield* failing(client.scans.request({ query: username === undefined ? {} : { username } }), {
      UserNotTrackedProblem: () => new UserNotTracked({ username: username ?? "" }),
      ScanNotFoundProblem: (problem) => new ServerError({ message: said(problem) })
    })
    const { id } = asked.body
    yield* progress.update(`Scanning ${username ?? "everybody"}, by the server at ${server.url}`)
    for (;;) {
      const details: ScanDetails = yield* failing(client.scans.get({ params: { id } }), {
        ScanNotFoundProblem: () => new ScanNotFound({ scan: id })
      })
      if (details.scan.finishedAt !== null) return details
      if (details.scan.state === "running") yield* progress.update(scanning(details.scan, username, yield* status))
      yield* Effect.sleep(pause)
    }
  })

  return Backend.of({
    track: (username, options) =>
      failing(
        options?.id === undefined
          ? client.users.trackNext({ params: { username }, responseMode: "decoded-and-response" })
          : client.users.track({ params: { username, id: options.id }, responseMode: "decoded-and-response" }),
        { UserConflictProblem: (problem) => new UserConflict({ message: said(problem) }) }
      ).pipe(Effect.map(([user, { status }]) => ({ user, created: status === 201 }))),
    preview: (username) =>
      failing(client.users.preview({ params: { username } }), {
        GithubProblem: (problem) => new ServerError({ message: said(problem) })
      }),
    untrack: (username) =>
      failing(client.users.untrack({ params: { username } }), {
        UserNotTrackedProblem: () => new UserNotTracked({ username })
      }),
    users: ({ state, ...page }) =>
      Effect.map(
        failing(client.users.list({ query: state === undefined ? page : { ...page, state } }), {}),
        ({ body }) => body
      ),
    latest: Effect.fnUntraced(function* (username, visitor = defaultVisitor) {
      const notTracked = { UserNotTrackedProblem: () => new UserNotTracked({ username }) }
      const { body, headers } = yield* failing(
        client.gists.latest({ params: { username }, query: { visitor } }),
        notTracked
      )
      const id = headers["gitpip-visit"]
      const query = { visitor, after: id + 1, limit: 1 }
      const records = yield* failing(client.gists.visits({ params: { username }, query }), notTracked)
      const record = records.body[0]
      if (record === undefined)
        return yield* new ServerError({ message: `The server does not know visit ${id} any more` })
      return { ...record, files: body }
    }),
    visits: (username, visitor, page) =>
      newest(page, (query) =>
        failing(client.gists.visits({ params: { username }, query: { ...query, visitor } }), {
          UserNotTrackedProblem: () => new UserNotTracked({ username })
        })
      ),
    visit: (username, visit) =>
      failing(client.gists.visit({ params: { username, visit } }), {
        UserNotTrackedProblem: () => new UserNotTracked({ username }),
        VisitNotFoundProblem: () => new VisitNotFound({ visit })
      }),
    history: (username, page) =>
      newest(page, (query) =>
        failing(client.gists.history({ params: { username }, query }), {
          UserNotTrackedProblem: () => new UserNotTracked({ username })
        })
      ),
    publications,
    retry: (id) =>
      failing(client.publications.retry({ params: { id: id as PublicationId } }), {
        PublicationNotFoundProblem: () => new PublicationNotFound({ publication: id }),
        PublicationNotFailedProblem: (problem) => new ServerError({ message: said(problem) })
      }),
    retryFailed: Effect.map(failing(client.publications.retryAll(), {}), ({ retried }) => retried),
    status,
    scan: Effect.fnUntraced(function* (usernames, progress) {
      for (const username of usernames) yield* user(username)
      const [last] = yield* publications({ before: Number.MAX_SAFE_INTEGER, limit: 1 })
      const scans: Array<ScanDetails> = []
      for (const username of usernames.length === 0 ? [undefined] : usernames)
        scans.push(yield* scanOne(username, progress))
      return { scans, publishing: yield* publishAll(outboxSince(last?.id ?? 0), progress) } satisfies Report
    })
  })
})

const said = ({
  detail,
  title
}: {
  readonly detail?: string | undefined
  readonly title?: string | undefined
}): string => detail ?? title ?? "The server gives no reason"

const prepared =
  ({ key }: Server) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient => {
    const keyed = Option.match(key, {
      onNone: () => client,
      onSome: (key) => HttpClient.mapRequest(client, HttpClientRequest.bearerToken(key))
    })
    // Whoever tracks thousands of users, say, is told by the server to slow down.
    return HttpClient.transform(keyed, (request) => {
      const patient = (tries: number): typeof request =>
        Effect.flatMap(request, (response) => {
          const seconds = Number(response.headers["retry-after"])
          return response.status === 429 && tries > 1 && seconds >= 0 && seconds <= 120
            ? Effect.andThen(Effect.sleep(`${seconds} seconds`), patient(tries - 1))
            : Effect.succeed(response)
        })
      return patient(patientTries)
    })
  }
