/** The rules on one user's files: shown, and changed by a form. */
import { rule } from "./actions.js"
import type { UserDetailsJson } from "./api.js"

const labels = {
  include: "Only names",
  exclude: "Not names",
  languages: "Only languages",
  max_file_size: "Largest size",
  forks: "Forks"
} as const
const hints = {
  include: "*.md, *.{py,rb}",
  exclude: "*.lock",
  languages: "Python, Ruby",
  max_file_size: "500 KB",
  forks: "publish or skip"
} as const

type Rules = UserDetailsJson["rules"]
const names = Object.keys(labels) as ReadonlyArray<keyof Rules>

/** The user's own rules, and nothing for a user who has none. */
export const Rules = ({ rules }: { readonly rules: Rules }) => {
  const own = names.flatMap((name) => (rules[name] === null ? [] : [`${labels[name].toLowerCase()} ${rules[name]}`]))
  return own.length === 0 ? null : <p>Rules on files: {own.join("; ")}.</p>
}

/** What the form changes: a field that was emptied takes the user's rule away. */
const changesOf = (form: HTMLFormElement, rules: Rules): URLSearchParams => {
  const typed = new FormData(form)
  const changes = new URLSearchParams()
  for (const name of names) {
    const text = String(typed.get(name)).trim()
    if (text !== (rules[name] ?? "")) changes.set(name, text === "" ? "default" : text)
  }
  return changes
}

export const RulesForm = ({ login, rules }: { readonly login: string; readonly rules: Rules }) => (
  <details>
    <summary>Choose which files are published …</summary>
    <p class="quiet">An empty field is as the server's settings say, and “none” is no rule of that kind.</p>
    <div class="actions">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const changes = changesOf(event.currentTarget, rules)
          if (changes.size > 0) void rule(login, changes)
        }}
      >
        {names.map((name) => (
          // The key puts a rule that was stored meanwhile into the field.
          <span key={`${name} ${rules[name]}`}>
            <label for={name}>{labels[name]}</label>{" "}
            <input
              id={name}
              name={name}
              defaultValue={rules[name] ?? ""}
              placeholder={hints[name]}
              autoComplete="off"
            />
          </span>
        ))}
        <button type="submit">Change rules</button>
      </form>
    </div>
  </details>
)
