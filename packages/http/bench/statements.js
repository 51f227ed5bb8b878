/** The statements of the servers that are compared with Gitpip, by `pg`: those that Gitpip sends. */
import pg from "pg"

// `int8` as number, as Gitpip has it.
pg.types.setTypeParser(20, Number)
const pool = new pg.Pool({ connectionString: process.env.POSTGRES_CONNECTION_STRING, max: 10 })

const userColumns = `u.username as login, u.id, u.github_id,
  case when u.failures > 0 then 'failing' when u.checked_at is null then 'new' else 'ok' end as state,
  u.tracked_at, u.checked_at, u.failures, u.retry_at, u.error_reason, u.error_message`
const fileColumns = `f.key as id, u.username as owner, f.filename, f.gist_id, f.html_url, f.raw_url, f.description,
  f.language, f.type, f.size, f.created_at, f.updated_at, f.found_at, f.scan_key as scan_id,
  p.key as publication_id, p.state as publication_state,
  p.error_message as publication_message, p.target as publication_target, p.remote_id as publication_remote_id`

const listUsers = {
  name: "users",
  text: `select ${userColumns} from users u where u.untracked_at is null and u.id > $1 order by u.id limit $2`
}
const recordVisit = {
  name: "visit",
  text: `select key as id, user_key, visitor, visited_at, after_file as after, until_file as until
    from record_visit($1, $2, 10000, true)`
}
const filesBetween = {
  name: "files",
  text: `select ${fileColumns} from gist_files f join users u on u.key = f.user_key left join publications p on p.file_key = f.key
    where f.user_key = $1 and f.key > $2 and f.key <= $3 order by f.key`
}

/** Users by ascending id, from after an id on. */
export const users = async (after, limit) => (await pool.query({ ...listUsers, values: [after, limit] })).rows

/** A visit with its files; undefined for a user that is not tracked. The id is null when nothing was new. */
export const latest = async (username, visitor) => {
  const visit = (await pool.query({ ...recordVisit, values: [username, visitor] })).rows[0]
  if (visit === undefined) return undefined
  const files =
    visit.until === visit.after
      ? []
      : (await pool.query({ ...filesBetween, values: [visit.user_key, visit.after, visit.until] })).rows
  return { files, id: visit.id }
}
