import type { NameCheck, RulesGiven, Source, Username } from "@gitpip/core"
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import { checkAll, distinctNames, linesOf, nextStep } from "../nameChecks.ts"
import * as Output from "../Output.ts"
import * as Progress from "../Progress.ts"
import { maxAsked, previewAll, showPreview, showPreviews } from "../previews.ts"
import { hasRules, ruleFlags, rulesOfFlags } from "../rules.ts"
import { countOf, sourceFlags, sourceOf } from "../sources.ts"
import { count } from "../Text.ts"
import type { Candidate } from "../tracking.ts"
import { json, session } from "./shared.ts"

export const track = Command.make(
  "track",
  {
    usernames: Argument.String("USERNAME").pipe(
      Argument.withDescription("GitHub user names in any case, or addresses of profiles"),
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
      Flag.withDescription(
        "The user's deal, by its number in Pipedrive, or default to take an earlier choice back. Needs exactly one USERNAME"
      )
    ),
    person: Flag.String("person").pipe(
      Flag.withMetavar("N"),
      Flag.optional,
      Flag.withDescription(
        "The person who the user is, by its number in Pipedrive, or default. Needs exactly one USERNAME"
      )
    ),
    ...ruleFlags,
    // A path, so that shells offer files. It comes as an absolute one.
    from: Flag.Path("from").pipe(
      Flag.withMetavar("FILE"),
      Flag.optional,
      Flag.withDescription(
        "Also track the users in a file: USERNAME or USERNAME,ID on each line, or columns that the first line names: username, id, deal, person, include, exclude, languages, max_file_size, forks; - reads stdin"
      )
    ),
    ...sourceFlags,
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Show what tracking would publish and cost, and store nothing")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core } = yield* session
    const names = distinctNames(typed.usernames.map(core.loginOf))
    const one = names.length === 1 && Option.isNone(typed.from)
    const sources = countOf(typed)
    const { deal, id, person, rules, source, usernames } = yield* Input.all({
      usernames: Input.each(names, (name) => Input.text("USERNAME", core.Username, name)),
      id: Input.optional(typed.id, (id) => Input.number("--id", core.UserId, id)),
      deal: Input.optional(typed.deal, (deal) => Input.choice("--deal", deal)),
      person: Input.optional(typed.person, (person) => Input.choice("--person", person)),
      rules: rulesOfFlags(core, typed),
      placed: Input.rule({
        holds: (Option.isNone(typed.deal) && Option.isNone(typed.person)) || one,
        fault: "--deal and --person need exactly one USERNAME. In a file, name the columns username,deal,person"
      }),
      unchosen: Input.rule({
        holds: !typed.dryRun || (Option.isNone(typed.deal) && Option.isNone(typed.person)),
        fault: noChoices("--deal and --person")
      }),
      source: sourceOf(core, typed),
      some: Input.rule({
        holds: typed.usernames.length > 0 || Option.isSome(typed.from) || sources > 0,
        fault:
          "Give one USERNAME or more, --from FILE, --org, --followers-of, --stargazers or --pipedrive. See: gitpip track --help"
      }),
      alone: Input.rule({
        holds:
          sources === 0 ||
          (sources === 1 && typed.usernames.length === 0 && Option.isNone(typed.from) && !hasRules(typed)),
        fault:
          "Give one of --org, --followers-of, --stargazers and --pipedrive alone, without USERNAME, --from and rules of files"
      }),
      numbered: Input.rule({
        holds: Option.isNone(typed.id) || one,
        fault: "--id needs exactly one USERNAME. In a file, write an id beside each name"
      })
    })
    for (const language of core.unknownInRule(rules.languages)) {
      yield* Output.message(`Warning: --languages ${core.describeUnknown(language)}`)
    }
    const options = { json: typed.json }
    if (source !== undefined) {
      return yield* typed.dryRun ? previewSource(source, options) : trackSource(source, options)
    }
    const [username] = usernames
    if (username !== undefined && one && typed.dryRun) yield* previewOne(username, rules, options)
    else if (username !== undefined && one) yield* trackOne({ username, id, deal, person, rules }, options)
    else {
      const list = { usernames, rules, file: Option.getOrUndefined(typed.from) }
      yield* typed.dryRun ? previewMany(list, options) : trackMany(list, options)
    }
  })
).pipe(
  Command.withDescription(
    "Track GitHub users: every file of their public gists is published. With GITPIP_BACKFILL=none, files that are older than the tracking are only listed"
  ),
  Command.withShortDescription("Track GitHub users"),
  Command.withExamples([
    { command: "gitpip track octocat", description: "Track octocat under the next free id" },
    { command: "gitpip track octocat --deal 123", description: "Put octocat's files on that deal in Pipedrive" },
    { command: "gitpip track octocat --include '*.ts'", description: "Publish only octocat's files with these names" },
    { command: "gitpip track octocat --dry-run", description: "See what that would publish" },
    { command: "gitpip track --from contacts.csv", description: "Track all users in a file" },
    {
      command: "gitpip track --org acme --dry-run",
      description: "See what tracking an organization's members would cost"
    },
    { command: "gitpip track --pipedrive", description: "Track persons by their GitHub usernames in Pipedrive" }
  ])
)

