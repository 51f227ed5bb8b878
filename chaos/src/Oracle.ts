/** Compares what GitHub showed, what Pipedrive holds and what visits returned: each file exactly once in each. */
import { type Books, users, visitors } from "./people.ts"
import type { Slot } from "./Slot.ts"
import type { World } from "./World.ts"

export interface Verdict {
  readonly files: number
  /** Files in no activity and no lead. */
  readonly lost: ReadonlyArray<string>
  /** Files in more than one. */
  readonly doubled: ReadonlyArray<string>
  /** On another user's deal, or of another user's person. */
  readonly misplaced: ReadonlyArray<string>
  /** Titles of deals, and names of persons and organizations, that exist more than once. */
  readonly doubledDeals: ReadonlyArray<string>
  /** What is wrong with visits, in words. */
  readonly visits: ReadonlyArray<string>
  readonly leaks: ReadonlyArray<string>
}

const repeated = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => {
  const seen = new Set<A>()
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))]
}

/** The file of each activity and of each lead, and whose deal or person it is of. */
export const published = (
  pipedrive: Pick<World["pipedrive"], "activities" | "deals" | "leads" | "persons">
): ReadonlyArray<{ readonly file: string; readonly owner: string | undefined }> => {
  // No user of the harness shows a name, so that each deal and each person bears the login.
  const deals = new Map(pipedrive.deals.map(({ id, title }) => [id, title]))
  const persons = new Map(pipedrive.persons.map(({ id, name }) => [id, name]))
  return [
    ...pipedrive.activities.map(({ deal_id, subject }) => ({ file: subject, owner: deals.get(deal_id ?? 0) })),
    ...pipedrive.leads.map(({ person_id, title }) => ({
      file: title.split(" · ")[0] ?? "",
      owner: persons.get(person_id ?? 0)
    }))
  ]
}

/** What Pipedrive holds, against what was published on GitHub. */
export const publications = ({ pipedrive }: World, books: Books) => {
  const all = published(pipedrive)
  const present = new Set(all.map(({ file }) => file))
  return {
    files: books.files.size,
    lost: [...books.files.keys()].filter((file) => !present.has(file)),
    doubled: repeated(all.map(({ file }) => file)),
    misplaced: all.filter(({ file, owner }) => owner !== books.files.get(file)).map(({ file }) => file),
    doubledDeals: [
      ...repeated(pipedrive.deals.map(({ title }) => title)),
      ...repeated(pipedrive.persons.map(({ name }) => `person ${name}`)),
      ...repeated(pipedrive.organizations.map(({ name }) => `organization ${name.toLowerCase()}`))
    ]
  }
}

/** What visits returned, against what the histories hold. Each visitor makes one more visit before. */
export const visits = async (world: World, books: Books, slot: Slot): Promise<ReadonlyArray<string>> => {
  const wrong: Array<string> = []
  const read = async <A>(method: string, path: string): Promise<A> => {
    const { json, status } = await world.call(slot, method, path)
    if (status !== 200) throw new Error(`${method} ${path} was answered with ${status}`)
    return json as A
  }
  const pages = async <A extends { readonly id: number }>(path: string): Promise<ReadonlyArray<A>> => {
    const all: Array<A> = []
    for (;;) {
      const last = all.at(-1)
      const page = await read<ReadonlyArray<A>>(
        "GET",
        `${path}${path.includes("?") ? "&" : "?"}limit=1000${last === undefined ? "" : `&after=${last.id}`}`
      )
      all.push(...page)
      if (page.length < 1000) return all
    }
  }
  for (const user of users) {
    const history = await pages<{ id: number; filename: string }>(`/users/${user}/gists`)
    const published = [...books.files].filter(([, owner]) => owner === user)
    const names = new Set(history.map(({ filename }) => filename))
    for (const [file] of published) if (!names.has(file)) wrong.push(`${file} is not in the history of ${user}`)
    for (const visitor of visitors) {
      await read("POST", `/latestgists/${user}?visitor=${visitor}`)
      const shown: Array<number> = []
      for (const { id } of await pages<{ id: number }>(`/users/${user}/visits?visitor=${visitor}`)) {
        const visit = await read<{ files: ReadonlyArray<{ id: number }> }>("GET", `/users/${user}/visits/${id}`)
        const files = visit.files.map((file) => file.id)
        shown.push(...files)
        const answered = books.visits.find((one) => one.visit === id)
        if (answered !== undefined && answered.files.join() !== files.join()) {
          wrong.push(`visit ${id} of ${visitor} to ${user} answered ${answered.files} and later ${files}`)
        }
      }
      for (const id of repeated(shown)) wrong.push(`${visitor} was shown file ${id} of ${user} twice`)
      const seen = new Set(shown)
      for (const { filename, id } of history) {
        if (!seen.has(id)) wrong.push(`${visitor} was never shown ${filename} of ${user}`)
      }
    }
  }
  return wrong
}

export const isClean = (verdict: Verdict): boolean =>
  verdict.lost.length +
    verdict.doubled.length +
    verdict.misplaced.length +
    verdict.doubledDeals.length +
    verdict.visits.length +
    verdict.leaks.length ===
  0
