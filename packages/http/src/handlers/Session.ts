import { Settings } from "@gitpip/core"
import { Clock, Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { makeSessions, sessionCookie, sessionLifetime } from "../Session.ts"

export const layerSession = HttpApiBuilder.group(
  Api,
  "session",
  Effect.fnUntraced(function* (handlers) {
    const sessions = makeSessions((yield* Settings).apiKey)

    /** Sets the cookie, or ends it without a value. The guard has checked the key already. */
    const answer = (value?: string) =>
      Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        HttpServerResponse.setCookieUnsafe(HttpServerResponse.empty({ status: 204 }), sessionCookie, value ?? "", {
          path: "/",
          maxAge: value === undefined ? 0 : sessionLifetime,
          httpOnly: true,
          sameSite: "strict",
          // Browsers drop a `Secure` cookie of plain HTTP. `Origin` has the page's own protocol, whatever a proxy uses.
          secure: headers.origin?.startsWith("https:") === true
        })
      )

    return handlers.handleAll({
      signIn: () => Effect.flatMap(Clock.currentTimeMillis, (now) => answer(sessions.open(now))),
      signOut: () => answer()
    })
  })
)
