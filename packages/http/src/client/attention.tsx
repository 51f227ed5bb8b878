/** What needs attention: pauses, files that could not be published, users that cannot be scanned. */
import { retry } from "./actions.js"
import type { Page, PublicationJson, StatusJson, UserJson } from "./api.js"
import { Out, Time } from "./parts.js"
import type { Overview } from "./state.js"
import { count } from "./words.js"

/** Absent when nothing needs attention. */
export const Attention = ({
  overview: { failed, failing },
  status
}: {
  readonly overview: Overview
  readonly status: StatusJson
}) => {
  const pauses = pausesOf(status)
  if (pauses.length + failed.rows.length + failing.rows.length === 0) return null
  return (
    <section class="attention" aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      {pauses.length === 0 ? null : (
        <ul class="plain">
          {pauses.map((pause, index) => (
            <li key={index}>{pause}</li>
          ))}
        </ul>
      )}
      {failed.rows.length === 0 ? null : <FailedFiles failed={failed} total={status.publications.failed} />}
      {failing.rows.length === 0 ? null : <FailingUsers failing={failing} />}
    </section>
  )
}

const pausesOf = ({ github, last_scan, publishing, schedule }: StatusJson) => [
  ...(publishing.state === "off" ? [<>Nothing is published: {publishing.message}</>] : []),
  ...(publishing.state === "paused" && publishing.until !== null
    ? [
        <>
          Publishing is paused, and resumes <Time at={publishing.until} />: {publishing.message}
        </>
      ]
    : []),
  ...(github.blocked_until !== null
    ? [
        <>
          Requests to GitHub are paused, and resume <Time at={github.blocked_until} />
        </>
      ]
    : []),
  ...schedule.shortages.map((shortage) => <>The limits are too small: {shortage}</>),
  ...(last_scan?.state === "stopped" ? [<>The last scan was stopped: {last_scan.message}</>] : [])
]

const FailedFiles = ({ failed, total }: { readonly failed: Page<PublicationJson>; readonly total: number }) => (
  <>
    <h3>
      {count(total, "file")} could not be published
      <button type="button" onClick={() => retry(failed.rows.map(({ id }) => id))}>
        {failed.hasMore ? `Retry these ${failed.rows.length}` : "Retry all"}
      </button>
    </h3>
    <ul class="rows failed">
      {failed.rows.map((publication) => (
        <li key={publication.id}>
          <span class="name">
            <a href={`?user=${encodeURIComponent(publication.owner)}`}>{publication.owner}</a>:{" "}
            <Out href={publication.html_url}>
              <bdi>{publication.filename}</bdi>
            </Out>
          </span>
          <span class="reason">{publication.error_message}</span>
          <button type="button" aria-label={`Retry ${publication.filename}`} onClick={() => retry([publication.id])}>
            Retry
          </button>
        </li>
      ))}
    </ul>
  </>
)

const FailingUsers = ({ failing }: { readonly failing: Page<UserJson> }) => (
  <>
    <h3>Users that cannot be scanned</h3>
    <ul class="rows failed">
      {failing.rows.map((user) => (
        <li key={user.login}>
          <a class="name" href={`?user=${encodeURIComponent(user.login)}`}>
            {user.login}
          </a>
          <span class="reason">{user.error_message}</span>
          {user.retry_at === null ? null : (
            <span class="quiet">
              will be tried again <Time at={user.retry_at} />
            </span>
          )}
        </li>
      ))}
    </ul>
    {failing.hasMore ? <p class="quiet">And more: GET /users?state=failing lists all of them.</p> : null}
  </>
)
