import type { Username, Visitor } from "@gitpip/core"
import { Effect, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import type { Calls } from "../Backend.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { count } from "../Text.ts"
import { header, row } from "./files.ts"
import { json, session, username } from "./shared.ts"

export const latest = Command.make(
  "latest",
  {
    username,
    visitor: Flag.String("visitor").pipe(
      Flag.withMetavar("NAME"),
      Flag.optional,
      Flag.withDescription(
        "Your name as a visitor: each visitor sees every file once. Default: a visitor that all share"
      )
    ),
    again: Flag.Boolean("again").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Show the last visit that had new files again, and record no visit")
    ),
    open: Flag.Boolean("open").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Open the new files' pages in the browser, 10 at most")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { username, visitor } = yield* Input.all({
      username: Input.text("USERNAME", core.Username, core.loginOf(typed.username)),
      visitor: Input.optional(typed.visitor, (visitor) => Input.text("--visitor", core.Visitor, visitor))
    })
    const visit = yield* withGitpip(
      Effect.fnUntraced(function* (gitpip) {
        if (!typed.again) return yield* gitpip.latest(username, visitor)
        return yield* lastVisit(gitpip, username, visitor ?? core.defaultVisitor)
      })
    )
    if (visit === undefined) {
      yield* Output.result(null, { json: typed.json, schema: Schema.Null, show: () => "" })
      return yield* Output.message(`${username} has no visit yet.`)
    }
    yield* Output.result(visit, {
      json: typed.json,
      schema: core.Visit,
      show: ({ files }) =>
        files.length === 0 ? "" : { rows: [Output.headings(header), ...files.map(row)], links: true }
    })
    if (typed.open && visit.files.length > 0) yield* openAll(visit.files.map(({ htmlUrl }) => htmlUrl))
    if (visit.files.length === 0) {
      yield* Output.message(
        typed.again ? "The last visit showed no new files." : `${username} has no new files since the last visit.`
      )
    }
  })
).pipe(
  Command.withDescription("Show a user's files that are new since the last visit, and record a visit"),
  Command.withShortDescription("Show what is new of a user since the last visit")
)

const openAll = Effect.fnUntraced(function* (links: ReadonlyArray<string>) {
  const { core, layerSettings } = yield* session
  const browser = yield* Effect.promise(() => import("../browser.ts"))
  const { githubApiUrl } = yield* Effect.provide(core.Settings, layerSettings)
  const trusted = browser.trusted(links, githubApiUrl)
  const untrusted = links.length - trusted.length
  if (untrusted > 0) yield* Output.message(`${count(untrusted, "link")} not opened: they do not lead to GitHub.`)
  for (const link of trusted.slice(0, browser.maxTabs)) {
    yield* Effect.catch(browser.open(link), (program) =>
      Effect.fail(
        new Unsuccessful({
          message: `No browser was opened: ${program} is not installed. \`gitpip latest USERNAME --again\` shows the links again.`
        })
      )
    )
  }
  if (trusted.length > browser.maxTabs) {
    yield* Output.message(
      `Opened the first ${browser.maxTabs} of ${count(trusted.length, "link")}; the others are listed above.`
    )
  }
})

const lastVisit = Effect.fnUntraced(function* (gitpip: Calls, username: Username, visitor: Visitor) {
  const [last] = yield* gitpip.visits(username, visitor, { before: Number.MAX_SAFE_INTEGER, limit: 1 })
  return last === undefined ? undefined : yield* gitpip.visit(username, last.id)
})
