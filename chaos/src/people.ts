/** GitHub users who publish, and visitors who ask what is new. Their books record what must be true in the end. */
import type { Slot } from "./Slot.ts"
import type { World } from "./World.ts"

/** Enough for a check of many users by one query. */
export const users = ["ann", "anna", "annabel", "bob", "Bobby-Tables", "cy", "dee", "eli", "fay", "gus", "hal", "ivy"]
export const visitors = ["eve", "mallory"]

/** A visit that was answered. */
interface AnsweredVisit {
  readonly user: string
  readonly visitor: string
  readonly visit: number
  readonly files: ReadonlyArray<number>
}

export interface Books {
  /** The owner of each file by the file's name. Names are never used twice. */
  readonly files: Map<string, string>
  readonly visits: Array<AnsweredVisit>
  /** Visits without an answer. Nobody knows whether the server recorded them. */
  unanswered: number
}

export const makeBooks = (): Books => ({ files: new Map(), visits: [], unanswered: 0 })

/** Publishes a gist of one to three files, or adds a file to an old one. */
export const publish = (world: World, books: Books, user = world.random.pick(users)): string => {
  const { github, gists, random } = world
  const own = gists.get(user) ?? []
  gists.set(user, own)
  const name = () => {
    const name = `${user}-${books.files.size}.md`
    books.files.set(name, user)
    return name
  }
  if (own.length > 0 && random.chance(0.2)) {
    const added = name()
    github.addFile(random.pick(own), added, "added")
    return added
  }
  const names = Array.from({ length: random.int(1, 3) }, name)
  own.push(github.addGist(user, { files: Object.fromEntries(names.map((file) => [file, `# ${file}`])) }))
  return names[0] as string
}

/** Asks what is new, and records the answer when there is one. */
export const visit = async (
  books: Books,
  slot: Slot,
  { user, visitor }: { readonly user: string; readonly visitor: string }
): Promise<void> => {
  try {
    const address = await slot.server.address
    const answer = await fetch(new URL(`/latestgists/${user}?visitor=${visitor}`, address), {
      method: "POST"
    })
    const files = (await answer.json()) as ReadonlyArray<{ readonly id: number }>
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`)
    books.visits.push({
      user,
      visitor,
      visit: Number(answer.headers.get("gitpip-visit")),
      files: files.map(({ id }) => id)
    })
  } catch {
    books.unanswered++
  }
}

/** Companies, each of which several users name in words of their own. */
const companies = ["Example", "@Other", "EXAMPLE", "other "] as const

/** Tracks all users, before the first fault. */
export const track = async (world: World, slot: Slot): Promise<void> => {
  for (const [index, user] of users.entries()) {
    world.github.addUser(user)
    world.github.setProfile(user, { company: companies[index % companies.length] ?? null })
    const { status } = await world.call(slot, "POST", `/users/${user}/${index + 1}`)
    if (status !== 201 && status !== 200) throw new Error(`Tracking ${user} was answered with ${status}`)
  }
}
