/**
 * Gitpip's HTTP API under a path of a Hono server, beside the server's own routes.
 *
 * Run: PORT=3000 npx node examples/02-mounted-in-hono.ts
 */

import { Gitpip, Settings, Worker } from "@gitpip/core"
import { toWebHandler } from "@gitpip/http"
import { serve } from "@hono/node-server"
import { Layer } from "effect"
import { Hono } from "hono"

const services = Worker.layer.pipe(Layer.provideMerge(Gitpip.layer), Layer.provideMerge(Settings.layer))
const gitpip = toWebHandler(services)

const app = new Hono()
app.get("/", (context) => context.text("The server's own page. Gitpip is at /gitpip/users"))
app.mount("/gitpip", gitpip.handler)

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`listening on http://127.0.0.1:${port}`)
)

process.once("SIGTERM", () => {
  // First refuse requests, then stop the services: work in flight is finished or released.
  server.close(() => void gitpip.dispose())
})
