import type { UserDetails, UserState } from "@gitpip/core"
import { Effect, Option, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { orStored } from "../onRecord.ts"
import { rulesShown } from "../rules.ts"
import type { Meaning } from "../Screen.ts"
import type { Table } from "../Table.ts"
import { count, time } from "../Text.ts"
import { json, session } from "./shared.ts"

/** Users read at a time, so that a million users need not fit into memory. */
const pageSize = 1_000

export const users = Command.make(
  "users",
  {
    username: Argument.String("USERNAME").pipe(
      Argument.withDescription("Show one user, with the public profile. Default: list all users"),
      Argument.optional
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username } = yield* Input.all({
      username: Input.optional(typed.username, (username) =>
        Input.text("USERNAME", core.Username, core.loginOf(username))
      )
    })
    if (username !== undefined) {
      const details = yield* withGitpip((gitpip) => orStored(gitpip, username)(gitpip.user(username)))
      return yield* Output.result(details, { json: typed.json, schema: core.UserDetails, show: detailsOf })
    }
    yield* withGitpip((gitpip) =>
      Output.list({
        json: typed.json,
        schema: core.User,
        pages: Stream.paginate(0, (after: number) =>
          Effect.map(gitpip.users({ after, limit: pageSize }), (page) => [
            [page],
            Option.map(Option.fromNullishOr(page.length < pageSize ? undefined : page.at(-1)), ({ id }) => id)
          ])
        ),
        header: ["ID", "USER", "STATE", "SCANNED", "ERROR"],
        row: (user) => [
          String(user.id),
          user.login,
          { text: user.state, meaning: meanings[user.state] },
          time(user.checkedAt),
          user.errorMessage === null
            ? ""
            : `${user.errorMessage}${user.retryAt === null ? "" : ` (will be tried again at ${time(user.retryAt)})`}`
        ],
        empty: "Nobody is tracked. Track somebody: gitpip track USERNAME"
      })
    )
  })
).pipe(
  Command.withDescription("List the tracked users, by id, or show one with the public profile"),
  Command.withShortDescription("List the tracked users")
)

const meanings: Readonly<Record<UserState, Meaning>> = { new: "busy", ok: "good", failing: "bad" }

/** A label and a text for each fact that is known about a user. */
export const detailsOf = (details: UserDetails): Table => {
  const { counts, dealId, isDealChosen, isPersonChosen, personId, profile, unusedChoices, user } = details
  const target = (id: number | null, isChosen: boolean) => (id === null ? null : `${id}${isChosen ? " (chosen)" : ""}`)
  const facts: ReadonlyArray<readonly [string, string | null | undefined]> = [
    ["user", `${user.login} (id ${user.id})`],
    ["name", profile?.name],
    ["e-mail", profile?.email],
    ["company", profile?.company],
    ["location", profile?.location],
    ["website", profile?.website],
    ["bio", profile?.bio],
    ["at GitHub since", profile?.accountCreatedAt == null ? null : time(profile.accountCreatedAt)],
    ["profile", profile === null ? "not read yet" : null],
    ["state", user.state],
    ["error", user.errorMessage],
    ["tracked", time(user.trackedAt)],
    ["scanned", time(user.checkedAt)],
    [
      "files",
      `${count(counts.files, "file")}, ${counts.published.toLocaleString("en")} published, ${counts.failed.toLocaleString("en")} failed`
    ],
    ["deal", target(dealId, isDealChosen)],
    ["person", target(personId, isPersonChosen)],
    ...unusedChoices.map((why) => ["note", why] as const),
    ["rules", rulesShown(details)]
  ]
  return { whole: true, rows: facts.flatMap(([label, text]) => (text == null ? [] : [[label, text]])) }
}
