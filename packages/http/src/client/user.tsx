/** One user: their files, newest first, and where each of them is. */
import { preview, retry, scan, showMore, untrack } from "./actions.js"
import type { FileJson, StatusJson } from "./api.js"
import { Out, ScansUnderWay, State, Time } from "./parts.js"
import { maxShown, type Preview, set, state, type UserView } from "./state.js"
import { count, number, size } from "./words.js"

export const UserPage = () => {
  const { scans, status, user } = state
  if (user === null || status === null) {
    return (
      <>
        <p>
          <a href="./">All users</a>
        </p>
        <p class="quiet">{state.problem === null ? "Reading …" : "There is nothing to show."}</p>
      </>
    )
  }
  const { counts, deal_id, user: tracked } = user.details
  const failed = user.files.rows.flatMap(({ publication_id, publication_state }) =>
    publication_state === "failed" && publication_id !== null ? [publication_id] : []
  )
  const running = [...scans.values()].filter(({ login }) => login === null || login === tracked.login)
  return (
    <>
      <p>
        <a href="./">All users</a>
      </p>
      <h1 tabIndex={-1}>{tracked.login}</h1>
      <p>
        <State state={tracked.state} /> {count(counts.files, "file")}, {count(user.fresh.size, "new one")} since your
        last visit.{" "}
        {tracked.checked_at === null ? (
          "Not scanned yet."
        ) : (
          <>
            Scanned <Time at={tracked.checked_at} />.
          </>
        )}{" "}
        {deal_id === null || status.publishing.pipedrive_url === null ? null : (
          <Out href={`${status.publishing.pipedrive_url}/deal/${deal_id}`}>Deal in Pipedrive</Out>
        )}
      </p>
      {tracked.error_message === null ? null : <p class="reason">{tracked.error_message}</p>}
      <div class="actions">
        <button type="button" class="main" onClick={() => scan(tracked.login)}>
          Scan now
        </button>
        {failed.length === 0 ? null : (
          <button type="button" onClick={() => retry(failed)}>
            Retry {count(failed.length, "failed file")}
          </button>
        )}
        <Untrack login={tracked.login} />
      </div>
      <ScansUnderWay scans={running} users={status.users} />
      <section aria-labelledby="files">
        <h2 id="files">Files, newest first</h2>
        {user.files.rows.length === 0 ? <p class="quiet">None yet.</p> : null}
        <ul class="rows files">
          {user.files.rows.map((file) => (
            <FileRow key={file.id} file={file} status={status} user={user} />
          ))}
        </ul>
        {!user.files.hasMore ? null : state.shown < maxShown ? (
          <button type="button" onClick={showMore}>
            Show older files
          </button>
        ) : (
          <p class="quiet">
            {number(maxShown)} files are shown. `gitpip history {tracked.login}` lists the older ones.
          </p>
        )}
      </section>
    </>
  )
}

const Untrack = ({ login }: { readonly login: string }) =>
  state.asking ? (
    <span class="asking">
      Stop tracking {login}? What was found stays.{" "}
      <button type="button" class="danger" onClick={() => untrack(login)}>
        Untrack
      </button>{" "}
      <button type="button" ref={focusFirst} onClick={keep}>
        Keep
      </button>
    </span>
  ) : (
    <button type="button" id="untrack" onClick={() => set({ asking: true })}>
      Untrack …
    </button>
  )

/** The button that was pressed makes room for others, and the keyboard's place must not go with it. */
const focusFirst = (button: HTMLButtonElement | null): void => button?.focus()

const keep = (): void => {
  set({ asking: false })
  // Drawn by then.
  queueMicrotask(() => document.getElementById("untrack")?.focus())
}

const FileRow = ({
  file,
  status,
  user
}: {
  readonly file: FileJson
  readonly status: StatusJson
  readonly user: UserView
}) => {
  const shown = state.previews.get(file.id)
  const id = `preview-${file.id}`
  const { publication_id, publication_state } = file
  const reason = publication_id === null ? undefined : user.reasons.get(publication_id)
  return (
    <li>
      <span class="name">
        <bdi>{file.filename}</bdi> {user.fresh.has(file.id) ? <strong class="badge">new</strong> : null}
      </span>
      <span class="quiet">
        {file.language ?? "no language"}, {size(file.size)}, found <Time at={file.found_at} />
      </span>
      <State state={publication_state ?? "not published"} />
      <span class="links">
        <Out href={file.html_url} label={`Gist of ${file.filename}`}>
          Gist
        </Out>
        <Published file={file} status={status} />
        <button
          type="button"
          aria-expanded={shown !== undefined}
          aria-controls={id}
          aria-label={`Preview ${file.filename}`}
          onClick={() => preview(file.id)}
        >
          Preview
        </button>
        {(publication_state === "failed" || publication_state === "gone") && publication_id !== null ? (
          <button type="button" aria-label={`Retry ${file.filename}`} onClick={() => retry([publication_id])}>
            Retry
          </button>
        ) : null}
      </span>
      {reason === undefined || reason === "" ? null : <span class="reason">{reason}</span>}
      <div id={id} class="preview">
        {shown === undefined ? null : <Content shown={shown} filename={file.filename} />}
      </div>
    </li>
  )
}

const Published = ({ file, status: { publishing } }: { readonly file: FileJson; readonly status: StatusJson }) => {
  const { filename, publication_remote_id: remoteId, publication_target: target } = file
  if (publishing.pipedrive_url === null || remoteId === null) return null
  const deal = publishing.publish_as === "deal" ? remoteId : target
  return (
    <>
      {publishing.publish_as === "deal" ? null : (
        <Out href={`${publishing.pipedrive_url}/activities/${remoteId}`} label={`Activity of ${filename}`}>
          Activity
        </Out>
      )}
      {deal === null ? null : (
        <Out href={`${publishing.pipedrive_url}/deal/${deal}`} label={`Deal of ${filename}`}>
          Deal
        </Out>
      )}
    </>
  )
}

const Content = ({ filename, shown }: { readonly filename: string; readonly shown: Preview }) => {
  if (shown === "loading") return <p class="quiet">Reading from GitHub …</p>
  if ("problem" in shown) return <p class="reason">{shown.problem}</p>
  if (shown.text === null) return <p class="quiet">This is no text.</p>
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="content" tabIndex={0} aria-label={`Content of ${filename}`}>
        <pre>{shown.text}</pre>
      </section>
      {shown.partial ? <p class="quiet">Only the beginning is shown.</p> : null}
    </>
  )
}
