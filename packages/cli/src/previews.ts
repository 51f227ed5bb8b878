/** What tracking users would publish and cost, without tracking them. */
import type { Preview, Saving } from "@gitpip/core"
import { Cause, Effect, Exit } from "effect"
import type { Calls } from "./Backend.ts"
import type { Progress } from "./Progress.ts"
import type { Row, Table } from "./Table.ts"
import { count } from "./Text.ts"
import type { Candidate } from "./tracking.ts"

/** In tokens a day, of the smallest plan. */
const smallestBudget = 30_000

/** The tokens as a share of the smallest plan's day; empty for none. */
export const shareOfDay = (tokens: number): string => {
  if (tokens === 0) return ""
  const percent = Math.round((tokens / smallestBudget) * 100)
  return `, ${percent < 1 ? "less than 1" : percent.toLocaleString("en")}% of a day's ${smallestBudget.toLocaleString("en")}`
}

/** Items that exist already cost less than what is forecast. */
const atMost = (tokens: number): string => (tokens === 0 ? "0 tokens" : `at most ${count(tokens, "token")}`)

type Counted = Omit<Preview, "login" | "days" | "contact">

const costs = (preview: Omit<Counted, "searchTokens">): ReadonlyArray<Row> => [
  ["gists", `${count(preview.gists, "gist")} with ${count(preview.files, "file")}`],
  ...(preview.skipped > 0 ? [["skipped", `${count(preview.skipped, "file")} left out by rules`]] : []),
  ...(preview.activities > 0 || preview.deals + preview.leads + preview.waiting === 0
    ? [["activities", `${count(preview.activities, "activity", "activities")} would be created`]]
    : []),
  ...(preview.deals > 0
    ? [["deals", `at most ${count(preview.deals, "deal")} would be created, within the plan's cap of open deals`]]
    : []),
  ...(preview.leads > 0
    ? [["leads", `${count(preview.leads, "lead")} would be created, within the plan's cap of leads and deals`]]
    : []),
  ...(preview.waiting > 0
    ? [["waiting", `${count(preview.waiting, "file")} would wait until you do what the note says`]]
    : []),
  ["Pipedrive", `${atMost(preview.tokens)}${shareOfDay(preview.tokens)}`],
  ["GitHub", `${count(preview.githubRequests, "request")} for a scan of everything`]
]

type Contact = NonNullable<Preview["contact"]>

/** Lists longer than this ask Pipedrive nothing, since each user costs as much as a first file. */
export const maxAsked = 20

/** An item that the first file would name: `Ann Example (45)`. */
const itemOf = (item: Contact["person"]): string => {
  if (item === null) return "none"
  return item.id === null ? `${item.name} (new)` : item.name === null ? `${item.id}` : `${item.name} (${item.id})`
}

const contactRows = (contact: Preview["contact"]): ReadonlyArray<Row> =>
  contact === null
    ? []
    : [
        ["person", itemOf(contact.person)],
        ["organization", itemOf(contact.organization)],
        ...(contact.message === null ? [] : [["note", contact.message]]),
        ["first file", `at most ${count(contact.tokens, "token")}`]
      ]

/** One user's preview. */
export const showPreview = (preview: Preview): Table => ({
  rows: [["user", preview.login], ...costs(preview), ...contactRows(preview.contact)]
})

/** A line for each user whose first file Pipedrive was asked about. */
const contactTable = (previews: ReadonlyArray<Preview>): ReadonlyArray<Table> => {
  const asked = previews.flatMap(({ contact, login }) => (contact === null ? [] : [{ ...contact, login }]))
  if (asked.length === 0) return []
  return [
    {
      rows: [
        ["USER", "PERSON", "ORGANIZATION", "FIRST FILE", "NOTE"],
        ...asked.map(({ login, message, organization, person, tokens }) => [
          login,
          itemOf(person),
          itemOf(organization),
          tokens.toLocaleString("en"),
          message ?? ""
        ])
      ]
    }
  ]
}

/** Lists of deals and persons cost less than searches for each of many users. */
const searches = (searchTokens: number, { maxItems, maxTokens }: Saving): Row => [
  "searches",
  `${searchTokens.toLocaleString("en")} of these tokens. Lists replace the searches, for ${maxTokens.toLocaleString("en")} tokens at most, if Pipedrive has up to ${count(maxItems, "open deal")} and up to ${count(maxItems, "person")}`
]

/** A line for each user. What is created under another `GITPIP_PUBLISH_AS` has no column. */
const usersTable = (previews: ReadonlyArray<Preview>): Table => {
  const made = (["activities", "deals", "leads", "waiting"] as const).filter((kind) =>
    previews.some((one) => one[kind] > 0)
  )
  const columns = ["gists", "files", ...made, "tokens"] as const
  return {
    rows: [
      ["USER", ...columns.map((column) => column.toUpperCase())],
      ...previews.map((one) => [one.login, ...columns.map((column) => one[column].toLocaleString("en"))])
    ]
  }
}

/** A line for each user, and the costs of all of them. */
export const showPreviews = (
  previews: ReadonlyArray<Preview>,
  savedBy: (total: { readonly users: number; readonly searchTokens: number }) => Saving | undefined
): ReadonlyArray<Table> => [
  usersTable(previews),
  ...contactTable(previews),
  { rows: [["users", previews.length.toLocaleString("en")], ...costsOfAll(previews, savedBy)] }
]

const costsOfAll: (...input: Parameters<typeof showPreviews>) => ReadonlyArray<Row> = (previews, savedBy) => {
  const all = sumOf(previews)
  const users = previews.filter(({ searchTokens }) => searchTokens > 0).length
  const saving = savedBy({ users, searchTokens: all.searchTokens })
  return costs(all).flatMap((row) =>
    saving !== undefined && row[0] === "Pipedrive" ? [row, searches(all.searchTokens, saving)] : [row]
  )
}

const sumOf = (previews: ReadonlyArray<Preview>): Counted => {
  const sum = (key: keyof Counted) => previews.reduce((total, preview) => total + preview[key], 0)
  return {
    gists: sum("gists"),
    files: sum("files"),
    skipped: sum("skipped"),
    activities: sum("activities"),
    deals: sum("deals"),
    leads: sum("leads"),
    waiting: sum("waiting"),
    tokens: sum("tokens"),
    searchTokens: sum("searchTokens"),
    githubRequests: sum("githubRequests")
  }
}

/** Reads the previews of users one after the other. A user that cannot be read is a fault, and does not stop the others. */
export const previewAll = Effect.fnUntraced(function* (
  gitpip: Pick<Calls, "preview">,
  users: ReadonlyArray<Pick<Candidate, "rules" | "username">>,
  progress: Progress
) {
  const previews: Array<Preview> = []
  const faults: Array<string> = []
  const contact = users.length <= maxAsked
  for (const { rules, username } of users) {
    const exit = yield* Effect.exit(gitpip.preview(username, { ...rules, contact }))
    if (Exit.isSuccess(exit)) previews.push(exit.value)
    else if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
    else faults.push(`${username}: ${messageOf(Cause.squash(exit.cause))}`)
    yield* progress.update({
      doing: "Reading gists",
      done: previews.length + faults.length,
      total: users.length,
      unit: "user",
      facts: []
    })
  }
  return { previews, faults }
})

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
