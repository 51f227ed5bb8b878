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

/** Whether two names are one: spaces around them, and case, do not count. */
export const plainName = (name: string): string => name.trim().replace(/\s+/g, " ").toLowerCase()

/** An address of a page or of e-mail. `example.com` is not counted: companies bear such names. */
const address = /https?:\/\/|(?:^|\W)www\.|\S@\S/i

/** A remark on the past, to its end: `(formerly Other)`, `ex-Other`. */
const past = /(?:^|[\s,;|/&+(])(?:previously|formerly|ex-(?=\S)).*$/is

const roles =
  "architect|ceo|consultant|cto|designer|dev|developer|director|engineer|founder|freelancer|intern|lead|manager|professor|programmer|researcher|scientist|student"

/** A role at a company, of which Gitpip does not know where its name begins and ends: `Engineer at Example`. */
const roleAt = new RegExp(`\\b(?:${roles})\\b.*\\s(?:at|@)\\s`, "i")

/** What stands before `@login` and is not the company: `Engineer @example`, `Research at @example`. */
const leadsToLogin = new RegExp(`(?:\\b(?:${roles})|\\sat)\\s+$`, "i")

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
  ![address, roleAt, sentence].some((pattern) => pattern.test(text)) &&
  text.split(/\s+/).length <= maxWords &&
  !noCompany.has(plainName(text)) &&
  /[\p{L}\p{N}]/u.test(text)

/** An `@` that begins a word begins another company. */
const nextCompany = /(?<=[\s,;|/&+(])@(?=\S)/

/** What joins a company to the next one is no part of it. */
const joint = /(?:[\s,;|/&+(]|\s(?:and|at|und|et))+$/i

/**
 * The name of the company on a profile, the first of several. GitHub's way to name an organization's account, `@login`,
 * becomes its login. `undefined`: there is no name, or what is surely none, such as an address or a sentence.
 */
export const companyOf = (text: string | null | undefined): string | undefined => {
  const present = (text ?? "").trim().replace(past, "")
  const [first = "", second] = present.replace(/^@+/, "").split(nextCompany)
  if (sentence.test(first)) return undefined
  const isLogin = present.startsWith("@")
  const company = second !== undefined && !isLogin && leadsToLogin.test(first) ? second : first
  const name = company.replace(joint, "").trim()
  return isName(name) ? name : undefined
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