const contacts = Effect.promise(() => import("../contacts.ts"))

/** What tracking the accounts of a source would cost. */
const previewSource = Effect.fnUntraced(function* (source: Source, options: Options) {
  const { withGitpip } = yield* session
  const { Contacts, cutOff, previewAll, remarksOn, showPreview } = yield* contacts
  const progress = yield* Progress.make
  const { all, error } = yield* withGitpip((gitpip) =>
    Effect.ensuring(previewAll(gitpip, source, progress), progress.done)
  )
  yield* Output.result(all, { ...options, schema: Contacts, show: showPreview })
  for (const line of remarksOn(all)) yield* Output.message(line)
  if (error !== undefined) return yield* cutOff(all, error)
})

/** Tracks the accounts of a source, from where an earlier run was cut off. */
const trackSource = Effect.fnUntraced(function* (source: Source, options: Options) {
  const { withGitpip } = yield* session
  const { Contacts, remarksOn, showTracked, trackAll } = yield* contacts
  const progress = yield* Progress.make
  const { all, isServer } = yield* withGitpip((gitpip) =>
    trackAll(gitpip, source, progress).pipe(
      Effect.map((all) => ({ all, isServer: gitpip.isServer })),
      Effect.ensuring(progress.done)
    )
  )
  yield* Output.result(all, { ...options, schema: Contacts, show: showTracked })
  for (const line of remarksOn(all)) yield* Output.message(line)
  if (all.new > 0) yield* Output.message(nextStep({ isServer }))
})

/** A preview knows nothing of a choice: it would show another person, and count a deal too many. */
const noChoices = (what: string) => `--dry-run does not count ${what}: leave them out, or run without --dry-run`

const tracking = Effect.promise(() => import("../tracking.ts"))

interface Options {
  readonly json: boolean
}

const previewOne = Effect.fnUntraced(function* (username: Username, rules: RulesGiven, options: Options) {
  const { core, withGitpip } = yield* session
  const preview = yield* withGitpip((gitpip) => gitpip.preview(username, { ...rules, contact: true }))
  yield* Output.result(preview, { ...options, schema: core.Preview, show: showPreview })
})

/** The users of the command line, then those of the file. */
interface List {
  readonly usernames: ReadonlyArray<Username>
  /** Of all these users; a rule in the file comes before them. */
  readonly rules: RulesGiven
  readonly file: string | undefined
}

const candidatesOf = Effect.fnUntraced(function* ({ file, rules, usernames }: List) {
  const { fromFile } = yield* tracking
  const listed = file === undefined ? { candidates: [], wrong: [] } : yield* fromFile(file)
  const typed = usernames.map((username) => ({ line: null, username, id: undefined, rules }))
  const ruled = listed.candidates.map((candidate) => ({ ...candidate, rules: { ...rules, ...candidate.rules } }))
  return { candidates: [...typed, ...ruled], wrong: listed.wrong }
})

const notSearched = `For more than ${maxAsked} users, Pipedrive is not searched for persons, which would cost as much as their first files. Give fewer users to see whom their files would name.`

