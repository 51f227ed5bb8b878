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
const lineOf = (ids: ReadonlyArray<number | string>, ...noun: readonly [one: string, many?: string]) =>
  ids.length === 0 ? [] : [`  ${count(ids.length, ...noun)}: ${ids.join(", ")}`]

/** Gitpip learns of no conversion. The title of a lead, which its deal keeps, has the username (`titleOf` in core's fileItem.ts). */
const conversion = ({ leads, login, unconfirmed }: Forgotten): ReadonlyArray<string> =>
  leads.length > 0 || unconfirmed.some(({ item }) => item === "lead")
    ? [
        `A lead that a person has converted is a deal now, under a number that Gitpip does not know: search Pipedrive for deals with ${login} in the title`
      ]
    : []

export const show = (forgotten: Forgotten): ReadonlyArray<string> => {
  const { files, hashes, login, unconfirmed, wasForgotten } = forgotten
  const found = [
    ...lineOf(forgotten.deals, "deal"),
    ...lineOf(forgotten.activities, "activity", "activities"),
    ...lineOf(forgotten.leads, "lead"),
    ...lineOf(forgotten.persons, "person"),
    ...lineOf(forgotten.organizations, "organization"),
    ...unconfirmed.map(({ about, item }) => `  perhaps ${/^[ao]/.test(item) ? "an" : "a"} ${item} about ${about}`)
  ]
  const chosen = [...lineOf(forgotten.chosenDeals, "deal"), ...lineOf(forgotten.chosenPersons, "person")]
  return [
    `Erased everything that was stored about ${login}: ${count(files, "file")}${hashes === 0 ? "" : `, of which ${hashes.toLocaleString("en")} left a keyed hash`}`,
    ...(found.length + chosen.length > 0
      ? []
      : [
          wasForgotten
            ? "Nothing in Pipedrive is on record of this user"
            : "Nothing about this user stands in Pipedrive"
        ]),
    ...(found.length === 0
      ? []
      : [
          "Still in Pipedrive, found or created by Gitpip; delete there what must go:",
          ...found,
          ...conversion(forgotten)
        ]),
    ...(chosen.length === 0
      ? []
      : ["Chosen by a person for this user, and not by Gitpip; it may hold other work:", ...chosen]),
    ...(wasForgotten
      ? [
          `${login} was forgotten before, and tracked again. What was published before that may stand in Pipedrive still, under numbers that are not on record any more: search Pipedrive for ${login}`
        ]
      : [])
  ]
}
