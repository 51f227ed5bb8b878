/**
 * The reference page at `/docs`, with its script inside.
 *
 * Hazard: Scalar's page would load fonts from its makers' server, and offer to upload the document there. The options
 * switch both off, and the policy forbids both: it names the page's two scripts by their hashes, and no other origin.
 * Scalar writes its styles into the page, so inline styles are allowed.
 */
import { Effect, Layer, Predicate, Scope } from "effect"
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

/** Scripts are hashed on the first request, because most servers never show the page. */
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

const withPolicy = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeader(response, "content-security-policy", policyOf(response))

/** The page is loaded for its first request: its script takes 13 MB, and most servers never show the page. */
export const layerReference = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const page = HttpRouter.toHttpEffect(HttpApiScalar.layer(Api, { path: "/docs", scalar })).pipe(
      // A router of its own: the server's is remembered in the server's map.
      Effect.provideService(Layer.CurrentMemoMap, Layer.makeMemoMapUnsafe())
    )
    // Hazard: a caller who leaves meanwhile must not leave an interruption as the page.
    const loaded = yield* Effect.cached(Effect.uninterruptible(Scope.provide(page, yield* Effect.scope)))
    yield* router.add("GET", "/docs", Effect.map(Effect.flatten(loaded), withPolicy))
  })
)
