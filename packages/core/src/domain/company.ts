/** Which organization a company on a GitHub profile names. Pure. */
import { createHash } from "node:crypto"
import { isFieldOfWork, isJobTitle, jobs } from "./jobTitle.ts"

/** What people write in place of a company, beside their job. */
const noCompany: ReadonlySet<string> = new Set([
  "freelance",
  "home",
  "independent",
  "individual",
  "me",
  "myself",
  "n/a",
  "na",
  "nil",
  "no company",
  "none",
  "not applicable",
  "nothing",
  "null",
  "personal",
  "private",
  "retired",
  "self",
  "self employed",
  "self-employed",
  "undefined",
  "unemployed"
])

/** Whether two names are one: spaces around them, case, and the Unicode form of accents do not count. */
export const plainName = (name: string): string => name.normalize().trim().replace(/\s+/g, " ").toLowerCase()

/** An address of a page or of e-mail. `example.com` is not counted: companies bear such names. */
const address = /https?:\/\/|(?:^|\W)www\.|\S@\S/i

/** A remark on the past, to its end: `(formerly Other)`, `ex-Other`. */
const past = /(?:^|[\s,;|/&+(])(?:previously|formerly|prev\.?(?=[\s:@])|ex-(?=\S)|ex(?=\s+@)).*$/is

/** A job at a company, of which Gitpip does not know where its name begins and ends: `Engineer at Example`. */
const jobAt = new RegExp(`\\b(?:${jobs})\\b.*\\s(?:at|@)\\s`, "i")

/** What stands before `@login` and is not the company: `Engineer @example`, `Founder of @example`. */
const leadsToLogin = new RegExp(`(?:\\b(?:${jobs})|\\s(?:at|for|of|with))\\s+$`, "i")

/** How people begin a sentence about themselves. Most of these differ from names by their second word. */
const sentence = new RegExp(
  `^(?:${[
    "currently",
    "open to",
    "\\w+ing for (?:an? |my |new |the )*(?:job|opportunit|role|work)\\w*",
    "i['’]m",
    "i (?:am|build|code|make|work|write)",
    "we['’]re",
    "we (?:are a|work (?:at|for|on|with))",
    "working (?:at|for|in|on|with)",
    "(?:building|creating|developing|making|writing) (?:apps|code|cool|my|software|some|something|stuff|things)"
  ].join("|")})\\b`,
  "i"
)

/** Long names of institutes have nine words. */
const maxWords = 10

const isName = (text: string): boolean =>
  ![address, jobAt, sentence].some((pattern) => pattern.test(text)) &&
  text.split(/\s+/).length <= maxWords &&
  /[\p{L}\p{N}]/u.test(text)

/** Marks around it do not count: `N/A.`, `(none)`. */
const isNoCompany = (text: string): boolean =>
  noCompany.has(plainName(text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")))

/** An `@` that begins a word begins another company. */
const nextCompany = /(?:(?<=[\s,;|/&(])|\+)@(?=\S)/

/** What joins a company to the next one is no part of it. A `+` without a space is: `Canal+`. */
const joint = /(?:[\s,;|/&(]|\s[-–—+@:·•]|\s(?:and|at|und|et))+$/i

/** What parts a job from a company: `CTO, Example`, `Example (CTO)`. The form of a company is a part of its name. */
const parting = /(?:\s*[,;:|(·•]|\s[-–—/]\s)(?!\s*(?:co|corp|gmbh|inc|llc|ltd)\b)\s*/i

/** Whether the text is no company, or begins with what is none: Gitpip does not know whether a company or a place follows. */
const beginsWithNone = (text: string): boolean => {
  const [start = ""] = text.split(parting)
  return isNoCompany(start) || isJobTitle(start)
}

const endOfLogin = /(?<=^[\w-]+)(?=\W)/

/** Such as the full stop behind a login. */
const isPunctuation = (text: string): boolean => /^[\s.,:;!?)-]*$/.test(text)

/** The text without the jobs and the punctuation at its end, which follow `mark`. */
const withoutJobs = (text: string, mark: RegExp): string => {
  const [name = "", ...others] = text.split(mark)
  return others.every((other) => isJobTitle(other) || isPunctuation(other)) ? name : text
}

/**
 * The name of the company on a profile, the first of several. GitHub's way to name an organization's account, `@login`,
 * becomes its login. `undefined`: there is no name, or what is surely none, such as an address, a job or a sentence.
 */
export const companyOf = (text: string | null | undefined): string | undefined => {
  const present = (text ?? "").normalize().trim().replace(past, "").trim()
  const [first = "", second] = present.replace(/^@+/, "").split(nextCompany)
  if (sentence.test(first)) return undefined
  const startsWithLogin = present.startsWith("@")
  const start = first.replace(joint, "").trim()
  const leads = second !== undefined && (leadsToLogin.test(first) || isFieldOfWork(start))
  const isJob = !startsWithLogin && (leads || beginsWithNone(start))
  const company = isJob ? second?.replace(joint, "").trim() : start
  if (company === undefined) return undefined
  const name = withoutJobs(isJob || startsWithLogin ? withoutJobs(company, endOfLogin) : company, parting).trim()
  return isName(name) && !isNoCompany(name) ? name : undefined
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
