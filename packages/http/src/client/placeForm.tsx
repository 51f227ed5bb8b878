/** The form that names a user's deal and person in Pipedrive. */
import { place, unplace } from "./actions.js"

const fields = ["deal", "person"] as const
const labels = { deal: "Deal number", person: "Person number" }

export const PlaceForm = ({ isChosen, login }: { readonly isChosen: boolean; readonly login: string }) => (
  <details>
    <summary>Choose the deal or the person …</summary>
    <div class="actions">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const form = event.currentTarget
          const typed = new FormData(form)
          const chosen = new URLSearchParams()
          for (const field of fields) {
            const number = String(typed.get(field)).trim()
            if (number !== "") chosen.set(field, number)
          }
          if (chosen.size > 0) void place(login, chosen, () => form.reset())
        }}
      >
        {fields.map((field) => (
          <span key={field}>
            <label for={field}>{labels[field]}</label>{" "}
            <input id={field} name={field} inputMode="numeric" pattern=" *[0-9]{1,15} *" autoComplete="off" />
          </span>
        ))}
        <button type="submit">Save</button>
        {isChosen ? (
          <button type="button" onClick={() => unplace(login)}>
            Undo the choice
          </button>
        ) : null}
      </form>
    </div>
  </details>
)
