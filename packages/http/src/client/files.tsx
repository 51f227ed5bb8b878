/** A user's files, newest first: the state of each, its links and its preview. */
import { preview, retry, showMore, skip } from "./actions.js"
import type { FileJson, StatusJson } from "./api.js"
import { linksOf } from "./links.js"
import { Out, State, Time } from "./parts.js"
import { maxShown, type Preview, state, type UserView } from "./state.js"
import { number, size } from "./words.js"

export const Files = ({ status, user }: { readonly status: StatusJson; readonly user: UserView }) => (
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
        {number(maxShown)} files are shown. `gitpip history {user.details.user.login}` lists the older ones.
      </p>
    )}
  </section>
)

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
        <Decisions file={file} />
      </span>
      {reason === undefined || reason === "" ? null : <span class="reason">{reason}</span>}
      <div id={id} class="preview">
        {shown === undefined ? null : <Content shown={shown} filename={file.filename} />}
      </div>
    </li>
  )
}

/** What a person can do about a publication: try it again, publish it after all, or leave it out. */
const Decisions = ({ file: { filename, publication_id, publication_state } }: { readonly file: FileJson }) => {
  if (publication_id === null) return null
  const isSkipped = publication_state === "skipped"
  const again = isSkipped ? "Publish" : "Retry"
  return (
    <>
      {isSkipped || publication_state === "failed" || publication_state === "gone" ? (
        <button type="button" aria-label={`${again} ${filename}`} onClick={() => retry([publication_id])}>
          {again}
        </button>
      ) : null}
      {publication_state === "pending" || publication_state === "failed" ? (
        <button type="button" aria-label={`Skip ${filename}`} onClick={() => skip(publication_id)}>
          Skip
        </button>
      ) : null}
    </>
  )
}

const Published = ({ file, status: { publishing } }: { readonly file: FileJson; readonly status: StatusJson }) => {
  const { filename, publication_remote_id: remoteId, publication_target: target } = file
  if (publishing.pipedrive_url === null || remoteId === null) return null
  return (
    <>
      {linksOf({ remoteId, target }).map(({ name, path }) => (
        <Out key={name} href={`${publishing.pipedrive_url}${path}`} label={`${name} of ${filename}`}>
          {name}
        </Out>
      ))}
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
