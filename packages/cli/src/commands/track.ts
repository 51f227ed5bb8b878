import type { Preview, Username } from "@gitpip/core"
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import * as Progress from "../Progress.ts"
import type { Table } from "../Table.ts"
import { count } from "../Text.ts"
import type { Candidate } from "../tracking.ts"
import { json, session } from "./shared.ts"

export const track = Command.make(
  "track",
  {
    usernames: Argument.String("USERNAME").pipe(
      Argument.withDescription("GitHub user names, in any case"),
      Argument.variadic({ min: 0 })
    ),
    id: Flag.String("id").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription("Your own number for the user. Needs exactly one USERNAME. Default: the next free number")
    ),
    deal: Flag.String("deal").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription("The user's deal, by its number in Pipedrive. Needs exactly one USERNAME")
    ),
    person: Flag.String("person").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription("The person who the user is, by its number in Pipedrive. Needs exactly one USERNAME")
    ),
    // A path, so that shells offer files. It comes as an absolute one.
    from: Flag.Path("from").pipe(
      Flag.withMetavar("FILE"),
      Flag.optional,
      Flag.withDescription(
        "Also track the users in a file: USERNAME or USERNAME,ID on each line, or columns that the first line names: username, id, deal, person; - reads stdin"
      )
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Show what tracking one user would publish and cost, and store nothing")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core } = yield* session
    const one = typed.usernames.length === 1 && Option.isNone(typed.from)
    const { deal, id, person, usernames } = yield* Input.all({
      usernames: Input.each(typed.usernames, (username) => Input.text("USERNAME", core.Username, username)),
      id: Input.optional(typed.id, (id) => Input.number("--id", core.UserId, id)),
      deal: Input.optional(typed.deal, (deal) => Input.number("--deal", Input.RowId, deal)),
      person: Input.optional(typed.person, (person) => Input.number("--person", Input.RowId, person)),
      placed: Input.rule({
        holds: (Option.isNone(typed.deal) && Option.isNone(typed.person)) || one,
        fault: "--deal and --person need exactly one USERNAME. In a file, name the columns username,deal,person"
      }),
      some: Input.rule({
        holds: typed.usernames.length > 0 || Option.isSome(typed.from),
        fault: "Give one USERNAME or more, or --from FILE. See: gitpip track --help"
      }),
      numbered: Input.rule({
        holds: Option.isNone(typed.id) || one,
        fault: "--id needs exactly one USERNAME. In a file, write an id beside each name"
      }),
      previewed: Input.rule({ holds: !typed.dryRun || one, fault: "--dry-run needs exactly one USERNAME" })
    })
    const options = { json: typed.json }
    const [username] = usernames
    if (username !== undefined && typed.dryRun) yield* previewOne(username, options)
    else if (username !== undefined && one) yield* trackOne({ username, id, deal, person }, options)
    else yield* trackMany({ usernames, file: Option.getOrUndefined(typed.from) }, options)
  })
).pipe(
  Command.withDescription(
    "Track GitHub users: every file of their public gists is published. With GITPIP_BACKFILL=none, files that are older than the tracking are only listed"
  ),
  Command.withShortDescription("Track GitHub users"),
  Command.withExamples([
    { command: "gitpip track octocat", description: "Track octocat under the next free id" },
    { command: "gitpip track octocat --deal 123", description: "Put octocat's files on that deal in Pipedrive" },
    { command: "gitpip track octocat --dry-run", description: "See what that would publish" },
    { command: "gitpip track --from contacts.csv", description: "Track all users in a file" }
  ])
)

interface Options {
  readonly json: boolean
}

const previewOne = Effect.fnUntraced(function* (username: Username, options: Options) {
  const { core, withGitpip } = yield* session
  const preview = yield* withGitpip((gitpip) => gitpip.preview(username))
  yield* Output.result(preview, { ...options, schema: core.Preview, show: showPreview })
})

const trackOne = Effect.fnUntraced(function* ({ username, ...wanted }: Omit<Candidate, "line">, options: Options) {
  const { core, withGitpip } = yield* session
  const { created, user } = yield* withGitpip((gitpip) => gitpip.track(username, wanted))
  if (!created) yield* Output.message(`${user.login} is already tracked.`)
  yield* Output.result(user, {
    ...options,
    schema: core.User,
    show: ({ id, login }) => `Tracking ${login} (id ${id})`
  })
  if (created) yield* next
})

/** Tracks the users of the command line, then those of the file. A refused user does not stop the others. */
const trackMany = Effect.fnUntraced(function* (
  { file, usernames }: { readonly usernames: ReadonlyArray<Username>; readonly file: string | undefined },
  options: Options
) {
  const { withGitpip } = yield* session
  const { faultsOf, fromFile, Outcome, trackAll } = yield* Effect.promise(() => import("../tracking.ts"))
  const listed = file === undefined ? { candidates: [], wrong: [] } : yield* fromFile(file)
  const candidates = [...usernames.map((username) => ({ line: null, username, id: undefined })), ...listed.candidates]
  const progress = yield* Progress.make
  const tracked = yield* withGitpip((gitpip) => Effect.ensuring(trackAll(gitpip, candidates, progress), progress.done))
  const outcomes = [...tracked, ...listed.wrong].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  yield* Output.result(outcomes, {
    ...options,
    schema: Schema.Array(Outcome),
    show: (outcomes) =>
      outcomes.flatMap(({ created, user }) =>
        user === null ? [] : [`${created ? "Tracking" : "Already tracked:"} ${user.login} (id ${user.id})`]
      )
  })
  if (outcomes.some(({ created }) => created)) yield* next
  const faults = faultsOf(outcomes)
  if (faults !== undefined) return yield* new Unsuccessful({ message: faults })
})

const next = Output.message(
  "The next scan checks them: a running server scans by itself; without one, run `gitpip scan`."
)

/** In tokens a day, of the smallest plan. */
const smallestBudget = 30_000

/** The tokens as a share of the smallest plan's day; empty for none. */
const shareOfDay = (tokens: number): string => {
  if (tokens === 0) return ""
  const percent = Math.round((tokens / smallestBudget) * 100)
  return `, ${percent < 1 ? "less than 1" : percent.toLocaleString("en")}% of a day's ${smallestBudget.toLocaleString("en")}`
}

const showPreview = (preview: Preview): Table => ({
  rows: [
    ["user", preview.login],
    ["gists", `${count(preview.gists, "gist")} with ${count(preview.files, "file")}`],
    ...(preview.activities > 0 || preview.deals === 0
      ? [["activities", `${count(preview.activities, "activity", "activities")} would be created`]]
      : []),
    ...(preview.deals > 0
      ? [["deals", `at most ${count(preview.deals, "deal")} would be created, within the plan's cap of open deals`]]
      : []),
    ["Pipedrive", `${count(preview.tokens, "token")}${shareOfDay(preview.tokens)}`],
    ["GitHub", `${count(preview.githubRequests, "request")} for a scan of everything`]
  ]
})
