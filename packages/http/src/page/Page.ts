/**
 * The page at `/`: an empty shell, and the modules that fill it through the API. Only the visitor's name differs between
 * shells; a cookie keeps it.
 *
 * The policy allows parts from the server itself, and the import map of Preact by its hash. No element has an inline style
 * or script.
 */
import { randomBytes } from "node:crypto"
import { Settings, Visitor } from "@gitpip/core"
import { Duration, Effect, Layer, Option, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as EarlyResponses from "../EarlyResponses.ts"
import { pagePolicy } from "../headers.ts"
import * as Assets from "./Assets.ts"
import { pageRoutes } from "./addresses.ts"

const visitorCookie = "gitpip_visitor"
const year = Duration.days(365)

const encodings = ["br", "gzip"] as const

/** The best encoding that the browser accepts: brotli, gzip, or none. */
const compressed = (
  asset: Assets.Asset,
  accepted: string | undefined
): { readonly body: Uint8Array; readonly headers: Record<string, string> } => {
  const named = accepted?.split(",").map((part) => part.trim()) ?? []
  const encoding = encodings.find((encoding) =>
    named.some((part) => part === encoding || (part.startsWith(`${encoding};`) && !/;q=0(\.0*)?$/.test(part)))
  )
  return {
    body: encoding === undefined ? asset.plain : asset[encoding],
    headers: { vary: "accept-encoding", ...(encoding === undefined ? {} : { "content-encoding": encoding }) }
  }
}

const shell = ({ files, version }: Assets.Assets, asksForKey: boolean) => {
  const base = `./assets/${version}`
  const map = JSON.stringify({
    imports: { preact: `${base}/preact.js`, "preact/jsx-runtime": `${base}/jsx-runtime.js` }
  })
  const preloads = [...files.keys()]
    .filter((name) => name.endsWith(".js"))
    .map((name) => `<link rel="modulepreload" href="${base}/${name}">`)
  const policy = pagePolicy({ ownScripts: true, inlineScripts: [map], styles: "'self'" })
  const page = (visitor: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Gitpip</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="gitpip-visitor" content="${visitor}">
<meta name="gitpip-key" content="${asksForKey ? "asked" : "none"}">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/page.css">
<script type="importmap">${map}</script>
${preloads.join("\n")}
<script type="module" src="${base}/main.js"></script>
</head>
<body>
<div id="page"><noscript><p>This page needs JavaScript. The same is at <a href="./docs">the API</a>.</p></noscript></div>
</body>
</html>
`
  return { page, policy }
}

const isVisitor = Schema.is(Visitor)

/** The routes of the page and its files, which need no key. A new browser gets a visitor of its own, in a cookie. */
export const layerPage = Layer.unwrap(
  Effect.map(Settings, ({ apiKey }) => {
    let made: ReturnType<typeof shell> | undefined

    const index = Effect.map(HttpServerRequest.HttpServerRequest, ({ cookies }) => {
      made ??= shell(Assets.load(), Option.isSome(apiKey))
      const known = cookies[visitorCookie]
      // Safe in HTML as it is: the schema of visitors allows no character with a meaning there.
      const visitor = known !== undefined && isVisitor(known) ? known : `page-${randomBytes(9).toString("base64url")}`
      const response = HttpServerResponse.text(made.page(visitor), {
        contentType: "text/html; charset=utf-8",
        headers: { "content-security-policy": made.policy }
      })
      // With `lax`, a person who follows a link of another site stays the same visitor.
      const options = { path: "/", maxAge: year, httpOnly: true, sameSite: "lax" } as const
      return HttpServerResponse.setCookieUnsafe(response, visitorCookie, visitor, options)
    })

    const part = Effect.gen(function* () {
      const { params } = yield* HttpRouter.RouteContext
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      const { files, version } = Assets.load()
      const asset = params.version === version ? files.get(params.file ?? "") : undefined
      // A page that is older than the server asks for parts of the old version, until it is loaded again.
      if (asset === undefined) return EarlyResponses.gone
      const { body, headers: coded } = compressed(asset, headers["accept-encoding"])
      return HttpServerResponse.uint8Array(body, {
        contentType: asset.contentType,
        headers: { ...coded, "cache-control": `public, max-age=${Duration.toSeconds(year)}, immutable` }
      })
    })

    return Layer.mergeAll(HttpRouter.add("GET", pageRoutes[0], index), HttpRouter.add("GET", pageRoutes[1], part))
  })
)
