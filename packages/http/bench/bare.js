/** The same three calls by hand: `node:http`, `pg`, the same SQL, no validation, no problems, no logs. */
import { createServer } from "node:http"
import pg from "pg"

// `int8` as number, as Gitpip has it.
pg.types.setTypeParser(20, Number)
const pool = new pg.Pool({ connectionString: process.env.POSTGRES_CONNECTION_STRING, max: 10 })

const userColumns = `u.username as login, u.id, u.github_id,
  case when u.failures > 0 then 'failing' when u.checked_at is null then 'new' else 'ok' end as state,
  u.tracked_at, u.checked_at, u.failures, u.retry_at, u.error_reason, u.error_message`
const fileColumns = `f.key as id, u.username as owner, f.filename, f.gist_id, f.html_url, f.raw_url, f.description,
  f.language, f.type, f.size, f.created_at, f.updated_at, f.found_at, f.scan_key as scan_id,
  p.key as publication_id, p.state as publication_state`

const listUsers = {
  name: "users",
  text: `select ${userColumns} from users u where u.untracked_at is null and u.id > $1 order by u.id limit $2`
}
const recordVisit = {
  name: "visit",
  text: `select key, user_key, visitor, visited_at, after_file as after, until_file as until
    from record_visit($1, $2)`
}
const filesBetween = {
  name: "files",
  text: `select ${fileColumns} from gist_files f join users u on u.key = f.user_key left join publications p on p.file_key = f.key
    where f.user_key = $1 and f.key > $2 and f.key <= $3 order by f.key`
}

const latest = async (username, visitor) => {
  const visit = (await pool.query({ ...recordVisit, values: [username, visitor] })).rows[0]
  if (visit === undefined) return undefined
  const files =
    visit.until === visit.after
      ? []
      : (await pool.query({ ...filesBetween, values: [visit.user_key, visit.after, visit.until] })).rows
  return { files, id: visit.key }
}

const send = (response, status, type, body, headers = {}) => {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), ...headers })
  response.end(body)
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost")
  if (request.method === "GET" && pathname === "/health") return send(response, 200, "text/plain", "Alive")
  if (request.method === "GET" && pathname === "/users") {
    const { rows } = await pool.query({ ...listUsers, values: [0, 1_000] })
    return send(response, 200, "application/json", JSON.stringify(rows))
  }
  if (request.method === "POST" && pathname.startsWith("/latestgists/")) {
    const visit = await latest(pathname.slice("/latestgists/".length), searchParams.get("visitor") ?? "default")
    if (visit === undefined) return send(response, 404, "text/plain", "not tracked")
    return send(response, 200, "application/json", JSON.stringify(visit.files), { "gitpip-visit": visit.id })
  }
  send(response, 404, "text/plain", "not found")
})

server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }))
