/** Which person in Pipedrive a user is, and what a new one is called. Pure. */
import { type DateTime, Predicate } from "effect"
import { loginOf } from "../domain/loginOf.ts"
import type { Recipient } from "../publish/Sink.ts"
import { comparable } from "./comparable.ts"
import type { FoundPerson, NewPerson, SearchedField, StoredPerson } from "./personCalls.ts"

/** One question to Pipedrive's search. */
export interface Search {
  readonly by: SearchedField
  readonly term: string
}

type Contact = Pick<Recipient, "username" | "profile">

/** The field of persons that holds GitHub logins, by its key. `undefined`: there is none. */
type Field = string | undefined

/** In the Unicode form that most people type, since a search may compare the forms. */
const given = (text: string | null | undefined): string | undefined => {
  const trimmed = text?.normalize().trim() ?? ""
  return trimmed === "" ? undefined : trimmed
}

/**
 * The searches for a user's person, at most two: by the field, then by the e-mail address, or by the name of a user who shows
 * no address. Namesakes are common, so a name does not overrule an address that nobody has.
 */
export const searchesFor = ({ profile, username }: Contact, field: Field): ReadonlyArray<Search> => {
  const email = given(profile?.email)
  const name = given(profile?.name)
  return [
    ...(field === undefined ? [] : [{ by: "custom_fields", term: username } as const]),
    ...(email !== undefined
      ? [{ by: "email", term: email } as const]
      : name === undefined
        ? []
        : [{ by: "name", term: name } as const])
  ]
}

/** Why a user's leads wait although persons are only found. */
export const noPersonOfLeads = (login: string): string =>
  `Pipedrive has no person for ${login}, and a lead needs one. Name one by \`gitpip track ${login} --person ID\`, or set GITPIP_PERSON=create`

const byId = (a: { readonly id: number }, b: { readonly id: number }) => a.id - b.id

/**
 * The user's own among the persons that a search found. The oldest of several with the login or the address, which are
 * twins of one person; none of several with the name, who are namesakes.
 */
export const choosePerson = ({ by, term }: Search, candidates: ReadonlyArray<FoundPerson>): FoundPerson | undefined => {
  const isOwn = ({ emails, name }: FoundPerson): boolean => {
    switch (by) {
      case "custom_fields":
        return true
      case "email":
        return (emails ?? []).some((email) => comparable(email) === comparable(term))
      case "name":
        return comparable(name ?? "") === comparable(term)
    }
  }
  const [first, ...others] = candidates.filter(isOwn).toSorted(byId)
  return by === "name" && others.length > 0 ? undefined : first
}

/** The login in a field, where people write `ann`, `@ann` or an address of GitHub, as Gitpip compares texts. */
const loginFrom = (text: string): string => comparable(loginOf(text))

/** The login in a field of a person or a deal, in lower case. */
export const loginIn = ({ custom_fields }: { readonly custom_fields?: unknown }, field: string): string | undefined => {
  const value = Predicate.hasProperty(custom_fields, field) ? custom_fields[field] : undefined
  return typeof value === "string" ? loginFrom(value) : undefined
}

/** Whether a person or a deal has the login in the field. A search shows only that one of the fields has it. */
export const holdsLogin = (item: { readonly custom_fields?: unknown }, field: string, login: string): boolean =>
  loginIn(item, field) === comparable(login)

/**
 * Whether a hit of a search for the login may have the login in a field. A hit shows the values of fields without their names.
 * One that shows no value, and no login in its title, was found by a field.
 */
export const mayHoldLogin = (
  { custom_fields, title }: { readonly custom_fields?: unknown; readonly title?: string },
  login: string
): boolean => {
  const values: ReadonlyArray<unknown> = Array.isArray(custom_fields) ? custom_fields : []
  return values.length === 0
    ? !comparable(title ?? "").includes(comparable(login))
    : values.some((value) => typeof value === "string" && loginFrom(value) === comparable(login))
}

/** A user's new person: by the name, or by the login of a user who shows none. */
export const newPerson = ({ profile, username }: Contact, field: Field): NewPerson => {
  const email = given(profile?.email)
  return {
    name: given(profile?.name) ?? username,
    ...(email === undefined ? {} : { emails: [{ value: email, primary: true }] }),
    ...(field === undefined ? {} : { custom_fields: { [field]: username } })
  }
}

/** What a create of a person was sent with. */
interface SentPerson {
  readonly as: string
  /** `undefined`: none was sent. */
  readonly email: string | undefined
  readonly field: Field
  readonly login: string
}

const hasAddress = (emails: StoredPerson["emails"], address: string): boolean =>
  (emails ?? []).some(({ value }) => comparable(value ?? "") === comparable(address))

/** The person that such a create made. Without the address and the field, a person of that name who is nobody else's. */
export const isCreated = (person: StoredPerson, { as, email, field, login }: SentPerson): boolean =>
  person.is_deleted !== true &&
  comparable(person.name ?? "") === comparable(as) &&
  (email === undefined || hasAddress(person.emails, email)) &&
  (field === undefined || person.custom_fields?.[field] === undefined || holdsLogin(person, field, login))

/** Persons in order of the time between their creation and the instant: a namesake of the day comes later. */
export const nearestFirst = <A extends Pick<StoredPerson, "add_time">>(
  persons: ReadonlyArray<A>,
  instant: DateTime.Utc
): ReadonlyArray<A> => {
  const distance = ({ add_time }: A) => {
    const millis = Math.abs(Date.parse(add_time ?? "") - instant.epochMilliseconds)
    return Number.isNaN(millis) ? Number.MAX_VALUE : millis
  }
  return persons.toSorted((a, b) => distance(a) - distance(b))
}
