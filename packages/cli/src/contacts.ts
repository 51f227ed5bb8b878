/** Tracking the accounts of a source, or showing what that would cost. */
import { Contact, type ContactPage, FirstCost, Source } from "@gitpip/core"
import { Effect, Schema } from "effect"
import type { Calls } from "./Backend.ts"
import { Unsuccessful } from "./Failure.ts"
import { message } from "./Output.ts"
import type { Progress } from "./Progress.ts"
import { shareOfDay } from "./previews.ts"
import { titleOf } from "./sources.ts"
import type { Row, Table } from "./Table.ts"
import { count } from "./Text.ts"

/** All pages of a source that were read, and their sums. */
export const Contacts = Schema.Struct({
  source: Source,
  contacts: Schema.Array(Contact),
  new: Schema.Int,
  tracked: Schema.Int,
  untracked: Schema.Int,
  forgotten: Schema.Int,
  organizations: Schema.Int,
  unknown: Schema.Int,
  leftOut: Schema.Int,
  invalid: Schema.Array(
    Schema.Struct({ personId: Schema.Int, text: Schema.String }).pipe(Schema.encodeKeys({ personId: "person_id" }))
  ),
  isCut: Schema.Boolean,
  githubRequests: Schema.Int,
  tokens: Schema.Int,
  first: Schema.NullOr(FirstCost)
}).pipe(Schema.encodeKeys({ leftOut: "left_out", isCut: "is_cut", githubRequests: "github_requests" }))
export type Contacts = typeof Contacts.Type

const none = (source: Source): Contacts => ({
  source,
  contacts: [],
  new: 0,
  tracked: 0,
  untracked: 0,
  forgotten: 0,
  organizations: 0,
  unknown: 0,
  leftOut: 0,
  invalid: [],
  isCut: false,
  githubRequests: 0,
  tokens: 0,
  first: null
})

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b)

const addFirst = (all: Contacts["first"], { first }: Pick<ContactPage, "first">): Contacts["first"] =>
  all === null || first === null
    ? (all ?? first)
    : {
        githubRequests: all.githubRequests + first.githubRequests,
        gists: sum(all.gists, first.gists),
        files: sum(all.files, first.files),
        tokens: sum(all.tokens, first.tokens)
      }

/** The sums with a page more. */
export const add = (all: Contacts, page: ContactPage): Contacts => {
  const of = (wanted: Contact["state"]) => page.contacts.filter(({ state }) => state === wanted).length
  return {
    source: all.source,
    contacts: [...all.contacts, ...page.contacts],
    new: all.new + of("new"),
    tracked: all.tracked + of("tracked"),
    untracked: all.untracked + of("untracked"),
    forgotten: all.forgotten + of("forgotten"),
    organizations: all.organizations + of("organization"),
    unknown: all.unknown + of("unknown"),
    leftOut: all.leftOut + page.leftOut,
    invalid: [...all.invalid, ...page.invalid],
    isCut: all.isCut || page.isCut,
    githubRequests: all.githubRequests + page.githubRequests,
    tokens: all.tokens + page.tokens,
    first: addFirst(all.first, page)
  }
}

const shown = (progress: Progress, doing: string, { contacts, new: fresh }: Contacts) =>
  progress.update({
    doing,
    done: contacts.length,
    total: undefined,
    unit: "account",
    facts: [`${fresh.toLocaleString("en")} new`]
  })

/** Tracks all pages of a source. What was tracked before a failure stays tracked, and a message says so. */
export const trackAll = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "trackContacts">,
  source: Source,
  progress: Progress
) {
  let all = none(source)
  for (;;) {
    const page = yield* gitpip
      .trackContacts(source)
      .pipe(Effect.onError(() => Effect.andThen(progress.done, all.new === 0 ? Effect.void : soFar(all))))
    all = add(all, page)
    if (page.next === null) return all
    yield* shown(progress, `Tracking ${titleOf(source)}`, all)
  }
})

const soFar = (all: Contacts) =>
  message(
    `${count(all.new, "user")} tracked before the failure. Within a day the same command goes on where the list was.`
  )

