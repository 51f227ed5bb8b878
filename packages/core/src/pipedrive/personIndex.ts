/** The persons of a list, by what searches compare. In memory, without effects. */
import { loginIn, type Search } from "./choosePerson.ts"
import { comparable } from "./comparable.ts"
import { makeGrouped } from "./grouped.ts"
import type { FoundPerson, SearchedField, StoredPerson } from "./personCalls.ts"

/** Some 200 bytes: a company has tens of thousands. */
interface Entry {
  readonly id: number
  readonly name: string
  readonly emails: ReadonlyArray<string>
  readonly login: string | undefined
}

export interface PersonIndex {
  /** Takes a person in the present state. One who is deleted leaves the index. */
  readonly put: (person: StoredPerson) => void
  readonly remove: (id: number) => void
  /** Whom the search would find, by rising ids. */
  readonly found: (search: Search) => ReadonlyArray<FoundPerson>
}

const shown = ({ emails, id, name }: Entry): FoundPerson => ({ id, name, emails })

const keysOf = (entry: Entry): ReadonlyArray<readonly [SearchedField, string]> => [
  ...(entry.login === undefined ? [] : [["custom_fields", entry.login] as const]),
  ...[...new Set(entry.emails.map(comparable))].map((email) => ["email", email] as const),
  ["name", comparable(entry.name)]
]

/** An empty index. `field` is the key of the field that holds logins. */
export const makePersonIndex = (field: string | undefined): PersonIndex => {
  const entries = new Map<number, Entry>()
  const groups = { custom_fields: makeGrouped<Entry>(), email: makeGrouped<Entry>(), name: makeGrouped<Entry>() }

  const remove = (id: number): void => {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    for (const [by, key] of keysOf(entry)) groups[by].remove(key, entry)
  }

  return {
    remove,
    put: (person) => {
      remove(person.id)
      if (person.is_deleted === true) return
      const entry: Entry = {
        id: person.id,
        name: person.name ?? "",
        emails: (person.emails ?? []).flatMap(({ value }) => value ?? []),
        login: field === undefined ? undefined : loginIn(person, field)
      }
      entries.set(person.id, entry)
      for (const [by, key] of keysOf(entry)) groups[by].add(key, entry)
    },
    found: ({ by, term }) =>
      groups[by]
        .of(comparable(term))
        .map(shown)
        .toSorted((a, b) => a.id - b.id)
  }
}
