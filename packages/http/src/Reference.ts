/**
 * The reference page at `/docs`, whole in itself: its script comes with it, and it is allowed nothing else.
 *
 * Scalar's page would load fonts from its makers' server, which would then know who reads it, and offers to upload the
 * document there. Both are switched off, and the policy forbids them: it names the two scripts of the page by their
 * hashes and no other origin than the server itself. Scalar writes its styles into the page, so these are allowed.
 */
import { Effect, Layer, Predicate } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiScalar } from "effect/http-api"
import { Api } from "./Api.ts"
import { pagePolicy } from "./headers.ts"

const scalar = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true }
}

const isBytes = Predicate.isTagged("Uint8Array")

/** Scripts are hashed on the first request: most servers never show the page. */
const policies = new WeakMap<object, string>()

const policyOf = (response: HttpServerResponse.HttpServerResponse): string => {
  const known = policies.get(response.body)
  if (known !== undefined) return known
  const page = isBytes(response.body) ? new TextDecoder().decode(response.body.body) : ""
  const policy = pagePolicy({
    ownScripts: false,
    inlineScripts: [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = ""]) => script),
    styles: "'unsafe-inline'"
  })
  policies.set(response.body, policy)
  return policy
}

const withPolicy = HttpRouter.middleware(
  Effect.succeed(
    Effect.map((response: HttpServerResponse.HttpServerResponse) =>
      HttpServerResponse.setHeader(response, "content-security-policy", policyOf(response))
    )
  )
)

export const layerReference = HttpApiScalar.layer(Api, { path: "/docs", scalar }).pipe(Layer.provide(withPolicy.layer))
