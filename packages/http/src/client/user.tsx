/** The page of one user: state, buttons, scans under way, and files. */
import { retry, scan, untrack } from "./actions.js"
import type { ProfileJson, StatusJson } from "./api.js"
import { Files } from "./files.js"
import { Out, ScansUnderWay, State, Time } from "./parts.js"
import { PlaceForm } from "./placeForm.js"
import { Rules, RulesForm } from "./rulesForm.js"
import { set, state, type UserView } from "./state.js"
import { count, dateTime } from "./words.js"

export const UserPage = () => {
  const { scans, status, user } = state
  if (user === null || status === null) {
    return (
      <>
        <BackLink />
        <p class="quiet">{state.problem === null ? "Reading …" : "There is nothing to show."}</p>
      </>
    )
  }
  const { login } = user.details.user
  const failed = user.files.rows.flatMap(({ publication_id, publication_state }) =>
    publication_state === "failed" && publication_id !== null ? [publication_id] : []
  )
  return (
    <>
      <BackLink />
      <h1 tabIndex={-1}>{login}</h1>
      <Profile profile={user.details.profile} />
      <Summary status={status} user={user} />
      <div class="actions">
        <button type="button" class="main" onClick={() => scan(login)}>
          Scan now
        </button>
        {failed.length === 0 ? null : (
          <button type="button" onClick={() => retry(failed)}>
            Retry {count(failed.length, "failed file")}
          </button>
        )}
        <Untrack login={login} />
      </div>
      {status.publishing.pipedrive_url === null ? null : (
        <PlaceForm login={login} isChosen={user.details.is_deal_chosen || user.details.is_person_chosen} />
      )}
      <RulesForm login={login} rules={user.details.rules} />
      <ScansUnderWay
        scans={[...scans.values()].filter((one) => one.login === null || one.login === login)}
        users={status.users}
      />
      <Files status={status} user={user} />
    </>
  )
}

const BackLink = () => (
  <p>
    <a href="./">All users</a>
  </p>
)

/** What the user has made public at GitHub. */
const Profile = ({ profile }: { readonly profile: ProfileJson | null }) => {
  if (profile === null) return null
  const { account_created_at, bio, company, email, location, name, website } = profile
  const facts = [name, company, location].filter((fact) => fact !== null)
  return (
    <div class="profile">
      {facts.length === 0 ? null : <p>{facts.join(" · ")}</p>}
      {bio === null ? null : <p>{bio}</p>}
      <p class="quiet">
        {email === null ? null : <a href={`mailto:${encodeURIComponent(email)}`}>{email}</a>}
        {email === null || website === null ? null : " · "}
        {website === null ? null : <Website address={website} />}
        {account_created_at === null ? null : (
          <span>
            {email === null && website === null ? null : " · "}At GitHub since {dateTime(account_created_at)}
          </span>
        )}
      </p>
    </div>
  )
}

/** The user typed the address, so that only an address of the Web becomes a link. */
const Website = ({ address }: { readonly address: string }) =>
  /^https?:\/\//i.test(address) ? <Out href={address}>{address}</Out> : <span>{address}</span>

const Summary = ({ status, user }: { readonly status: StatusJson; readonly user: UserView }) => {
  const { counts, deal_id, person_id, unused_choices, user: tracked } = user.details
  const { pipedrive_url } = status.publishing
  return (
    <>
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
        {deal_id === null || pipedrive_url === null ? null : (
          <Out href={`${pipedrive_url}/deal/${deal_id}`}>Deal in Pipedrive</Out>
        )}{" "}
        {person_id === null || pipedrive_url === null ? null : (
          <Out href={`${pipedrive_url}/person/${person_id}`}>Person in Pipedrive</Out>
        )}
      </p>
      <Rules rules={user.details.rules} />
      {unused_choices.map((why) => (
        <p class="reason" key={why}>
          {why}
        </p>
      ))}
      {tracked.error_message === null ? null : <p class="reason">{tracked.error_message}</p>}
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

/** The pressed button disappears, so the focus moves to the button that replaces it. */
const focusFirst = (button: HTMLButtonElement | null): void => button?.focus()

const keep = (): void => {
  set({ asking: false })
  // The button exists once the change is drawn.
  queueMicrotask(() => document.getElementById("untrack")?.focus())
}
