/** The form that tracks a user, or opens one that the list does not show. */
import { openUser, track } from "./actions.js"
import { loginOf } from "./login.js"

/** `mayOpen` adds a button that opens a user by name, for users that the list does not show. */
export const TrackForm = ({ mayOpen }: { readonly mayOpen: boolean }) => (
  <form
    onSubmit={(event) => {
      event.preventDefault()
      const form = event.currentTarget
      const login = loginOf(String(new FormData(form).get("username")))
      if (login === "") return
      // Enter in the field presses the first button, so only a click on the second one opens.
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
