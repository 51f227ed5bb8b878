/** Which organization a company on a GitHub profile names. Pure. */
import { createHash } from "node:crypto"

/** What people write in place of a company. */
const noCompany: ReadonlySet<string> = new Set([
  "consultant",
  "freelance",
  "freelancer",
  "home",
  "independent",
  "me",
  "myself",
  "n/a",
  "na",
  "none",
  "private",
  "retired",
  "self",
  "self employed",
  "self-employed",
  "student",
  "unemployed"
])

/** `example.com` is not counted: companies bear such names. */
const isAddress = (name: string): boolean => /^(?:https?:\/\/|www\.)\S*$/i.test(name)

/** Whether two names are one: spaces around them, and case, do not count. */
export const plainName = (name: string): string => name.trim().replace(/\s+/g, " ").toLowerCase()

/**
 * The name of the company on a profile, the first of several. GitHub's way to name an organization's account, `@login`,
 * becomes its login. `undefined`: there is no name, or an address of a page in its place.
 */
export const companyOf = (text: string | null | undefined): string | undefined => {
  // An `@` that begins a word begins another company. What joined the two is no part of the first.
  const [first = ""] = (text ?? "")
    .trim()
    .replace(/^@+/, "")
    .split(/(?<=[\s,;|/&+(])@/)
  const name = first.replace(/(?:[\s,;|/&+(]|\s(?:and|at|und|et))+$/i, "").trim()
  if (isAddress(name) || noCompany.has(plainName(name))) return undefined
  return /[\p{L}\p{N}]/u.test(name) ? name : undefined
}

/** The key under which the organization is stored: users of one company have one, and it does not show the name. */
export const companyKey = (name: string): string => createHash("sha256").update(plainName(name)).digest("hex")

interface Named {
  readonly id: number
  readonly name?: string | null | undefined
}

/** The organizations that bear this name. */
export const namesakesOf = <A extends Named>(name: string, found: ReadonlyArray<A>): ReadonlyArray<A> =>
  found.filter((one) => plainName(one.name ?? "") === plainName(name)).toSorted((a, b) => a.id - b.id)

/** What to do about several of one name. */
export const severalOrganizations = (name: string, found: ReadonlyArray<Named>): string =>
  `Pipedrive has ${found.length} organizations named "${name}": ${found.map(({ id }) => id).join(", ")}. Merge or rename all but one`
