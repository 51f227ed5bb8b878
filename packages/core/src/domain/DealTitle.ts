/** The title of a user's deal, by a template with placeholders (`GITPIP_DEAL_TITLE`). Pure. */
import { cut } from "./Text.ts"

/** What a title may name. */
export interface TitleOf {
  readonly login: string
  readonly name?: string | null | undefined
  readonly company?: string | null | undefined
}

const placeholders = ["login", "name", "company"]
const placeholder = /\{([^{}]*)\}/g

/** With the longest login and both other values, the longest title stays within Pipedrive's 255 characters. */
const maxTemplate = 100
const maxValue = 60

/** What is wrong with a template, or `undefined`. */
export const templateFault = (template: string): string | undefined => {
  const named = [...template.matchAll(placeholder)].map(([, name = ""]) => name)
  const unknown = named.find((name) => !placeholders.includes(name))
  if (unknown !== undefined) return `has no value for {${unknown}}. Write {login}, {name} or {company}`
  if (/[{}]/.test(template.replace(placeholder, ""))) return "has a brace without its pair"
  if (new Set(named).size < named.length) return "names a placeholder twice. Write each one once"
  // The title is how Gitpip finds a deal again whose creation was not confirmed, and a login is unique.
  if (!named.includes("login")) return "must hold {login}, so that each user's deal has a title of its own"
  if (/[\p{L}\p{N}_-]\{login\}|\{login\}[\p{L}\p{N}_-]|\}\{login\}|\{login\}\{/u.test(template)) {
    return "must have a space or a bracket before and after {login}"
  }
  if (isBetweenValues(template) && bracketOf(template) === undefined) {
    return "must have {login} in brackets of its own, the first of their kind, when values stand on both sides: `{name} ({login}), {company}`. Without them two users could have one title"
  }
  return template.length > maxTemplate ? `must have at most ${maxTemplate} characters` : undefined
}

/** Whether other values stand before and after `{login}`. */
const isBetweenValues = (template: string): boolean => {
  const [before = "", after = ""] = template.split("{login}")
  return /\{(name|company)\}/.test(before) && /\{(name|company)\}/.test(after)
}

/** Brackets, and those that take their place in values. */
const brackets = { "(": [")", "[", "]"], "[": ["]", "(", ")"], "<": [">", "[", "]"] } as const

/** The bracket that opens right before `{login}` and closes right behind it, when it is the template's first of its kind. */
const bracketOf = (template: string): keyof typeof brackets | undefined => {
  const [, before = "", bracket, closing] = /^(.*?)([([<])\{login\}([)\]>])/.exec(template) ?? []
  const opening = bracket as keyof typeof brackets | undefined
  return opening === undefined || brackets[opening][0] !== closing || before.includes(opening) ? undefined : opening
}

/**
 * A value without the bracket that begins the login, for templates with values on both sides: otherwise the name "Bob (ann)"
 * would begin a title like ann's.
 */
const unlikeLogin = (template: string, value: string): string => {
  const opening = isBetweenValues(template) ? bracketOf(template) : undefined
  if (opening === undefined) return value
  const [closing, ...others] = brackets[opening]
  return value.replaceAll(opening, others[0]).replaceAll(closing, others[1])
}

/** One line, trimmed, without runs of spaces. */
const line = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim()

const separators = String.raw`[\s·|,:/–—-]*`
const emptyBrackets = /[([<]\s*\{company\}\s*[)\]>]/
const missingCompany = new RegExp(`([([<]?)(${separators})\\{company\\}(${separators})([)\\]>]?)`)
const outerSeparators = new RegExp(`^${separators}|${separators}$`, "g")

/** What stays between two texts when the value between their separators is missing: one separator, and a space if there was one. */
const joint = (left: string, right: string): string => {
  const isSpaced = /\s/.test(left + right)
  const kept = [left, right].find((text) => text.trim() !== "" && /\s/.test(text) === isSpaced)
  return kept ?? (isSpaced ? " " : "")
}

/** The template without `{company}`, its brackets and the separator that led to it. */
const withoutCompany = (template: string): string => {
  if (emptyBrackets.test(template)) return withoutCompany(template.replace(emptyBrackets, "{company}"))
  const [whole = "", opening = "", left = "", right = "", closing = ""] = missingCompany.exec(template) ?? []
  return template.replace(whole, () => `${opening}${closing}` || joint(left, right))
}

/**
 * The title of a user's deal. A user without a name is called by the login; a missing company leaves no empty brackets and
 * no lone comma. Separators are removed from the template and never from a value: a login may begin or end with a dash.
 */
export const dealTitle = (template: string, { company, login, name }: TitleOf): string => {
  const given = (text: string | null | undefined) => unlikeLogin(template, cut(line(text ?? ""), maxValue))
  const values: Record<string, string> = { login, name: given(name) || login, company: given(company) }
  return (values.company === "" ? withoutCompany(template) : template)
    .replace(outerSeparators, "")
    .replace(/\s+/g, " ")
    .replace(placeholder, (whole, key: string) => values[key] ?? whole)
}

/**
 * Whether a title was made from this template for this login, with any name and company: both may have changed since. Only
 * for deals that Gitpip itself may just have created.
 */
export const isTitleFor = (template: string, login: string, title: string): boolean => {
  if (title === dealTitle(template, { login })) return true
  const isFixed = [...template.matchAll(placeholder)].every(([, name]) => name === "login")
  if (isFixed) return false
  const source = template
    .replace(emptyBrackets, "{company}")
    .split(/(\{[^{}]*\})/)
    .map((part) => (part === "{login}" ? whole(login) : part.startsWith("{") ? ".*" : loosely(part)))
    .join("")
  return new RegExp(`^${source}$`, "u").test(title)
}

const whole = (login: string): string => `(?<![\\p{L}\\p{N}_-])${escaped(login)}(?![\\p{L}\\p{N}_-])`

/** Separators may be missing where a value was empty; all else stays as it is. */
const loosely = (literal: string): string =>
  literal
    .split(/([\s·|,:/–—-]+)/)
    .map((part, index) => (index % 2 === 1 ? "[\\s·|,:/–—-]*" : escaped(part)))
    .join("")

/** `RegExp.escape` needs Node.js 24. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
