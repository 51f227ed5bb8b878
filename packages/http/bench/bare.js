/** The same calls by hand: `node:http`, `pg`, the same SQL, no validation, no problems, no logs. */
import { createServer } from "node:http"
import { latest, users } from "./statements.js"

const send = (response, status, type, body, headers = {}) => {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), ...headers })
  response.end(body)
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost")
  if (request.method === "GET" && pathname === "/health") return send(response, 200, "text/plain", "Alive")
  if (request.method === "GET" && pathname === "/users") {
    const found = await users(Number(searchParams.get("after") ?? 0), Number(searchParams.get("limit") ?? 1_000))
    return send(response, 200, "application/json", JSON.stringify(found))
  }
  if (request.method === "POST" && pathname.startsWith("/latestgists/")) {
    const visit = await latest(pathname.slice("/latestgists/".length), searchParams.get("visitor") ?? "default")
    if (visit === undefined) return send(response, 404, "text/plain", "not tracked")
    const headers = visit.id === null ? {} : { "gitpip-visit": visit.id }
    return send(response, 200, "application/json", JSON.stringify(visit.files), headers)
  }
  send(response, 404, "text/plain", "not found")
})

server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }))