const previewMany = Effect.fnUntraced(function* (list: List, options: Options) {
  const { core, withGitpip } = yield* session
  const { lineFaults, linesWithChoices, withoutForgottenOf } = yield* tracking
  const { candidates: all, wrong } = yield* candidatesOf(list)
  const chosen = linesWithChoices(all)
  yield* Input.all({
    unchosen: Input.rule({
      holds: chosen.length === 0,
      fault: noChoices(`the columns deal and person (line ${chosen.slice(0, 10).join(", ")})`)
    })
  })
  const progress = yield* Progress.make
  const { faults, previews } = yield* withGitpip((gitpip) =>
    Effect.gen(function* () {
      const candidates = yield* withoutForgottenOf(gitpip, all, { isDryRun: true })
      if (candidates.length > maxAsked) yield* Output.message(notSearched)
      return yield* previewAll(gitpip, candidates, progress)
    }).pipe(Effect.ensuring(progress.done))
  )
  yield* Output.result(previews, {
    ...options,
    schema: Schema.Array(core.Preview),
    show: (previews) => showPreviews(previews, core.savedBy)
  })
  const failed = [...lineFaults(wrong), ...faults]
  if (failed.length > 0) {
    return yield* new Unsuccessful({
      message: `${count(failed.length, "user")} cannot be previewed:\n${failed.map((fault) => `  - ${fault}`).join("\n")}`
    })
  }
})

/** For a user who was tracked before. */
const rulesHold = "The rules hold for files that are found from now on."

const isRuled = ({ rules = {} }: Pick<Candidate, "rules">): boolean => Object.keys(rules).length > 0

const trackOne = Effect.fnUntraced(function* ({ username, ...wanted }: Omit<Candidate, "line">, options: Options) {
  const { core, withGitpip } = yield* session
  const { checks, created, isServer, unused, user } = yield* withGitpip((gitpip) =>
    Effect.gen(function* () {
      const checks = yield* checkAll(gitpip, [username])
      return { checks, isServer: gitpip.isServer, ...(yield* gitpip.track(username, wanted)) }
    })
  )
  if (!created) yield* Output.message(`${user.login} is already tracked.`)
  for (const why of unused) yield* Output.message(`${why}.`)
  if (!created && isRuled(wanted)) yield* Output.message(rulesHold)
  yield* Output.result(user, {
    ...options,
    schema: core.User,
    show: ({ id, login }) => `Tracking ${login} (id ${id})`
  })
  if (created) yield* report(checks, { isServer, isRuled: isRuled(wanted) })
})

/** Tracks all users of a list. A refused user does not stop the others. */
const trackMany = Effect.fnUntraced(function* (list: List, options: Options) {
  const { withGitpip } = yield* session
  const { faultsOf, Outcome, trackAll, unusedOf, withoutForgottenOf } = yield* tracking
  const { candidates: all, wrong } = yield* candidatesOf(list)
  const progress = yield* Progress.make
  const { candidates, checks, isServer, tracked } = yield* withGitpip((gitpip) =>
    Effect.gen(function* () {
      const candidates = yield* withoutForgottenOf(gitpip, all, { isDryRun: false })
      const names = candidates.map(({ username }) => username)
      const checks = yield* checkAll(gitpip, names, progress)
      return { candidates, checks, isServer: gitpip.isServer, tracked: yield* trackAll(gitpip, candidates, progress) }
    }).pipe(Effect.ensuring(progress.done))
  )
  const outcomes = [...tracked, ...wrong].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  yield* Output.result(outcomes, {
    ...options,
    schema: Schema.Array(Outcome),
    show: (outcomes) =>
      outcomes.flatMap(({ created, user }) =>
        user === null ? [] : [`${created ? "Tracking" : "Already tracked:"} ${user.login} (id ${user.id})`]
      )
  })
  for (const why of unusedOf(outcomes)) yield* Output.message(`${why}.`)
  // One outcome for each candidate, in the same order.
  const isChanged = tracked.some(({ created, user }, at) => user !== null && !created && isRuled(candidates[at] ?? {}))
  if (isChanged) yield* Output.message(rulesHold)
  const added = new Set(outcomes.flatMap(({ created, user }) => (created && user !== null ? [lower(user.login)] : [])))
  if (added.size > 0)
    yield* report(
      checks.filter(({ name }) => added.has(lower(name))),
      { isServer, isRuled: candidates.some(isRuled) }
    )
  const faults = faultsOf(outcomes)
  if (faults !== undefined) return yield* new Unsuccessful({ message: faults })
})

const lower = (name: string): string => name.toLowerCase()

/** Says what is published, which names are wrong, and when the users are checked. */
const report = Effect.fnUntraced(function* (
  checks: ReadonlyArray<NameCheck>,
  asked: { readonly isServer: boolean; readonly isRuled: boolean }
) {
  for (const line of linesOf(checks, asked)) yield* Output.message(line)
  yield* Output.message(nextStep(asked))
})
