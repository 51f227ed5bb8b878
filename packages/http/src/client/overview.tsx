/** The overview: tracked users, what is new, what was published, and what needs attention. */
import { scan, showMore } from "./actions.js"
import type { StatusJson, UserJson } from "./api.js"
import { Attention } from "./attention.js"
import { Chart } from "./chart.js"
import { ListForm } from "./listForm.js"
import { Gauge, ScansUnderWay, State, Time } from "./parts.js"
import { maxShown, type Overview, state } from "./state.js"
import { TrackForm } from "./trackForm.js"
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
      <ListForm hasPipedrive={status.publishing.pipedrive_url !== null} />
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
        <Budgets status={status} />
      </div>
      <Users overview={overview} status={status} />
    </>
  )
}

const Budgets = ({
  status: { github, last_scan, next_scan_at, publications, publishing }
}: {
  readonly status: StatusJson
}) => (
  <section aria-labelledby="budgets">
    <h2 id="budgets">Budgets</h2>
    <dl>
      <Gauge label="GitHub" hint="requests left this hour" left={github.remaining} limit={github.limit} />
      {github.points === null ? null : (
        <Gauge
          label="GitHub's queries"
          hint="points left this hour"
          left={github.points.remaining}
          limit={github.points.limit}
        />
      )}
      <Gauge label="Pipedrive" hint="tokens left today" left={publishing.tokens_left} limit={publishing.tokens_limit} />
    </dl>
    <p class="quiet">
      {count(publications.pending + publications.sending, "file")} on the way to Pipedrive.{" "}
      {last_scan?.finished_at == null ? (
        "No scan of all users has finished yet."
      ) : (
        <>
          Last scan <Time at={last_scan.finished_at} />, next <Time at={next_scan_at} />.
        </>
      )}
    </p>
  </section>
)

const Users = ({ overview: { news, users }, status }: { readonly overview: Overview; readonly status: StatusJson }) => (
  <section aria-labelledby="users">
    <h2 id="users">{count(status.users, "tracked user")}</h2>
    {users.rows.length === 0 ? (
      <p class="quiet">Nobody is tracked yet. Enter a GitHub username above.</p>
    ) : (
      <ul class="rows users">
        {users.rows.map((user) => (
          <UserRow key={user.login} user={user} files={news.get(user.login) ?? 0} nextScan={status.next_scan_at} />
        ))}
      </ul>
    )}
    {!users.hasMore ? null : state.shown < maxShown ? (
      <button type="button" onClick={showMore}>
        Show more users
      </button>
    ) : (
      <p class="quiet">{number(maxShown)} users are shown. Open any other by its name, above.</p>
    )}
  </section>
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
