/**
 * The commands' work done by a server, over its HTTP API. Its problems become the errors that the services themselves
 * would have failed with; all else is a `ServerError`.
 */
import { Effect, Layer } from "effect"
import { Backend, ServerError } from "../Backend.ts"
import { connect, type Server, transport } from "./connection.ts"
import { contactCalls } from "./contacts.ts"
import { publicationCalls } from "./publications.ts"
import { scanCall } from "./scan.ts"
import { userCalls } from "./users.ts"
import { visitCalls } from "./visits.ts"

export const layer = (server: Server): Layer.Layer<Backend> =>
  Layer.effect(
    Backend,
    Effect.map(connect(server), (connection) => {
      const publications = publicationCalls(connection)
      return Backend.of({
        isServer: true,
        ...userCalls(connection),
        ...contactCalls(connection),
        ...visitCalls(connection),
        ...publications,
        scan: scanCall(connection, publications)
      })
    })
  ).pipe(Layer.provide(transport))

/** Whether the server can be used: it answers, accepts the key, and gets its work done. */
export const check = (server: Server): Effect.Effect<void, ServerError> =>
  Effect.gen(function* () {
    const { client, orServerError } = yield* connect(server)
    yield* orServerError(client.system.status(), {})
    yield* orServerError(client.system.ready({ query: {} }), {
      NotReadyProblem: ({ reasons }) =>
        new ServerError({ message: `The server at ${server.url} does not get its work done: ${reasons.join("; ")}` })
    })
  }).pipe(Effect.provide(transport))
