import type { Forgotten } from "@gitpip/core"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { confirm } from "../confirm.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { count, plain } from "../Text.ts"
import { json, session, username } from "./shared.ts"

export const forget = Command.make(
  "forget",
  {
    username,
    yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withoutNegation, Flag.withDescription("Do not ask")),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username } = yield* Input.all({
      username: Input.text("USERNAME", core.Username, core.loginOf(typed.username))
    })
    if (!typed.yes) yield* ask(username, { isJson: typed.json })
    const forgotten = yield* withGitpip((gitpip) => gitpip.forget(username)).pipe(
      Effect.catchTag("UserNotTracked", () => new Unsuccessful({ message: `Nothing is stored about ${username}` }))
    )
    yield* Output.result(forgotten, { json: typed.json, schema: core.Forgotten, show })
  })
).pipe(
  Command.withDescription(
    "Erase everything that is stored about a user, and stop tracking. Keyed hashes of the name and of published files stay, so that no list tracks the user again, and no file is published again. What stands in Pipedrive stays there, and is listed"
  ),
  Command.withShortDescription("Erase everything that is stored about a user")
)

/** Fails unless the person at the terminal says yes. */
const ask = Effect.fnUntraced(function* (username: string, { isJson }: { readonly isJson: boolean }) {
  const isSure = yield* confirm(`Erase everything that is stored about ${plain(username)}? This cannot be undone.`, {
    isJson,
    unasked: `Erasing cannot be undone. Give --yes to erase everything that is stored about ${username}`
  })
  if (!isSure) return yield* new Unsuccessful({ message: "Nothing was erased" })
})

/** Numbers in a line: a person who deletes them in Pipedrive copies them. */
const numbers = (ids: ReadonlyArray<number>): string => ids.join(", ")

export const show = ({
  activities,
  deals,
  files,
  hashes,
  leads,
  login,
  organizations,
  persons,
  unconfirmed
}: Forgotten): ReadonlyArray<string> => [
  `Erased everything that was stored about ${login}: ${count(files, "file")}${hashes === 0 ? "" : `, of which ${hashes.toLocaleString("en")} left a keyed hash`}`,
  ...(activities.length + deals.length + leads.length + persons.length + organizations.length + unconfirmed.length === 0
    ? ["Nothing about this user stands in Pipedrive"]
    : ["Still in Pipedrive; delete there what must go:"]),
  ...(deals.length === 0 ? [] : [`  ${count(deals.length, "deal")}: ${numbers(deals)}`]),
  ...(activities.length === 0
    ? []
    : [`  ${count(activities.length, "activity", "activities")}: ${numbers(activities)}`]),
  ...(leads.length === 0 ? [] : [`  ${count(leads.length, "lead")}: ${leads.join(", ")}`]),
  ...(persons.length === 0 ? [] : [`  ${count(persons.length, "person")}: ${numbers(persons)}`]),
  ...(organizations.length === 0
    ? []
    : [`  ${count(organizations.length, "organization")}: ${numbers(organizations)}`]),
  ...unconfirmed.map(({ about, item }) => `  perhaps ${/^[ao]/.test(item) ? "an" : "a"} ${item} about ${about}`)
]
