/** A list of accounts, such as the followers of a user: its name in words, the sums of its pages, and what they say. Pure. */
import type { ContactPageJson } from "./api.js"
import { count, number } from "./words.js"

/** Each kind of list, with an example of its name; a list without one needs no name. */
export const kinds = {
  org: { title: "Public members of an organization", example: "acme" },
  followers: { title: "Followers of a user", example: "octocat" },
  stargazers: { title: "Stargazers of a repository", example: "octocat/hello-world" },
  pipedrive: { title: "Persons in Pipedrive", example: null }
} as const
export type Kind = keyof typeof kinds

export const isKind = (text: string): text is Kind => Object.hasOwn(kinds, text)

/** The source as the API takes it. The server reads a name in each form that people paste. */
export const sourceOf = (kind: Kind, name: string): string => (kind === "pipedrive" ? kind : `${kind}:${name.trim()}`)

/** What to enter in place of a name that no list can have. */
export const wrongName = (source: string): string => {
  const [kind = "", name = ""] = source.split(/:(.*)/s)
  const example = isKind(kind) ? kinds[kind].example : null
  return `${JSON.stringify(name)} is not a name that GitHub can have. Enter one such as ${example ?? "octocat"}`
}

/** A source in words: `followers of octocat`. */
export const titleOf = (source: string): string => {
  const [kind = "", name = ""] = source.split(/:(.*)/s)
  switch (kind) {
    case "org":
      return `public members of ${name}`
    case "followers":
      return `followers of ${name}`
    case "stargazers":
      return `stargazers of ${name}`
    default:
      return "persons in Pipedrive"
  }
}

type State = ContactPageJson["contacts"][number]["state"]

/** What the pages of a list add up to. */
export interface Sums {
  readonly accounts: number
  readonly states: Readonly<Record<State, number>>
  /** Organizations and bots. */
  readonly leftOut: number
  /** Persons in Pipedrive whose field names no user: the number of each, and the text. */
  readonly wrong: ReadonlyArray<string>
  readonly isCut: boolean
  readonly first: NonNullable<ContactPageJson["first"]>
}

export const noSums: Sums = {
  accounts: 0,
  states: { new: 0, tracked: 0, untracked: 0, forgotten: 0, organization: 0, unknown: 0 },
  leftOut: 0,
  wrong: [],
  isCut: false,
  first: { github_requests: 0, gists: 0, files: 0, tokens: 0 }
}

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b)

const wrongOf = ({ contacts, invalid }: ContactPageJson): ReadonlyArray<string> => [
  ...contacts.flatMap(({ login, person_id, state }) =>
    state === "unknown" || state === "organization"
      ? [`${person_id} (${login}${state === "organization" ? ", an organization" : ""})`]
      : []
  ),
  ...invalid.map(({ person_id, text }) => `${person_id} (${text})`)
]

/** The sums with a page more. A page of a call that tracks has no cost. */
export const add = (sums: Sums, page: ContactPageJson): Sums => {
  const states = { ...sums.states }
  for (const { state } of page.contacts) states[state]++
  const { first } = page
  return {
    accounts: sums.accounts + page.contacts.length,
    states,
    leftOut: sums.leftOut + page.left_out,
    wrong: [...sums.wrong, ...wrongOf(page)],
    isCut: sums.isCut || page.is_cut,
    first:
      first === null
        ? sums.first
        : {
            github_requests: sums.first.github_requests + first.github_requests,
            gists: sum(sums.first.gists, first.gists),
            files: sum(sums.first.files, first.files),
            tokens: sum(sums.first.tokens, first.tokens)
          }
  }
}

/** What was counted: `3 accounts: 2 new, 1 tracked already.` */
export const countedWords = ({ accounts, states }: Sums): string =>
  `${count(accounts, "account")}: ${number(states.new)} new, ${number(states.tracked)} tracked already.`

/** What tracking the new accounts costs at first. */
export const costWords = ({ first: { files, gists, github_requests, tokens }, states }: Sums): string | null => {
  if (states.new === 0) return null
  const found =
    gists === null || files === null
      ? "Public gists cannot be counted without GITHUB_TOKEN, or while GitHub does not answer"
      : `The new accounts have ${count(gists, "public gist")}, with about ${count(files, "file")} to publish`
  const costs = [
    ...(tokens === null ? [] : [`about ${count(tokens, "token")} of Pipedrive`]),
    `${gists === null ? "at least" : "about"} ${count(github_requests, "request")} to GitHub`
  ]
  return `${found}. At first, tracking them costs ${costs.join(" and ")}.`
}

/** How many wrong persons are named. */
const maxNamed = 20

/** Who is left out, and what people have to know beside the counts. */
export const remarks = ({ isCut, leftOut, states, wrong }: Sums): ReadonlyArray<string> => {
  const { forgotten, untracked } = states
  const out = [
    ...(leftOut === 0 ? [] : [leftOut === 1 ? "1 organization or bot" : `${number(leftOut)} organizations or bots`]),
    ...(untracked === 0 ? [] : [`${count(untracked, "user")} whom somebody untracked`]),
    ...(forgotten === 0 ? [] : [`${count(forgotten, "user")} whom somebody forgot`])
  ]
  return [
    ...(out.length === 0 ? [] : [`Left out: ${out.join(", ")}.`]),
    ...(untracked + forgotten === 0 ? [] : ["To track such a user again, enter the name above."]),
    ...(wrong.length === 0
      ? []
      : [`Fix the field of these persons in Pipedrive: ${wrong.slice(0, maxNamed).join(", ")}.`]),
    ...(isCut ? ["GitHub shows no more than 40,000 accounts of this list. Those behind them are left out."] : [])
  ]
}

/** What was tracked. */
export const trackedListWords = ({ states }: Sums): string =>
  `${count(states.new, "user")} tracked now, ${number(states.tracked)} tracked before.`
