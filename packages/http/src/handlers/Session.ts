import { Settings } from "@gitpip/core"
import { Clock, Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { makeSessions, setCookie } from "../Session.ts"

export const layerSession = HttpApiBuilder.group(
  Api,
  "session",
  Effect.fnUntraced(function* (handlers) {
    const sessions = makeSessions((yield* Settings).apiKey)

    /** The guard has checked the key already. */
    const answer = (value: string | undefined) =>
      Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        HttpServerResponse.empty({
          status: 204,
          // The page's own protocol: a proxy in front may speak another one to this server.
          headers: { "set-cookie": setCookie(value, headers.origin?.startsWith("https:") === true) }
        })
      )

    return handlers.handleAll({
      signIn: () => Effect.flatMap(Clock.currentTimeMillis, (now) => answer(sessions.open(now))),
      signOut: () => answer(undefined)
    })
  })
)
