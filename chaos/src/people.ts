/** Those whom all this is for: GitHub users who publish, and visitors who ask what is new. They keep their own books. */
import type { Slot, World } from "./World.ts"

/** Enough to be looked at together. */
export const users = ["ann", "anna", "annabel", "bob", "Bobby-Tables", "cy", "dee", "eli", "fay", "gus", "hal", "ivy"]
export const visitors = ["eve", "mallory"]

/** What a visitor was told. */
interface Told {
  readonly user: string
  readonly visitor: string
  readonly visit: number
  readonly files: ReadonlyArray<number>
}

export interface Books {
  /** Whose file it is, by its name: names are never used twice. */
  readonly files: Map<string, string>
  readonly told: Array<Told>
  /** Visits without an answer: recorded or not, nobody knows. */
  unanswered: number
}

export const makeBooks = (): Books => ({ files: new Map(), told: [], unanswered: 0 })

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

/** Looks at what is new, and writes down the answer, if there is one. */
export const visit = async (books: Books, slot: Slot, user: string, visitor: string): Promise<void> => {
  try {
    const address = await slot.server.address
    const answer = await fetch(new URL(`/latestgists/${user}?visitor=${visitor}`, address), {
      method: "POST"
    })
    const files = (await answer.json()) as ReadonlyArray<{ readonly id: number }>
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`)
    books.told.push({
      user,
      visitor,
      visit: Number(answer.headers.get("gitpip-visit")),
      files: files.map(({ id }) => id)
    })
  } catch {
    books.unanswered++
  }
}

/** Tracks everybody, before anything goes wrong. */
export const track = async (world: World, slot: Slot): Promise<void> => {
  for (const [index, user] of users.entries()) {
    world.github.addUser(user)
    const { status } = await world.call(slot, "POST", `/users/${user}/${index + 1}`)
    if (status !== 201 && status !== 200) throw new Error(`Tracking ${user} was answered with ${status}`)
  }
}
