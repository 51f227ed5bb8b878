/** Entries by a key that several may share. In memory. */
export interface Grouped<A> {
  readonly of: (key: string) => ReadonlyArray<A>
  readonly add: (key: string, entry: A) => void
  readonly remove: (key: string, entry: A) => void
}

export const makeGrouped = <A>(): Grouped<A> => {
  const groups = new Map<string, Array<A>>()
  return {
    of: (key) => groups.get(key) ?? [],
    add: (key, entry) => {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [entry])
      else group.push(entry)
    },
    remove: (key, entry) => {
      const group = groups.get(key) ?? []
      group.splice(group.indexOf(entry), 1)
      if (group.length === 0) groups.delete(key)
    }
  }
}
