/** The same calls as an engineer would write them on Fastify: schemas of requests and of answers, `pg`, the same SQL. */
import fastify from "fastify"
import { latest, users } from "./statements.js"

const text = { type: "string" }
const whole = { type: "integer" }
const time = { type: "string", format: "date-time" }
const optional = (schema) => ({ ...schema, nullable: true })
const list = (properties) => ({
  type: "array",
  items: { type: "object", properties, required: Object.keys(properties) }
})

const userList = list({
  login: text,
  id: whole,
  github_id: optional(whole),
  state: text,
  tracked_at: time,
  checked_at: optional(time),
  failures: whole,
  retry_at: optional(time),
  error_reason: optional(text),
  error_message: optional(text)
})

const fileList = list({
  id: whole,
  owner: text,
  filename: text,
  gist_id: text,
  html_url: text,
  raw_url: optional(text),
  description: optional(text),
  language: optional(text),
  type: optional(text),
  size: whole,
  created_at: time,
  updated_at: time,
  found_at: time,
  scan_id: whole,
  publication_id: optional(whole),
  publication_state: optional(text),
  publication_message: optional(text),
  publication_target: optional(text),
  publication_remote_id: optional(text)
})

const page = {
  type: "object",
  properties: {
    after: { type: "integer", minimum: 0, default: 0 },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: 1_000 }
  }
}
const username = {
  type: "object",
  properties: { username: { type: "string", pattern: "^[A-Za-z0-9_-]{1,39}$" } }
}
const visitor = {
  type: "object",
  properties: { visitor: { type: "string", maxLength: 100, default: "default" } }
}

const app = fastify()

app.get("/health", { schema: { response: { 200: text } } }, async (_, reply) => {
  reply.type("text/plain")
  return "Alive"
})

app.get("/users", { schema: { querystring: page, response: { 200: userList } } }, ({ query }) =>
  users(query.after, query.limit)
)

app.post(
  "/latestgists/:username",
  { schema: { params: username, querystring: visitor, response: { 200: fileList } } },
  async ({ params, query }, reply) => {
    const visit = await latest(params.username, query.visitor)
    if (visit === undefined) return reply.code(404).type("text/plain").send("not tracked")
    if (visit.id !== null) reply.header("gitpip-visit", visit.id)
    return visit.files
  }
)

await app.listen({ port: 0, host: "127.0.0.1" })
process.send({ port: app.server.address().port })
