/** Who is tracked, what is new, what was published, and what needs somebody. */
import { openUser, retry, scan, showMore, track } from "./actions.js"
import type { StatusJson, UserJson } from "./api.js"
import { Chart, Gauge, Out, ScansUnderWay, State, Time } from "./parts.js"
import { maxShown, type Overview, state } from "./state.js"
import { count, number } from "./words.js"

export const OverviewPage = () => {
  const { overview, scans, status, tracked } = state
  if (overview === null || status === null) return <p class="quiet">Reading …</p>
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      <div class="actions">
        <TrackForm mayOpen={overview.users.hasMore} />
        <button type="button" onClick={() => scan(null)}>
          Scan now
        </button>
      </div>
      {tracked === null || overview.users.rows.some(({ login }) => login === tracked) ? null : (
        <p>
          <a href={`?user=${encodeURIComponent(tracked)}`}>{tracked}</a> is tracked.
        </p>
      )}
      <ScansUnderWay scans={[...scans.values()]} users={status.users} />
      <Attention overview={overview} status={status} />
      <div class="panels">
        <section aria-labelledby="days">
          <h2 id="days">The last {overview.days.length} days</h2>
          <Chart days={overview.days} />
        </section>
        <section aria-labelledby="budgets">
          <h2 id="budgets">Budgets</h2>
          <dl>
            <Gauge
              label="GitHub"
              hint="requests left this hour"
              left={status.github.remaining}
              limit={status.github.limit}
            />
            {status.github.points === null ? null : (
              <Gauge
                label="GitHub's queries"
                hint="points left this hour"
                left={status.github.points.remaining}
                limit={status.github.points.limit}
              />
            )}
            <Gauge
              label="Pipedrive"
              hint="tokens left today"
              left={status.publishing.tokens_left}
              limit={status.publishing.tokens_limit}
            />
          </dl>
          <p class="quiet">
            {count(status.publications.pending + status.publications.sending, "file")} on the way to Pipedrive.{" "}
            {status.last_scan?.finished_at == null ? (
              "No scan of everybody has been completed yet."
            ) : (
              <>
                Last scan <Time at={status.last_scan.finished_at} />, next <Time at={status.next_scan_at} />.
              </>
            )}
          </p>
        </section>
      </div>
      <section aria-labelledby="users">
        <h2 id="users">{count(status.users, "tracked user")}</h2>
        {overview.users.rows.length === 0 ? (
          <p class="quiet">Nobody is tracked yet. Enter a GitHub username above.</p>
        ) : (
          <ul class="rows users">
            {overview.users.rows.map((user) => (
              <UserRow
                key={user.login}
                user={user}
                files={overview.news.get(user.login) ?? 0}
                nextScan={status.next_scan_at}
              />
            ))}
          </ul>
        )}
        {!overview.users.hasMore ? null : state.shown < maxShown ? (
          <button type="button" onClick={showMore}>
            Show more users
          </button>
        ) : (
          <p class="quiet">{number(maxShown)} users are shown. Open any other by its name, above.</p>
        )}
      </section>
    </>
  )
}

/** The name in what people paste: with spaces around, with an `@`, or as the address of the account. */
const loginOf = (text: string): string =>
  text
    .trim()
    .replace(/^(https?:\/\/)?github\.com\/|^@/i, "")
    .replace(/\/$/, "")

/** Where not everybody is shown, the name of anybody leads to their list. */
const TrackForm = ({ mayOpen }: { readonly mayOpen: boolean }) => (
  <form
    onSubmit={(event) => {
      event.preventDefault()
      const form = event.currentTarget
      const login = loginOf(String(new FormData(form).get("username")))
      if (login === "") return
      if ((event.submitter as HTMLButtonElement | null)?.name === "open") openUser(login)
      else void track(login, () => form.reset())
    }}
  >
    <label for="username">GitHub username</label>
    <input id="username" name="username" required autoComplete="off" autoCapitalize="none" spellcheck={false} />
    <button type="submit" class="main">
      Track
    </button>
    {mayOpen ? (
      <button type="submit" name="open">
        Open
      </button>
    ) : null}
  </form>
)

const UserRow = ({
  files,
  nextScan,
  user
}: {
  readonly files: number
  readonly nextScan: string
  readonly user: UserJson
}) => (
  <li>
    <a class="name" href={`?user=${encodeURIComponent(user.login)}`}>
      {user.login}
    </a>
    <span class="news">
      {files === 0 ? (
        <span class="quiet">none new</span>
      ) : (
        <strong class="badge">{files >= 1_000 ? "1,000 or more" : number(files)} new</strong>
      )}
    </span>
    <State state={user.state} />
    <span class="quiet">
      {user.checked_at === null ? (
        "not scanned yet"
      ) : (
        <>
          scanned <Time at={user.checked_at} />
        </>
      )}
      , next <Time at={user.retry_at ?? nextScan} />
    </span>
  </li>
)

/** Only there when something is. */
const Attention = ({
  overview: { failed, failing },
  status
}: {
  readonly overview: Overview
  readonly status: StatusJson
}) => {
  const { github, last_scan, publications, publishing, schedule } = status
  const pauses = [
    ...(publishing.state === "off" ? [<>Nothing is published: {publishing.message}</>] : []),
    ...(publishing.state === "paused" && publishing.until !== null
      ? [
          <>
            Publishing pauses, and goes on <Time at={publishing.until} />: {publishing.message}
          </>
        ]
      : []),
    ...(github.blocked_until !== null
      ? [
          <>
            GitHub is not asked again before <Time at={github.blocked_until} />
          </>
        ]
      : []),
    ...schedule.shortages.map((shortage) => <>The limits are too small: {shortage}</>),
    ...(last_scan?.state === "stopped" ? [<>The last scan was stopped: {last_scan.message}</>] : [])
  ]
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
      {failed.rows.length === 0 ? null : (
        <>
          <h3>
            {count(publications.failed, "file")} could not be published
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
                <button
                  type="button"
                  aria-label={`Retry ${publication.filename}`}
                  onClick={() => retry([publication.id])}
                >
                  Retry
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {failing.rows.length === 0 ? null : (
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
                    tried again <Time at={user.retry_at} />
                  </span>
                )}
              </li>
            ))}
          </ul>
          {failing.hasMore ? <p class="quiet">And more: GET /users?state=failing lists all of them.</p> : null}
        </>
      )}
    </section>
  )
}