/** Reads all pages of a source and tracks nobody. A failure on the way ends the reading, and is said beside what was read. */
export const previewAll = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "contacts">,
  source: Source,
  progress: Progress
) {
  let all = none(source)
  let next: string | undefined
  for (;;) {
    const page = yield* gitpip
      .contacts(source, next)
      .pipe(
        Effect.catchTag("SourceUnavailable", (error) =>
          all.contacts.length === 0 ? Effect.fail(error) : Effect.succeed(error)
        )
      )
    if ("_tag" in page) return { all, error: page.message }
    all = add(all, page)
    if (page.next === null || page.next === next) return { all, error: undefined }
    next = page.next
    yield* shown(progress, `Reading ${titleOf(source)}`, all)
  }
})

const some = (n: number, text: string): ReadonlyArray<Row> => (n === 0 ? [] : [["", text]])

const leftOutOf = ({
  forgotten,
  invalid,
  leftOut,
  organizations,
  unknown,
  untracked
}: Contacts): ReadonlyArray<Row> => {
  const rows = [
    ...some(leftOut, count(leftOut, "organization or bot", "organizations or bots")),
    ...some(untracked, `${count(untracked, "user")} whom somebody untracked`),
    ...some(forgotten, `${count(forgotten, "user")} whom somebody forgot`),
    ...some(organizations, `${count(organizations, "person")} whose field names an organization`),
    ...some(unknown, `${count(unknown, "name")} that GitHub does not know`),
    ...some(invalid.length, `${count(invalid.length, "person")} whose field holds no GitHub username`)
  ]
  return rows.map(([, text], index): Row => [index === 0 ? "left out" : "", text ?? ""])
}

const firstOf = ({ first }: Contacts): ReadonlyArray<Row> =>
  first === null
    ? []
    : [
        [
          "at first",
          first.gists === null
            ? "public gists cannot be counted without GITHUB_TOKEN, or while GitHub does not answer"
            : `${count(first.gists, "public gist")} of the new accounts`
        ],
        ...(first.files === null ? [] : [["", `about ${count(first.files, "file")} to publish`]]),
        ...(first.tokens === null
          ? []
          : [["", `about ${count(first.tokens, "token")} of Pipedrive${shareOfDay(first.tokens)}`]]),
        ["", `${first.gists === null ? "at least" : "about"} ${count(first.githubRequests, "request")} to GitHub`]
      ]

/** What tracking a source would do and cost. */
export const showPreview = (all: Contacts): Table => ({
  whole: true,
  rows: [
    ["source", titleOf(all.source)],
    ["accounts", count(all.contacts.length, "account")],
    ["new", all.new.toLocaleString("en")],
    ["tracked", all.tracked.toLocaleString("en")],
    ...leftOutOf(all),
    ...firstOf(all),
    [
      "this list",
      all.tokens === 0
        ? `${count(all.githubRequests, "request")} to GitHub`
        : `${count(all.tokens, "token")} of Pipedrive`
    ]
  ]
})

/** What tracking a source did. */
export const showTracked = (all: Contacts): Table => ({
  whole: true,
  rows: [
    ["source", titleOf(all.source)],
    ["tracked now", count(all.new, "user")],
    ["tracked before", count(all.tracked, "user")],
    ...leftOutOf(all)
  ]
})

/** What people have to know beside the result. */
export const remarksOn = ({
  contacts,
  forgotten,
  invalid,
  isCut,
  organizations,
  unknown,
  untracked
}: Contacts): ReadonlyArray<string> => [
  ...(isCut ? ["GitHub shows no more than 40,000 accounts of this list. Those behind them are left out."] : []),
  ...(untracked + forgotten === 0
    ? []
    : ["No list brings back users whom somebody untracked or forgot. To track one again: gitpip track USERNAME"]),
  ...(unknown + organizations + invalid.length === 0
    ? []
    : [
        `Fix the field of these persons in Pipedrive: ${[
          ...contacts.flatMap(({ login, personId, state }) =>
            state === "unknown" || state === "organization"
              ? [`${personId} (${login}${state === "organization" ? ", an organization" : ""})`]
              : []
          ),
          ...invalid.map(({ personId, text }) => `${personId} (${text})`)
        ]
          .slice(0, 20)
          .join(", ")}`
      ])
]

/** The failure of a preview that ended on the way. */
export const cutOff = (all: Contacts, error: string): Unsuccessful =>
  new Unsuccessful({
    message: `Only the first ${count(all.contacts.length, "account")} could be read: ${error}`
  })
